"""Where a stretched picture ends: the part of a straightened face that was never photographed becomes black.

Collections of straightened faces fill what lies beyond the photo's edge by repeating its last pixels (CelebA's own
alignment does, and whoever warps with a replicated border). The stripes carry nothing of the person, strangers share
them, and the networks learned on black there: unstretched, EdgeFace-XS finds 0.839 of the pairs of our web pictures at
a false-match rate of 0.001, stretched 0.669. Pixels only: nothing here knows faces.

Beyond an edge every pixel repeats the edge's, so the picture does not change along the edge's normal, while along the
edge it changes as the edge does. A side is cut where both hold from the border inwards; a plain wall, which changes in
neither direction, stays. The photo lay turned by any angle before it was straightened, the same for its four sides.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.types import FloatArray, Rgb8

COARSE_DEG: Final = 4.0
FINE_DEG: Final = (-2.0, -1.0, 1.0, 2.0)
STILL_LEVELS: Final = 0.4  # grey levels a pixel may change by along the normal: what a good JPEG leaves
STILL_SHARE: Final = 0.3  # or this share of the change along the edge
PROOF_LEVELS: Final = 1.0  # change along the edge, mean over the band, without which a band is a plain wall
PROOF_SHARE: Final = 0.3  # of it, the most that may be seen along the normal
LEAST_PX: Final = 3  # narrower bands are left alone
FACE_REACH: Final = (0.24, 0.22, 0.24, 0.30)  # of the side, from the middle: left, top, right, bottom; never cut
LEAST_SHARE: Final = 0.1  # of the crop: what is less is a shadow or a wall more often than an edge
STEP: Final = 2  # every second pixel is looked at


def blacken_stretched(crop: Rgb8) -> Rgb8:
    """Return the crop, black where its photo had been stretched; the crop itself where nothing was.

    crop: (S, S, 3), RGB, a face straightened onto the ArcFace template, with a margin or without.
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
    down, right = _changes(crop)
    coarse = np.arange(-44.0, 45.0, COARSE_DEG)
    degrees, limits, share = _best(coarse, down, right, side)
    if share > 0:
        fine = degrees + np.array((0.0, *FINE_DEG))
        degrees, limits, share = _best(fine, down, right, side)
    if share <= LEAST_SHARE:
        return np.zeros((side, side), np.bool_)
    across, along = _axes(side, step=1)
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    u, v = cos * across + sin * along, cos * along - sin * across
    left, right_, top, bottom = limits
    return np.asarray(((u < left) | (u > right_) | (v < top) | (v > bottom)).reshape(side, side))


def _changes(crop: Rgb8) -> tuple[FloatArray, FloatArray]:
    """Grey levels per pixel, downwards and to the right, at the pixels that are looked at: (N,) each."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    down = (grey[2:, 1:-1] - grey[:-2, 1:-1]) / 2
    right = (grey[1:-1, 2:] - grey[1:-1, :-2]) / 2
    return down[::STEP, ::STEP].ravel(), right[::STEP, ::STEP].ravel()


@cache
def _axes(side: int, *, step: int) -> tuple[FloatArray, FloatArray]:
    """x and y of the pixels that are looked at, from the middle of the crop: (N,) each."""
    inset = 0 if step == 1 else 1
    axis = np.arange(inset, side - inset, step, dtype=np.float32) - (side - 1) / 2
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return x.ravel(), y.ravel()


def _best(
    angles: NDArray[np.float64], down: FloatArray, right: FloatArray, side: int
) -> tuple[float, tuple[float, float, float, float], float]:
    """The angle at which most is cut, the cuts there (left, right, top, bottom) and the share of pixels cut."""
    x, y = _axes(side, step=STEP)
    count = len(angles)
    radians = np.deg2rad(np.concatenate([angles, angles + 90])).astype(np.float32)[:, None]
    cos, sin = np.cos(radians), np.sin(radians)
    place = cos * x + sin * y  # (2 A, N): how far along each normal a pixel lies
    change = np.abs(cos * right + sin * down)  # (2 A, N): along each normal; row a + A is along the edges of row a
    reach = side  # > half a diagonal
    bins = (np.rint(place).astype(np.int64) + reach) + np.arange(2 * count)[:, None] * (2 * reach + 1)
    shape = (2 * count, 2 * reach + 1)
    size = shape[0] * shape[1]
    number = np.bincount(bins.ravel(), minlength=size).reshape(shape)
    normal = np.bincount(bins.ravel(), change.ravel(), minlength=size).reshape(shape)
    edge = np.bincount(bins.ravel(), np.roll(change, count, axis=0).ravel(), minlength=size).reshape(shape)
    left, top, right_, bottom = np.array(FACE_REACH, np.float32) * side
    corners = np.array([[-left, -top], [right_, -top], [-left, bottom], [right_, bottom]], np.float32)
    face = cos * corners[:, 0] + sin * corners[:, 1]  # (2 A, 4)
    low = np.array([_cut(*rows) for rows in zip(number, normal, edge, strict=True)]) - reach
    high = reach - np.array([_cut(*rows) for rows in zip(number[:, ::-1], normal[:, ::-1], edge[:, ::-1], strict=True)])
    low, high = np.minimum(low, face.min(axis=1)), np.maximum(high, face.max(axis=1))
    beyond = (place < low[:, None]) | (place > high[:, None])
    shares = (beyond[:count] | beyond[count:]).mean(axis=1)
    best = int(shares.argmax())
    limits = (float(low[best]), float(high[best]), float(low[best + count]), float(high[best + count]))
    return float(angles[best]), limits, float(shares[best])


def _cut(number: NDArray[np.int64], normal: NDArray[np.float64], edge: NDArray[np.float64]) -> int:
    """From the border inwards: the first place that belongs to the photo; 0 where nothing proves a stretched band."""
    seen = np.flatnonzero(number)
    n, still, moving = number[seen], normal[seen], edge[seen]
    # Each place speaks for the band or against it; the band ends where the sum of what was said is highest.
    depth = int(np.cumsum(STILL_LEVELS * n + STILL_SHARE * moving - still).argmax()) + 1
    changed, along = still[:depth].sum(), moving[:depth].sum()
    if depth < LEAST_PX or along < PROOF_LEVELS * n[:depth].sum() or changed > PROOF_SHARE * along:
        return 0
    return int(seen[depth]) if depth < len(seen) else int(seen[-1])
