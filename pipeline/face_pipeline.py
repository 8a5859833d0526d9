"""A photo's bytes -> its faces, measured and embedded. Puts the stages together; `load_pipeline` opens the networks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from pipeline.decode import PhotoLimits, decode
from pipeline.embedder import MIN_NORM
from pipeline.engine import DEFAULT_BUCKETS, Backend
from pipeline.errors import DegeneratePoints
from pipeline.gates import QualityGates
from pipeline.landmarks import Landmarks, crop_matrix
from pipeline.manifest import load_manifest
from pipeline.open_parts import open_aligner, open_detector, open_embedder
from pipeline.parts import FaceAligner, FaceDetector, FaceEmbedder
from pipeline.quality import eye_distance, light, roll_deg, sharpness, yaw_deg
from pipeline.quarter_turns import turn_box_back, turn_image, turn_points_back
from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX, MIN_SPREAD_PX, align_face, warp
from pipeline.steady_heap import keep_heap_steady
from pipeline.types import Box, Detection, Embedding, Face, PhotoFaces, Quality, Refusal, RefusalCode, Rgb8

TURNED_DEG: Final = 60.0  # a photo whose faces roll further than this was taken or sent sideways
# Expected errors of the points, over the eye distance, from which a face is doubted and at which it is not believed:
# nine in ten true faces of 24 px and more stay under the first, half of the false boxes lie over the second.
DOUBT_ERRORS: Final = (0.08, 0.20)
TURNED_STRENGTH: Final = 0.5  # what a face must reach to be believed in a turned photo only (see `strength`)
TURNED_LEAD: Final = 0.1  # and by how much it must beat the photo as it came, which is nearly always right
KEPT_SHARE: Final = 0.8  # of the scores that a turned photo must keep to be taken for the upright one


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """How the networks are run and what is taken."""

    backend: Backend = "openvino"
    threads: int = 2  # cores one inference uses
    max_bytes: int = PhotoLimits().max_bytes
    max_pixels: int = PhotoLimits().max_pixels
    max_faces: int = 64  # the largest ones; bounds time and memory of one photo
    gates: QualityGates = field(default_factory=QualityGates)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One orientation of a photo and the faces found in it, both in the turned frame."""

    turns: int
    image: Rgb8
    faces: Sequence[tuple[Detection, Landmarks]]

    @property
    def best(self) -> float:
        """The strength of the surest face; 0 without one."""
        return max((strength(found, marks) for found, marks in self.faces), default=0.0)

    @property
    def total(self) -> float:
        return sum(strength(found, marks) for found, marks in self.faces)


def strength(found: Detection, marks: Landmarks) -> float:
    """How sure detector and points together are of an upright face, 0..1: the score, less where the points doubt.

    A face seen lying may get a fair score and yet points on forehead and hair; hands and folds do too.
    """
    return found.score * float(np.interp(marks.error, DOUBT_ERRORS, (1.0, 0.0)))


