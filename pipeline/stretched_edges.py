"""Mask border replication in an aligned face: the part of the crop that was never photographed becomes black.

Tools that align a tight photo may fill what lies beyond its edges by repeating its last pixels: CelebA's own alignment
does, and many collections of faces. The stripes tell nothing of the person and strangers share them, while the networks
learned on black there. On our web pictures EdgeFace-XS as published finds 0.67 of the pairs of one person at a
false-match rate of 0.001 with the stripes and 0.84 without.

Beyond an edge every pixel repeats the edge's: along the edge's normal nothing changes, while along the edge the picture
changes as the edge does. A side is cut where both hold, from the border inwards; a plain wall, which changes in no
direction, stays. The four sides share one angle, that by which the photo was turned.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX, estimate_similarity
from pipeline.types import FloatArray, Points5, Rgb8

COARSE_DEG: Final = tuple(range(-44, 45, 4))
FINE_DEG: Final = (-2, -1, 0, 1, 2)  # around the best of those
# Each line of pixels parallel to a side is evidence for replication (+) or against it (-), by its mean change per pixel
# along the normal: for it below STILL_LEVELS + STILL_RATIO * (its change along the edge).
STILL_LEVELS: Final = 0.25  # grey levels a pixel: what storing a picture as JPEG leaves
STILL_RATIO: Final = 0.35
# The band of lines is cut only where all of these hold for it as a whole:
PROOF_LEVELS: Final = 0.8  # least change along the edge, grey levels a pixel; a plain wall has less
PROOF_RATIO: Final = 0.3  # largest change along the normal, over the change along the edge
LEAST_PX: Final = 3  # least width
# Least area of all four bands together, over that of the crop: smaller ones are shadows more often than edges.
LEAST_RATIO: Final = 0.15
# At the best coarse angle; under it the fine angles are not tried. Pictures that are cut have 0.127 and more there.
HOPELESS_RATIO: Final = 0.08
# Never cut: from brows to lip, so far to the left, top, right and bottom of the middle, over the crop's side.
FACE_REACH: Final = (0.24, 0.22, 0.24, 0.30)
# Side of the crop, in the photo, over the photo's smaller side, from which edges are looked for, at 2 ms a face. In the
# train pictures that are cut it is 0.64 and more.
TIGHT_RATIO: Final = 0.5
BLUR_PX: Final = 1.0  # standard deviation: of stripes finer than that differences of neighbours tell no direction
STEP: Final = 2  # every second pixel of every second row is looked at
ANGLES_AT_ONCE: Final = 6  # small arrays stay in the cache: a fifth less time than with all in one


def is_tight(points: Points5, *, width: int, height: int) -> bool:
    """Tell whether a face with these points fills its photo, as in the collections whose edges are stretched.

    Raises DegeneratePoints when the points have no spread.
    """
    matrix = estimate_similarity(points, ARCFACE_TEMPLATE)
    crop_px = CROP_SIDE_PX / math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    return crop_px >= TIGHT_RATIO * min(width, height)


def blacken_stretched(crop: Rgb8) -> Rgb8:
    """Return the crop, black where its photo had been stretched; the crop itself where nothing was.

    crop: (S, S, 3), RGB, a face aligned onto the ArcFace template, with a margin or without.
    """
    beyond = find_stretched(crop)
    if not beyond.any():
        return crop
    blackened = crop.copy()
    blackened[beyond] = 0
    return blackened


def find_stretched(crop: Rgb8) -> NDArray[np.bool_]:
    """Find what lies beyond the edges of the photo: (S, S), true where the crop (S, S, 3) was stretched."""
    side = crop.shape[0]
    right, down = _changes(crop)
    cuts = max((_best_cuts(lines, right, down) for lines in _coarse_lines(side)), key=lambda cuts: cuts.ratio)
    if cuts.ratio > HOPELESS_RATIO:
        cuts = _best_cuts(_lines(tuple(cuts.degrees + turn for turn in FINE_DEG), side), right, down)
    if cuts.ratio < LEAST_RATIO:
        return np.zeros((side, side), np.bool_)
    x, y = _grid(np.arange(side), side)
    cos, sin = np.cos(np.deg2rad(cuts.degrees)), np.sin(np.deg2rad(cuts.degrees))
    u, v = cos * x + sin * y, cos * y - sin * x
    return np.asarray((u < cuts.left) | (u > cuts.right) | (v < cuts.top) | (v > cuts.bottom)).reshape(side, side)


class _Cuts(NamedTuple):
    """The photo: a rectangle turned by `degrees`, its sides in pixels from the middle; `ratio` of the crop is cut."""

    ratio: float
    degrees: int
    left: float
    right: float
    top: float
    bottom: float


class _Lines(NamedTuple):
    """The pixels in lines at right angles to each normal: those of A angles, then of A angles + 90."""

    degrees: tuple[int, ...]  # A
    cos: FloatArray  # (2 A, 1)
    sin: FloatArray  # (2 A, 1)
    place: FloatArray  # (2 A, N): how far along the normal a pixel lies, from the middle
    line: NDArray[np.int64]  # (2 A N,): which line of which normal
    number: NDArray[np.int64]  # (2 A, 2 S + 1): pixels a line
    face: FloatArray  # (2 A, 2): what is never cut, from and to, along the normal


@lru_cache(maxsize=2)  # crops with a margin and without; 2 MB each
def _coarse_lines(side: int) -> tuple[_Lines, ...]:
    several = range(0, len(COARSE_DEG), ANGLES_AT_ONCE)
    return tuple(_lines(COARSE_DEG[first : first + ANGLES_AT_ONCE], side) for first in several)


def _lines(degrees: tuple[int, ...], side: int) -> _Lines:
    radians = np.deg2rad(np.array([*degrees, *(turn + 90 for turn in degrees)], np.float32))[:, None]
    cos, sin = np.cos(radians, dtype=np.float32), np.sin(radians, dtype=np.float32)
    x, y = _grid(np.arange(1, side - 1, STEP), side)
    place = cos * x + sin * y
    shape = (len(place), 2 * side + 1)
    line = (np.rint(place).astype(np.int64) + side + np.arange(len(place))[:, None] * shape[1]).ravel()
    left, top, right, bottom = np.array(FACE_REACH, np.float32) * side
    corners = cos * np.array([-left, right, -left, right]) + sin * np.array([-top, -top, bottom, bottom])
    face = np.stack([corners.min(axis=1), corners.max(axis=1)], axis=1).astype(np.float32)
    number = np.bincount(line, minlength=shape[0] * shape[1]).reshape(shape)
    return _Lines(degrees, cos, sin, np.asarray(place, np.float32), line, number, face)


def _grid(axis: NDArray[np.int64], side: int) -> tuple[FloatArray, FloatArray]:
    """X and y, from the middle of the crop, of the pixels at these columns and rows: (N,) each."""
    middle = axis.astype(np.float32) - (side - 1) / 2
    y, x = np.meshgrid(middle, middle, indexing="ij")
    return x.ravel(), y.ravel()


def _changes(crop: Rgb8) -> tuple[FloatArray, FloatArray]:
    """Grey levels a pixel, to the right and downwards, at the pixels that are looked at: (N,) each."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = cv2.GaussianBlur(grey, (0, 0), BLUR_PX)
    right = (grey[1:-1, 2:] - grey[1:-1, :-2]) / 2
    down = (grey[2:, 1:-1] - grey[:-2, 1:-1]) / 2
    return right[::STEP, ::STEP].ravel(), down[::STEP, ::STEP].ravel()


