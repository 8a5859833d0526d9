"""Faces without a visible mouth: val and held-out faces cut by the photo's edge or drawn over. Pixels and points only.

The shapes are the test's alone: training (`training.data.coverings`) draws others, so that what is measured is not
what was learnt by heart. A picture's covering follows from its file's name.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.pack import FacePicture, PointsPicture, read_picture
from pipeline.types import Points5, Rgb8

CUT_SHARES: Final = (0.2, 0.3, 0.4, 0.5)  # of the head's height, lost from below
# Eyes to mouth is one: the head reaches from this far over the eyes to this far under the mouth, as detectors box it.
OVER_EYES: Final = 1.05
UNDER_MOUTH: Final = 0.75
MIN_EYES_PX: Final = 24.0  # in the picture as stored: smaller faces are refused for that alone
COLOURS: Final = ((96, 150, 200), (40, 40, 46), (236, 236, 230), (160, 40, 50), (70, 110, 70), (200, 170, 60))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoveredFace:
    """A whole face and how to spoil it: `kind` is "whole", "cut 0.3", "mask", "scarf" or "cup"."""

    file: Path
    points: Points5  # pixels of the stored picture
    kind: str

    def read(self) -> Rgb8:
        """Decode the picture and cut or cover its face. Raises DataMissing."""
        image = read_picture(self.file)
        if self.kind == "whole":
            return image
        if self.kind.startswith("cut "):
            return cut_from_below(image, self.points, share=float(self.kind.removeprefix("cut ")))
        return DRAWN[self.kind](image, self.points, np.random.default_rng(zlib.crc32(self.file.name.encode())))


def covered_faces(faces: Sequence[PointsPicture | FacePicture]) -> list[CoveredFace]:
    """Each face whole, and once more cut or covered in one of the ways, the ways in turn."""
    ways = [*(f"cut {share:g}" for share in CUT_SHARES), *DRAWN]
    made = [CoveredFace(file=face.file, points=face.points, kind="whole") for face in faces]
    return made + [
        CoveredFace(file=face.file, points=face.points, kind=ways[k % len(ways)]) for k, face in enumerate(faces)
    ]


def evenly(faces: Sequence[PointsPicture | FacePicture], count: int) -> Iterator[PointsPicture | FacePicture]:
    """Take at most `count` of the faces that are large enough and upright, evenly over the list."""
    large = [face for face in faces if _large_and_upright(face.points)]
    for k in np.unique(np.linspace(0, max(len(large) - 1, 0), min(count, len(large))).round().astype(int)):
        yield large[int(k)]


def cut_from_below(image: Rgb8, points: Points5, *, share: float) -> Rgb8:
    """End the picture above the lower `share` of the head: its eyes stay, its mouth mostly goes."""
    eyes, mouth = float(points[:2, 1].mean()), float(points[3:, 1].mean())
    size = mouth - eyes
    top, bottom = eyes - OVER_EYES * size, mouth + UNDER_MOUTH * size
    end = int(np.clip(bottom - share * (bottom - top), 2, len(image)))
    return np.ascontiguousarray(image[:end])


def pleated_mask(image: Rgb8, points: Points5, rng: np.random.Generator) -> Rgb8:
    """A surgical mask: rounded above and below, three pleats, two loops to the ears."""
    face = _Axes(points)
    across = np.linspace(-1, 1, 21)
    wide = rng.uniform(0.85, 1.0)
    upper = np.column_stack([across * wide, 0.42 + 0.12 * across**2 + rng.normal(0, 0.03)])
    lower = np.column_stack([across[::-1] * 0.85 * wide, 1.75 - 0.55 * across[::-1] ** 2])
    image = image.copy()
    colour = _colour(rng)
    for side in (-1, 1):
        loop = np.array([(side * wide, 0.5), (side * 1.35, 0.35), (side * 1.35, 0.7), (side * 0.85 * wide, 1.2)])
        cv2.polylines(image, [face.at(loop)], False, colour, max(1, round(0.03 * face.size)), cv2.LINE_AA)
    cv2.fillPoly(image, [face.at(np.concatenate([upper, lower]))], colour, cv2.LINE_AA)
    darker = tuple(int(0.8 * value) for value in colour)
    for height in (0.75, 0.98, 1.2):
        pleat = face.at(np.column_stack([across * 0.85 * wide, height + 0.04 * across**2]))
        cv2.polylines(image, [pleat], False, darker, max(1, round(0.04 * face.size)), cv2.LINE_AA)
    return image


def bandana(image: Rgb8, points: Points5, rng: np.random.Generator) -> Rgb8:
    """A chequered triangle from below the eyes, its tip on the chest."""
    face = _Axes(points)
    height, width = image.shape[:2]
    shape = np.zeros((height, width), np.uint8)
    top = rng.uniform(0.35, 0.6)
    cv2.fillPoly(shape, [face.at(np.array([(-1.15, top - 0.1), (1.15, top - 0.1), (0.0, 3.2)]))], 255, cv2.LINE_AA)
    ys, xs = np.mgrid[:height, :width]
    cell = max(2, round(0.18 * face.size))
    squares = ((xs // cell + ys // cell) % 2).astype(bool)[..., None]
    pattern = np.where(squares, _colour(rng), _colour(rng)).astype(np.uint8)
    return np.asarray(np.where(shape[..., None] > 127, pattern, image), np.uint8)


def paper_cup(image: Rgb8, points: Points5, rng: np.random.Generator) -> Rgb8:
    """A tapered cup with a lid, held up to the mouth, as wide as the face below the nose."""
    face = _Axes(points)
    image = image.copy()
    lean = rng.uniform(-0.15, 0.15)
    wide, top = rng.uniform(0.55, 0.8), rng.uniform(0.5, 0.7)
    colour = _colour(rng)
    body = np.array([(-wide, top + 0.15), (wide, top + 0.15), (0.7 * wide + lean, 2.4), (-0.7 * wide + lean, 2.4)])
    cv2.fillPoly(image, [face.at(body)], colour, cv2.LINE_AA)
    lid = np.array([(-1.05 * wide, top), (1.05 * wide, top), (1.1 * wide, top + 0.2), (-1.1 * wide, top + 0.2)])
    cv2.fillPoly(image, [face.at(lid)], tuple(int(0.5 * value) for value in colour), cv2.LINE_AA)
    return image


DRAWN: Final[dict[str, Callable[[Rgb8, Points5, np.random.Generator], Rgb8]]] = {
    "mask": pleated_mask,
    "scarf": bandana,
    "cup": paper_cup,
}


class _Axes:
    """Places in the face's own frame: `at(x, y)` is x eye distances right and y ways to the mouth below the eyes."""

    def __init__(self, points: Points5) -> None:
        self.eyes = points[:2].mean(axis=0).astype(np.float64)
        self.down = points[3:].mean(axis=0) - self.eyes
        size = max(float(np.linalg.norm(points[1] - points[0])), float(np.linalg.norm(self.down)))
        across = np.array([self.down[1], -self.down[0]])
        self.right = across / max(float(np.linalg.norm(across)), 1e-6) * size
        self.size = size

    def at(self, places: NDArray[np.float64]) -> NDArray[np.int32]:
        placed = self.eyes + places[:, :1] * self.right + places[:, 1:] * self.down
        return np.asarray(np.round(placed), np.int32)


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = COLOURS[int(rng.integers(len(COLOURS)))]
    return red, green, blue


def _large_and_upright(points: Points5) -> bool:
    dx, dy = points[1] - points[0]
    return float(np.hypot(dx, dy)) >= MIN_EYES_PX and abs(float(dy)) <= 0.5 * float(dx)