class FacePipeline:
    """Reads photos. Thread-safe: it holds no state between calls."""

    def __init__(
        self,
        *,
        detector: FaceDetector,
        aligner: FaceAligner,
        embedder: FaceEmbedder,
        config: PipelineConfig | None = None,
    ) -> None:
        self.detector = detector
        self.aligner = aligner
        self.embedder = embedder
        self.config = config or PipelineConfig()
        self._limits = PhotoLimits(max_bytes=self.config.max_bytes, max_pixels=self.config.max_pixels)

    @property
    def embedder_id(self) -> str:
        """SHA-256 of the embedder's file: vectors of two ids never meet."""
        return self.embedder.model

    def read(self, data: bytes) -> PhotoFaces:
        """Find, measure and embed every face of a photo, largest first. Raises BadPhoto."""
        start = time.perf_counter()
        photo = decode(data, limits=self._limits)
        decoded = time.perf_counter()
        found = self.read_image(photo.image)
        return PhotoFaces(
            image=photo.image,
            faces=found.faces,
            scale=photo.scale,
            quarter_turns=found.quarter_turns,
            timing_ms={"decode": (decoded - start) * 1e3} | found.timing_ms,
        )

    def read_image(self, image: Rgb8) -> PhotoFaces:
        """Likewise from pixels (H, W, 3), RGB, upright as far as is known."""
        watch = _Stopwatch()
        look = self._upright(image, self._look(image, watch), watch)
        with watch("align"):
            measured = [self._measure(look.image, found, marks) for found, marks in look.faces]
        with watch("embed"):
            faces = self._embedded(measured)
        return PhotoFaces(
            image=image,
            faces=tuple(_turned_back(face, look.turns, image) for face in faces),
            quarter_turns=look.turns,
            timing_ms=watch.spent_ms,
        )

    def warm_up(self) -> None:
        """Run the shape that group photos need, for which the first of them would wait.

        For processes that stay: memory then has its final size before the first photo.
        """
        picture = np.zeros((CROP_SIDE_PX, CROP_SIDE_PX, 3), np.uint8)
        group = max(DEFAULT_BUCKETS)
        whole = Detection(Box(0.0, 0.0, CROP_SIDE_PX, CROP_SIDE_PX), 1.0, ARCFACE_TEMPLATE)
        self.aligner.find(picture, [whole] * group)
        self.embedder.embed([picture] * group)

    def embed_crops(self, crops: Sequence[Rgb8]) -> list[Embedding | None]:
        """Embed crops (112, 112, 3) straightened onto the template; None where no direction came out."""
        return self.embedder.embed(crops)

    def _look(self, image: Rgb8, watch: _Stopwatch) -> _Look:
        """Look upright; when no face is sure, in the other quarter turns too, and keep the surest."""
        upright = self._look_turned(image, 0, watch)
        if upright.best >= self.detector.thresholds.sure:
            return upright
        turned = [self._look_turned(image, turns, watch) for turns in (1, 2, 3)]
        surest = max(turned, key=lambda look: look.best)
        return surest if surest.best >= max(TURNED_STRENGTH, upright.best + TURNED_LEAD) else upright

    def _look_turned(self, image: Rgb8, turns: int, watch: _Stopwatch) -> _Look:
        seen = turn_image(image, turns)
        with watch("detect"):
            found = sorted(self.detector.detect(seen), key=lambda one: -one.box.area)[: self.config.max_faces]
        with watch("align"):
            landmarks = self.aligner.find(seen, found)
        gates, sure = self.config.gates, self.detector.thresholds.sure
        faces = [
            (one, marks)
            for one, marks in zip(found, landmarks, strict=True)
            if one.score >= sure or marks.error <= gates.max_doubtful_points_error
        ]
        return _Look(turns, seen, faces)

    def _upright(self, image: Rgb8, look: _Look, watch: _Stopwatch) -> _Look:
        """Turn the photo when most of its faces lie on their side, and look again: upright faces are surer.

        So a photo and its quarter turn end in the same frame and give the same answer.
        """
        rolls = [roll_deg(marks.points) for found, marks in look.faces if strength(found, marks) > 0.0]
        turns = [(-round(roll / 90.0)) % 4 if abs(roll) > TURNED_DEG else 0 for roll in rolls]
        most = max(sorted(set(turns)), key=turns.count, default=0)
        if most == 0 or 2 * turns.count(most) <= len(turns):
            return look
        again = self._look_turned(image, (look.turns + most) % 4, watch)
        if again.total < KEPT_SHARE * look.total:
            return look
        return again

    def _measure(self, image: Rgb8, found: Detection, marks: Landmarks) -> Face:
        points = marks.points
        refusal: Refusal | None = None
        try:
            crop = align_face(image, points)
        except DegeneratePoints:
            crop = warp(image, crop_matrix(found.box, side_px=CROP_SIDE_PX), side_px=CROP_SIDE_PX)
            refusal = Refusal(RefusalCode.DEGENERATE, 0.0, MIN_SPREAD_PX)
            points = np.nan_to_num(points, nan=0.0, posinf=0.0, neginf=0.0)
        quality = Quality(
            score=found.score,
            size_px=found.box.smaller_side,
            eye_distance_px=eye_distance(points),
            sharpness=sharpness(crop),
            light=light(crop),
            yaw_deg=yaw_deg(points),
            roll_deg=roll_deg(points),
            points_error=marks.error,
        )
        return Face(
            box=found.box,
            points=points,
            quality=quality,
            crop=crop,
            refusal=refusal or self.config.gates.refuse(quality),
            embedding=None,
        )

    def _embedded(self, faces: Sequence[Face]) -> list[Face]:
        """Embed the faces that are not refused, in one batch."""
        embeddings = iter(self.embedder.embed([face.crop for face in faces if face.refusal is None]))
        return [face if face.refusal is not None else _with(face, next(embeddings)) for face in faces]


class _Stopwatch:
    """Adds up milliseconds by stage; a stage may run several times, within one photo and one thread."""

    def __init__(self) -> None:
        self.spent_ms = dict.fromkeys(("detect", "align", "embed"), 0.0)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.spent_ms[stage] += (time.perf_counter() - start) * 1e3


def load_pipeline(weights_dir: Path, config: PipelineConfig | None = None) -> FacePipeline:
    """Open the networks of weights_dir/manifest.toml, of whichever kinds. Raises ManifestError, EngineFailed."""
    keep_heap_steady()
    config = config or PipelineConfig()
    manifest = load_manifest(weights_dir)
    backend, threads = config.backend, config.threads
    with ThreadPoolExecutor(max_workers=3) as pool:  # compiling is most of the time to the first answer
        detector = pool.submit(open_detector, manifest.detector, manifest.thresholds, backend=backend, threads=threads)
        aligner = pool.submit(open_aligner, manifest.aligner, backend=backend, threads=threads)
        embedder = pool.submit(open_embedder, manifest.embedder, backend=backend, threads=threads)
        return FacePipeline(
            detector=detector.result(), aligner=aligner.result(), embedder=embedder.result(), config=config
        )


def _with(face: Face, embedding: Embedding | None) -> Face:
    refusal = None if embedding is not None else Refusal(RefusalCode.DEGENERATE, 0.0, MIN_NORM)
    return replace(face, embedding=embedding, refusal=refusal)


def _turned_back(face: Face, turns: int, image: Rgb8) -> Face:
    """Carry a face found in the turned photo into the frame of `image`; its roll with it."""
    if turns == 0:
        return face
    height, width = image.shape[:2]
    points = turn_points_back(face.points, turns, width=width, height=height)
    return replace(
        face,
        box=turn_box_back(face.box, turns, width=width, height=height),
        points=points,
        quality=replace(face.quality, roll_deg=roll_deg(points)),
    )