def _best_cuts(lines: _Lines, right: FloatArray, down: FloatArray) -> _Cuts:
    """Of these angles the one at which most is cut, and the cuts."""
    count, shape = len(lines.degrees), lines.number.shape
    side = shape[1] // 2
    change = np.abs(lines.cos * right + lines.sin * down)  # (2 A, N), along each normal
    still = np.bincount(lines.line, change.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    beside = np.roll(change, count, axis=0)  # along the edge: the normal of the angle 90 degrees on
    moving = np.bincount(lines.line, beside.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    low = _cut(lines.number, still, moving) - side
    high = side - _cut(lines.number[:, ::-1], still[:, ::-1], moving[:, ::-1])
    if low.max() == -side and high.min() == side:  # no band anywhere, as on most photos
        return _Cuts(0, lines.degrees[0], -side, side, -side, side)
    low, high = np.minimum(low, lines.face[:, 0]), np.maximum(high, lines.face[:, 1])
    beyond = (lines.place < low[:, None]) | (lines.place > high[:, None])
    ratios = (beyond[:count] | beyond[count:]).mean(axis=1)
    best = int(ratios.argmax())
    limits = (float(low[best]), float(high[best]), float(low[best + count]), float(high[best + count]))
    return _Cuts(float(ratios[best]), lines.degrees[best], *limits)


def _cut(number: NDArray[np.int64], still: NDArray[Any], moving: NDArray[Any]) -> NDArray[np.int64]:
    """The first line, from the border (column 0) inwards, that belongs to the photo; 0 where no band is proved.

    number: pixels a line, still: their changes along the normal, moving: along the edge, summed; (2 A, lines) each.
    """
    # The replicated band is the prefix of lines with the largest sum of evidence (maximum-prefix change-point).
    evidence = np.cumsum(STILL_LEVELS * number + STILL_RATIO * moving - still, axis=1)
    end = evidence.argmax(axis=1)
    rows = np.arange(len(number))
    pixels, changed, along = (np.cumsum(sums, axis=1)[rows, end] for sums in (number, still, moving))
    width = end + 1 - (number > 0).argmax(axis=1)  # the outermost lines miss the crop
    proved = (width >= LEAST_PX) & (along >= PROOF_LEVELS * pixels) & (changed <= PROOF_RATIO * along)
    return np.where(proved, end + 1, 0)
