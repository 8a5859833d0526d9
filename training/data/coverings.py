"""What hides the lower half of a face: the photo's edge, and a mask, a scarf, a cup or a hand drawn before it.

The shapes are training's alone: what tests the aligner (`evaluation.datasets.covered`) draws others. Pixels and points
only; everything random comes from the generator handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.types import Box, Points5, Rgb8

FineShare = tuple[float, float]
# Which edge of the detector's box the photo ends in, how often, and how much of the box is lost.
CUTS: Final[tuple[tuple[str, float, FineShare], ...]] = (
    ("below", 0.70, (0.10, 0.55)),
    ("left", 0.10, (0.10, 0.40)),
    ("right", 0.10, (0.10, 0.40)),
    ("above", 0.10, (0.10, 0.30)),
)


class Cut(NamedTuple):
    """The photo ends in one edge of a face's box and takes `share` of it away."""

    edge: str
    share: float

    def of(self, box: Box) -> Box:
        """What is left of the box."""
        width, height = self.share * box.width, self.share * box.height
        return Box(
            box.x0 + width * (self.edge == "left"),
            box.y0 + height * (self.edge == "above"),
            box.x1 - width * (self.edge == "right"),
            box.y1 - height * (self.edge == "below"),
        )

    def end(self, image: Rgb8, box: Box) -> Rgb8:
        """Black beyond the edge: what the crop of a photo that ends there shows. The frame stays."""
        left = self.of(box)
        image = image.copy()
        height, width = image.shape[:2]
        match self.edge:
            case "below":
                image[int(np.clip(left.y1, 0, height)) :] = 0
            case "above":
                image[: int(np.clip(left.y0, 0, height))] = 0
            case "left":
                image[:, : int(np.clip(left.x0, 0, width))] = 0
            case _:
                image[:, int(np.clip(left.x1, 0, width)) :] = 0
        return image


def sample_cut(rng: np.random.Generator) -> Cut:
    """Draw an edge and how much is lost."""
    edge, _, (least, most) = CUTS[int(rng.choice(len(CUTS), p=[chance for _, chance, _ in CUTS]))]
    return Cut(edge, float(rng.uniform(least, most)))


def cover(crop: Rgb8, points: Points5, *, rng: np.random.Generator) -> Rgb8:
    """Draw one thing before the lower half of the face whose points (5, 2) lie in the crop."""
    frame = _Frame(points)
    kinds: tuple[Callable[[Rgb8, _Frame, np.random.Generator], NDArray[np.uint8]], ...] = (_mask, _scarf, _cup, _hand)
    shape = kinds[int(rng.integers(len(kinds)))](crop, frame, rng)
    soft = cv2.GaussianBlur(shape, (3, 3), 0).astype(np.float32)[..., None] / 255
    filled = _texture(crop.shape[0], rng)
    return np.asarray(np.clip(crop * (1 - soft) + filled * soft, 0, 255), np.uint8)


class _Frame:
    """The face's own axes: `at(x, y)` is x eye distances right and y down from the middle of nose tip and mouth."""

    def __init__(self, points: Points5) -> None:
        eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
        down = mouth - eyes
        across = points[1] - points[0]
        size = max(float(np.linalg.norm(across)), float(np.linalg.norm(down)), 1.0)
        axis = across + np.array([down[1], -down[0]])
        length = float(np.linalg.norm(axis))
        self.right = axis / length * size if length > 0 else np.array([size, 0.0])
        self.down = np.array([-self.right[1], self.right[0]])
        self.middle = (points[2] + mouth) / 2
        self.size = size

    def at(self, places: NDArray[np.float64]) -> NDArray[np.int32]:
        placed = self.middle + places[:, :1] * self.right + places[:, 1:] * self.down
        return np.asarray(np.round(placed), np.int32)


def _blank(crop: Rgb8) -> NDArray[np.uint8]:
    return np.zeros(crop.shape[:2], np.uint8)


