"""A data pack in miniature: drawn pictures in the pack's layout, and networks that answer by rule.

Every person is a colour; a picture is a flat field of it with a little noise, so that the scripted embedder (the mean
colour) knows people apart. WebP inside, names in .jpg, as in the real pack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from pipeline.landmarks import Landmarks
from pipeline.similarity import ARCFACE_TEMPLATE, align_face
from pipeline.types import Box, Detection, Embedding, Face, PhotoFaces, Points5, Quality, Rgb8

MODEL: Final = "c" * 64
PEOPLE: Final = 12
SIDE_PX: Final = 144
DARK: Final = 90  # mean of a picture in which the scripted product finds nobody
POINTS: Final[Points5] = ARCFACE_TEMPLATE + 16


def write_pack(root: Path, *, seed: int = 0) -> Path:
    """Write celeba (val aligned and small, train), wild, landmarks and scenes below `root`."""
    rng = np.random.default_rng(seed)
    colors = rng.integers(30, 225, size=(4 * PEOPLE, 3))
    _write_celeba(root / "celeba", colors, rng)
    _write_wild(root / "wild", colors[3 * PEOPLE :], rng)
    _write_landmarks(root / "landmarks", rng)
    _write_scenes(root / "scenes", rng)
    return root


def _write_celeba(
    folder: Path, colors: np.ndarray[tuple[int, int], np.dtype[np.int64]], rng: np.random.Generator
) -> None:
    rows, points, number = [], [], 0
    for split, source, first in (("val", "aligned", 0), ("val", "small", PEOPLE), ("train", "half", 2 * PEOPLE)):
        for person in range(first, first + PEOPLE):
            for _ in range(4 if person % 5 else 1):  # every fifth person has one picture
                number += 1
                name = f"{number:06d}.jpg"
                _save(folder / "img_align_celeba" / name, _field(colors[person], rng))
                rows.append(f"{name},{person + 1},{split},{source},{SIDE_PX},{SIDE_PX},35.0,0.9")
                points.append(f"{name} " + " ".join(f"{value:.1f}" for value in POINTS.ravel()))
    (folder / "pictures.csv").write_text(
        "file,person,split,source,width,height,eye_distance,detector_score\n" + "\n".join(rows) + "\n", "utf-8"
    )
    names = "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
    (folder / "list_landmarks_align_celeba.txt").write_text(
        f"{len(points)}\n{names}\n" + "\n".join(points) + "\n", "utf-8"
    )
    (folder / "names_inferred.csv").write_text("person,name,cosine\n1,Person 0,0.7\n", "utf-8")


def _write_wild(
    folder: Path, colors: np.ndarray[tuple[int, int], np.dtype[np.int64]], rng: np.random.Generator
) -> None:
    rows = []
    flat = ",".join(f"{value:.1f}" for value in POINTS.ravel())
    for person in range(PEOPLE):
        for k in range(4):
            name = f"person {person}__{k}.jpg"
            _save(folder / "images" / name, _field(colors[person], rng))
            rows.append(f"{name},person {person},val,pins,35.0,0.9,{flat}")
    header = "file,person,split,source,eye_distance,detector_score," + ",".join(f"x{k},y{k}" for k in range(5))
    (folder / "people.csv").write_text(header + "\n" + "\n".join(rows) + "\n", "utf-8")


def _write_landmarks(folder: Path, rng: np.random.Generator) -> None:
    rows = []
    flat = ",".join(f"{value:.2f}" for value in POINTS.ravel())
    for name in ("helen_afw", "mtfl", "ytf68"):
        for k in range(4):
            _save(folder / name / f"{k}.webp", _field(np.array([120, 100, 90]), rng))
            rows.append(f"{name},{'train' if k == 0 else 'val'},{k}.webp,30,30,114,130,{flat}")
    header = "set,split,file,box_x0,box_y0,box_x1,box_y1," + ",".join(f"x{k},y{k}" for k in range(5))
    (folder / "points5.csv").write_text(header + "\n" + "\n".join(rows) + "\n", "utf-8")


def _write_scenes(folder: Path, rng: np.random.Generator) -> None:
    for source in ("wider", "celeba", "portrait", "mask", "empty"):
        for k in range(3):
            _save(folder / "images" / "val" / f"{source}_{k}.webp", _field(np.array([90, 90, 90]), rng))
            labels = folder / "labels" / "val" / f"{source}_{k}.txt"
            labels.parent.mkdir(parents=True, exist_ok=True)
            # A face of 72 x 96 px in the middle, and one of 12 x 12 in the corner.
            labels.write_text(
                "" if source == "empty" else "0 0.5 0.5 0.5 0.66667\n0 0.06 0.06 0.083333 0.083333\n", "utf-8"
            )


def _field(color: np.ndarray[tuple[int, ...], np.dtype[np.int64]], rng: np.random.Generator) -> Rgb8:
    noisy = color[None, None, :] + rng.normal(0, 6, size=(1, 1, 3)) + np.zeros((SIDE_PX, SIDE_PX, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _save(path: Path, image: Rgb8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _, data = cv2.imencode(".webp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, 95])
    path.write_bytes(data.tobytes())


class ColorEmbedder:
    """The mean colour, centred and scaled to length one."""

    model = MODEL

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, crops: Sequence[Rgb8], *, tight: Sequence[bool] | None = None) -> list[Embedding | None]:
        self.calls += 1
        vectors = [crop.reshape(-1, 3).mean(axis=0).astype(np.float32) - 127 for crop in crops]
        return [Embedding(vector=(v / np.linalg.norm(v)).astype(np.float32), model=MODEL) for v in vectors]


@dataclass(frozen=True)
class Threshold:
    """pipeline.manifest.DetectorThresholds, as far as the evaluation reads it."""

    score: float
    sure: float = 0.6


class MiddleDetector:
    """One sure box in the middle of every picture, and a doubtful one in its corner."""

    thresholds = Threshold(score=0.4)

    def detect(self, image: Rgb8, *, threshold: float | None = None) -> list[Detection]:
        height, width = image.shape[:2]
        boxes = [
            Detection(Box(width * 0.25, height * 0.16667, width * 0.75, height * 0.83333), 0.9),
            Detection(Box(0.0, 0.0, width * 0.3, height * 0.3), 0.2),
        ]
        least = self.thresholds.score if threshold is None else threshold
        return [box for box in boxes if box.score >= least]


class TemplateAligner:
    """The template's points wherever the box lies, one pixel too far to the right."""

    def find(self, image: Rgb8, faces: Sequence[Detection]) -> list[Landmarks]:
        return [Landmarks(points=POINTS + np.array([1, 0], np.float32), error=0.03) for _ in faces]


class ScriptedNetworks:
    """What load_pipeline gives, by rule."""

    def __init__(self) -> None:
        self.detector = MiddleDetector()
        self.aligner = TemplateAligner()
        self.embedder = ColorEmbedder()
        self.embedder_id = MODEL

    def read_image(self, image: Rgb8) -> PhotoFaces:
        return PhotoFaces(image=image, faces=())

    def read(self, data: bytes) -> PhotoFaces:
        """One face on the template; none on a picture that is mostly dark, so that some faces are missed."""
        image = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        if image.mean() < DARK:
            return PhotoFaces(image=np.asarray(image, np.uint8), faces=())
        crop = align_face(np.asarray(image, np.uint8), POINTS)
        quality = Quality(
            score=0.9,
            size_px=96,
            eye_distance_px=35,
            sharpness=100,
            light=120,
            yaw_deg=0,
            roll_deg=0,
            points_error=0.03,
        )
        face = Face(
            box=Box(36, 24, 108, 120),
            points=POINTS,
            quality=quality,
            crop=crop,
            refusal=None,
            embedding=self.embedder.embed([crop])[0],
        )
        return PhotoFaces(image=np.asarray(image, np.uint8), faces=(face,))
