"""A photo's bytes -> its faces, measured and embedded. Puts the stages together; `load_pipeline` opens the networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from pipeline.compiled_cache import CompiledCache
from pipeline.decode import PhotoLimits, decode
from pipeline.embedder import MIN_NORM
from pipeline.engine import DEFAULT_BUCKETS, Backend
from pipeline.errors import DegeneratePoints
from pipeline.false_faces import is_surface, without_doubles
from pipeline.gates import QualityGates
from pipeline.landmarks import Landmarks, crop_matrix
from pipeline.manifest import load_manifest
from pipeline.open_parts import open_aligner, open_detector, open_embedder
from pipeline.opening import OpeningAligner, OpeningDetector, OpeningEmbedder
from pipeline.orientation import View, choose_view
from pipeline.parts import FaceAligner, FaceDetector, FaceEmbedder
from pipeline.quality import eye_distance, light, roll_deg, sharpness, shown_cells, yaw_deg
from pipeline.quarter_turns import turn_box_back, turn_image, turn_points_back
from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX, MIN_SPREAD_PX, align_face, warp
from pipeline.steady_heap import keep_few_kernels, keep_heap_steady, release_free_heap
from pipeline.stretched_edges import is_tight
from pipeline.types import (
    Box,
    DecodedPhoto,
    Detection,
    Embedding,
    Face,
    PhotoFaces,
    Quality,
    Refusal,
    RefusalCode,
    Rgb8,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """How the networks are run and what is taken."""

    backend: Backend = "openvino"
    threads: int = 2  # cores one inference uses
    max_bytes: int = PhotoLimits().max_bytes
    max_pixels: int = PhotoLimits().max_pixels
    max_faces: int = 64  # the largest ones; bounds time and memory of one photo (see PhotoFaces.left_out)
    gates: QualityGates = field(default_factory=QualityGates)
    int8_embedder: bool = True  # where it pays; False for vectors that are kept, which any CPU may be asked to compare
    lean: bool = False  # for processes that stay: 100 MB and more less, for a slower start and slower changes of shape


class _How(TypedDict):
    """How all networks are opened alike."""

    backend: Backend
    threads: int
    cache: CompiledCache | None


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

    def read(self, photo: bytes | DecodedPhoto, *, frame: bool = False) -> PhotoFaces:
        """Find, measure and embed every face of a photo, largest first. Raises BadPhoto.

        frame: it is one of a live camera's, in which the large faces count: they are looked for on the small canvas,
        for less than half of the time, and everything is looked at where none of them is sure.
        """
        start = time.perf_counter()
        if not isinstance(photo, DecodedPhoto):
            photo = decode(photo, limits=self._limits)
        decoded_ms = photo.taken_ms or (time.perf_counter() - start) * 1e3
        found = self._read_frame(photo.image) if frame else self.read_image(photo.image)
        if self.config.lean and not frame:
            release_free_heap()
        return replace(found, scale=photo.scale, timing_ms={"decode": decoded_ms} | found.timing_ms)

    def read_image(self, image: Rgb8) -> PhotoFaces:
        """Likewise from pixels (H, W, 3), RGB, upright as far as is known."""
        watch = _Stopwatch()
        view = choose_view(
            lambda turns: self._view(image, turns, watch),
            lambda turns: self._glance(image, turns, watch),
            sure=self.detector.thresholds.sure,
        )
        return self._read_view(image, view, watch)

    def _read_frame(self, image: Rgb8) -> PhotoFaces:
        watch = _Stopwatch()
        view = self._view(image, 0, watch, detect=self.detector.glance)
        if view.best < self.detector.thresholds.sure:
            return self.read_image(image)
        return self._read_view(image, view, watch)

    def _read_view(self, image: Rgb8, view: View, watch: _Stopwatch) -> PhotoFaces:
        """Measure and embed the faces of one view of `image`, and carry them back into it."""
        with watch("align"):
            measured = [self._measure(view.image, found, marks) for found, marks in view.faces]
        with watch("embed"):
            faces = self._embedded(view.image, measured)
        return PhotoFaces(
            image=image,
            faces=tuple(_turned_back(face, view.turns, image) for face in faces),
            left_out=view.left_out,
            quarter_turns=view.turns,
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
        release_free_heap()

    def _view(
        self, image: Rgb8, turns: int, watch: _Stopwatch, *, detect: Callable[[Rgb8], list[Detection]] | None = None
    ) -> View:
        """Find the faces of the photo turned clockwise by `turns` quarters, the largest `max_faces` of them.

        detect: in the place of the detector's full look.
        """
        turned = turn_image(image, turns)
        sure = self.detector.thresholds.sure
        with watch("detect"):
            detected = [
                found for found in (detect or self.detector.detect)(turned) if not is_surface(turned, found.box)
            ]
            detected.sort(key=lambda found: -found.box.area)
        largest, smaller = detected[: self.config.max_faces], detected[self.config.max_faces :]
        with watch("align"):
            landmarks = self.aligner.find(turned, largest)
        faces = [
            (found, marks)
            for found, marks in zip(largest, landmarks, strict=True)
            if found.score >= sure or marks.error <= self.config.gates.max_doubtful_points_error
        ]
        return View(turns, turned, without_doubles(faces), left_out=sum(found.score >= sure for found in smaller))

    def _glance(self, image: Rgb8, turns: int, watch: _Stopwatch) -> float:
        """The score of the surest face in the photo turned clockwise by `turns` quarters and made small; 0 without."""
        with watch("detect"):
            turned = turn_image(image, turns)
            found = self.detector.glance(turned)
            return next((one.score for one in found if not is_surface(turned, one.box)), 0.0)

    def _measure(self, image: Rgb8, found: Detection, marks: Landmarks) -> Face:
        points = marks.points
        refusal: Refusal | None = None
        shown = None
        try:
            crop = align_face(image, points)
            shown = shown_cells(points, width=image.shape[1], height=image.shape[0])
        except DegeneratePoints:
            crop = warp(image, crop_matrix(found.box, side_px=CROP_SIDE_PX), side_px=CROP_SIDE_PX)
            refusal = Refusal(RefusalCode.DEGENERATE, 0.0, MIN_SPREAD_PX)
            points = np.nan_to_num(points, nan=0.0, posinf=0.0, neginf=0.0)
        quality = Quality(
            score=found.score,
            size_px=found.box.smaller_side,
            eye_distance_px=eye_distance(points),
            sharpness=sharpness(crop, shown=shown),
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

    def _embedded(self, image: Rgb8, faces: Sequence[Face]) -> list[Face]:
        """Embed the faces that are not refused, in one batch."""
        height, width = image.shape[:2]
        usable = [face for face in faces if face.refusal is None]
        tight = [is_tight(face.points, width=width, height=height) for face in usable]
        embeddings = iter(self.embedder.embed([face.crop for face in usable], tight=tight))
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


def load_pipeline(
    weights_dir: Path,
    config: PipelineConfig | None = None,
    *,
    cache: CompiledCache | None = None,
    wait: bool = True,
) -> FacePipeline:
    """Open the networks of weights_dir/manifest.toml, of whichever kinds.

    cache: where compiled networks are kept for the next start; without it nothing is written. wait: for all of them;
    else the first photo waits for each when it needs it, and is told of one that can't be opened.
    Raises ManifestError, EngineFailed.
    """
    config = config or PipelineConfig()
    if config.lean:
        keep_heap_steady()
        keep_few_kernels()
    manifest = load_manifest(weights_dir)
    embeds = manifest.embedder if config.int8_embedder else replace(manifest.embedder, int8=None)
    how: _How = {"backend": config.backend, "threads": config.threads, "cache": cache}
    pool = ThreadPoolExecutor(3, "networks")  # compiling is most of the time to the first answer
    detector = pool.submit(open_detector, manifest.detector, manifest.thresholds, lean=config.lean, **how)
    embedder = pool.submit(open_embedder, embeds, **how)
    aligner = pool.submit(open_aligner, manifest.aligner, **how)
    pool.shutdown(wait=wait)
    if wait:
        return FacePipeline(
            detector=detector.result(), aligner=aligner.result(), embedder=embedder.result(), config=config
        )
    return FacePipeline(
        detector=OpeningDetector(detector, manifest.thresholds),
        aligner=OpeningAligner(aligner),
        embedder=OpeningEmbedder(embedder, embeds.sha256),
        config=config,
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