def _mask(crop: Rgb8, frame: _Frame, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A hexagon from the bridge of the nose to below the chin."""
    top, wide, low = rng.uniform(-0.75, -0.2), rng.uniform(0.75, 1.2), rng.uniform(0.7, 1.3)
    corners = [(0, top), (wide, top + 0.25), (0.8 * wide, 0.6 * low), (0, low), (-0.8 * wide, 0.6 * low)]
    corners.append((-wide, top + 0.25))
    shape = _blank(crop)
    cv2.fillPoly(shape, [frame.at(np.array(corners) + rng.normal(0, 0.05, (6, 2)))], 255, cv2.LINE_AA)
    return shape


def _scarf(crop: Rgb8, frame: _Frame, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A band across the whole crop whose upper edge waves, and all below it."""
    xs = np.linspace(-4, 4, 17)
    top = (
        rng.uniform(-0.55, 0.25)
        + 0.12 * np.sin(xs * rng.uniform(0.5, 3) + rng.uniform(0, 6))
        + rng.normal(0, 0.2) * xs / 4
    )
    shape = _blank(crop)
    outline = np.concatenate([np.column_stack([xs, top]), [(4, 6), (-4, 6)]])
    cv2.fillPoly(shape, [frame.at(outline)], 255, cv2.LINE_AA)
    return shape


def _cup(crop: Rgb8, frame: _Frame, rng: np.random.Generator) -> NDArray[np.uint8]:
    """An ellipse over the mouth, perhaps with a handle."""
    shape = _blank(crop)
    (place,) = frame.at(np.array([[rng.normal(0, 0.2), rng.uniform(0.1, 0.6)]]))
    radii = np.maximum(frame.size * np.array([rng.uniform(0.35, 0.8), rng.uniform(0.4, 0.9)]), 2)
    angle = float(np.degrees(np.arctan2(frame.right[1], frame.right[0]))) + float(rng.normal(0, 20))
    cv2.ellipse(shape, place.tolist(), np.round(radii).astype(int).tolist(), angle, 0, 360, 255, -1, cv2.LINE_AA)
    if rng.random() < 0.5:
        side = np.sign(rng.normal()) * 0.7
        (handle,) = frame.at(np.array([[side, 0.4]]))
        cv2.circle(shape, handle.tolist(), max(2, round(0.3 * frame.size)), 255, max(1, round(0.1 * frame.size)))
    return shape


def _hand(crop: Rgb8, frame: _Frame, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Two to five fingers side by side, from one side or from below, with a palm where they end."""
    shape = _blank(crop)
    angle = rng.uniform(0, np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    middle = np.array([rng.normal(0, 0.2), rng.uniform(0.0, 0.6)])
    thick = rng.uniform(0.2, 0.32)
    fingers = int(rng.integers(2, 6))
    for finger in range(fingers):
        tip = middle + across * thick * 1.05 * (finger - (fingers - 1) / 2) - along * rng.uniform(0.2, 0.5)
        start, end = frame.at(np.stack([tip, tip + along * 1.6]))
        cv2.line(shape, start.tolist(), end.tolist(), 255, max(2, round(thick * frame.size)), cv2.LINE_AA)
    (palm,) = frame.at((middle + along * 1.3)[None])
    cv2.circle(shape, palm.tolist(), max(2, round(thick * fingers * 0.6 * frame.size)), 255, -1, cv2.LINE_AA)
    return shape


def _texture(side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(side, side, 3), 0..255: one colour, stripes, spots or skin, with a slope of light over it."""
    colour = rng.uniform(0, 255, 3)
    draw = rng.random()
    if draw < 0.25:  # skin
        colour = np.array([225, 180, 150]) * rng.uniform(0.35, 1.1) + rng.normal(0, 8, 3)
    filled = np.broadcast_to(colour, (side, side, 3)).astype(np.float32)
    ys, xs = np.mgrid[:side, :side].astype(np.float32)
    turn = rng.uniform(0, np.pi)
    if 0.25 <= draw < 0.45:
        wave = np.sin((xs * np.cos(turn) + ys * np.sin(turn)) * rng.uniform(0.3, 1.6))
        filled = filled + (wave[..., None] > 0) * rng.normal(0, 60, 3).astype(np.float32)
    elif 0.45 <= draw < 0.65:
        cells = rng.normal(0, 40, (8, 8, 3)).astype(np.float32)
        filled = filled + cv2.resize(cells, (side, side), interpolation=cv2.INTER_CUBIC)
    slope = (xs * np.cos(turn) + ys * np.sin(turn)) / side * rng.normal(0, 40)
    return np.asarray(filled + slope[..., None] + rng.normal(0, 3, filled.shape), np.float32)
