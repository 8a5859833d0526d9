"""Least-squares similarities and the ArcFace template: how a face is aligned. Pixels and points only."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DegeneratePoints
from pipeline.types import FloatArray, Points5, Rgb8

CROP_SIDE_PX: Final = 112
# The five points of an upright face in a 112 px crop, as InsightFace published them with ArcFace
# (deepinsight/insightface, python-package/insightface/utils/face_align.py, MIT).
ARCFACE_TEMPLATE: Final[Points5] = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)
MIN_SPREAD_PX: Final = 1e-3  # root-mean-square distance of the points from their centre


def estimate_similarity(
    source: FloatArray | NDArray[np.float64], target: FloatArray | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Find the rotation, uniform scale and shift that carry `source` onto `target` with the least squared error.

    source, target: (N, 2), N >= 2, matching rows. Returns (2, 3): target ~ M[:, :2] @ source + M[:, 2].
    No reflection. Raises DegeneratePoints when the source points have no spread or are not finite.
    What Umeyama (TPAMI 1991, eq. 40-42) finds by singular values has this closed form in the plane.
    """
    src = np.ascontiguousarray(source, dtype=np.float64)
    dst = np.ascontiguousarray(target, dtype=np.float64)
    if not (np.isfinite(src).all() and np.isfinite(dst).all()):
        raise DegeneratePoints("points are not finite numbers")
    # As complex numbers x + iy: a similarity is a product with one number, a shift another.
    z, w = src.view(np.complex128)[:, 0], dst.view(np.complex128)[:, 0]
    z_mean, w_mean = complex(z.sum()) / len(z), complex(w.sum()) / len(w)
    z, w = z - z_mean, w - w_mean
    spread = float(np.vdot(z, z).real)
    variance = spread / len(z)
    if variance < MIN_SPREAD_PX**2:
        raise DegeneratePoints(f"the points lie within {variance**0.5:.2g} px of their centre")
    turn = complex(np.vdot(z, w)) / spread
    if abs(turn) == 0.0:
        raise DegeneratePoints("the points fit no similarity")
    shift = w_mean - turn * z_mean
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def apply_affine(matrix: NDArray[np.float64], points: FloatArray | NDArray[np.float64]) -> FloatArray:
    """Carry points (N, 2) by a (2, 3) matrix."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], dtype=np.float32)


def template_for(side_px: int, *, margin_share: float = 0.0) -> Points5:
    """The ArcFace template for a crop of `side_px`, with a margin of that share of the side on each edge."""
    scale = side_px * (1.0 - 2.0 * margin_share) / CROP_SIDE_PX
    return np.asarray(ARCFACE_TEMPLATE * scale + margin_share * side_px, dtype=np.float32)


def align_face(image: Rgb8, points: Points5, *, side_px: int = CROP_SIDE_PX) -> Rgb8:
    """Warp one face onto the ArcFace template by a least-squares similarity.

    image: (H, W, 3), RGB. points: (5, 2) pixels of `image`. Returns (side_px, side_px, 3).
    Raises DegeneratePoints when the points have no spread.
    A face larger than the crop is averaged down first, so that no pixel is skipped (no aliasing).
    """
    matrix = estimate_similarity(points, template_for(side_px))
    return warp(image, matrix, side_px=side_px)


def warp(image: Rgb8, matrix: NDArray[np.float64], *, side_px: int) -> Rgb8:
    """Resample `image` by the (2, 3) matrix from its pixels to those of a side_px square crop.

    Shrinking by more than two averages the region that the crop sees first; outside is black.
    """
    (a, b), (c, d) = matrix[:, :2].tolist()
    shrink = 0.5 / max(math.sqrt(abs(a * d - b * c)), 1e-12)
    if shrink > 1.0:
        inverse = cv2.invertAffineTransform(matrix)
        corners = apply_affine(inverse, np.array([[0, 0], [side_px, 0], [side_px, side_px], [0, side_px]], np.float32))
        height, width = image.shape[:2]
        block = 1 << int(math.log2(shrink))
        x0, y0 = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2, 0, [width, height])
        # What is left of a last block is cut off, so one more is taken where the photo has it.
        x1, y1 = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1 + block, 0, [width, height])
        if x1 - x0 < 2 or y1 - y0 < 2:
            return np.zeros((side_px, side_px, 3), np.uint8)
        region = image[y0:y1, x0:x1]
        image, fx, fy = _shrunk(region, shrink, block=block)
        # Pixel centres: x_small + 0.5 = (x_region + 0.5) * fx, and the crop's frame is kept.
        to_region = np.array([[1 / fx, 0, x0 + 0.5 / fx - 0.5], [0, 1 / fy, y0 + 0.5 / fy - 0.5], [0, 0, 1]])
        matrix = matrix @ to_region
    warped = cv2.warpAffine(image, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR)
    return np.asarray(warped, dtype=np.uint8)


def _shrunk(region: Rgb8, shrink: float, *, block: int) -> tuple[Rgb8, float, float]:
    """Make a region smaller by `shrink`; also the factors by which its width and height became smaller.

    What is left to the warp is a factor of two, which bilinear sampling takes without aliasing. Blocks of block x block
    are averaged, the largest power of two up to `shrink`; the rest, less than two again, is bilinear. An average by a
    fraction in one step takes three times as long; between the two the vectors' cosine is 0.9996 (n = 98).
    """
    height, width = (max(side // block, 1) * block for side in region.shape[:2])
    small = region[:height, :width]
    if min(small.shape[:2]) < block:
        small, block = region, 1
    elif block > 1:
        small = np.asarray(cv2.resize(small, (width // block, height // block), interpolation=cv2.INTER_AREA), np.uint8)
    rest = shrink / block
    averaged_h, averaged_w = small.shape[:2]
    small_w, small_h = max(1, round(averaged_w / rest)), max(1, round(averaged_h / rest))
    small = np.asarray(cv2.resize(small, (small_w, small_h), interpolation=cv2.INTER_LINEAR), np.uint8)
    return small, small_w / (averaged_w * block), small_h / (averaged_h * block)
