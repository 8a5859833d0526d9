"""Numbers about one face's picture: sharpness, light, yaw and roll. Pixels and points only; limits are elsewhere."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX, estimate_similarity
from pipeline.types import Points5, Rgb8

# How far the nose tip stands before the plane of eyes and mouth, over the distance between the eyes, for a mean head:
# 130 / 330 units of the generic six-point model that head-pose examples use (eye centres between the corners).
NOSE_DEPTH_RATIO: Final = 0.39
_CELLS: Final = 28  # a side, of 4 px each
_MIDDLES: Final = np.stack(  # (28, 28, 2), pixels of the crop
    np.meshgrid(*[(np.arange(_CELLS) + 0.5) * (CROP_SIDE_PX / _CELLS) - 0.5] * 2), axis=-1
)
_WITHIN_RIM: Final = np.pad(np.ones((_CELLS - 4, _CELLS - 4), bool), 2)
LEAST_CELLS: Final = 64  # of 576 within the rim; with fewer a crop is measured as a whole
_FACE_ONLY: Final = slice(16, 96)  # rows and columns of the 112 px crop that hold skin, not background


def sharpness(crop: Rgb8, *, shown: NDArray[np.bool_] | None = None) -> float:
    """Variance of the Laplacian over that of the luma, percent, of an aligned (112, 112, 3) crop at 28 px.

    At a quarter of its size, noise and JPEG blocks are averaged away while blur that costs likeness still shows; over
    the luma's own variance it is the same in dim and in bright light. Measured on train people: 107 at the median (57
    to 225), 38 with 8 px between the eyes, 19 after a Gaussian of 3.5 px, 11 after one of 5.
    shown: (28, 28), see `shown_cells`. The edge between a photo and the black beyond it is sharp however blurred the
    photo is.
    """
    small = cv2.resize(_luma(crop).astype(np.float32), (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    detail = cv2.Laplacian(small, cv2.CV_32F)
    counted = _WITHIN_RIM
    if shown is not None:
        # A cell's Laplacian looks at its neighbours.
        lit = cv2.erode(shown.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & _WITHIN_RIM
        counted = lit if lit.sum() >= LEAST_CELLS else _WITHIN_RIM
    return float(100.0 * detail[counted].var() / max(float(small[counted].var()), 1.0))


def shown_cells(points: Points5, *, width: int, height: int) -> NDArray[np.bool_]:
    """Which of the 28 x 28 cells of a face's aligned crop show its photo alone, and nothing beyond the photo's edges.

    points: pixels of a photo of width x height. Raises DegeneratePoints when they have no spread.
    """
    to_photo = cv2.invertAffineTransform(estimate_similarity(points, ARCFACE_TEMPLATE))
    seen = _MIDDLES @ to_photo[:, :2].T + to_photo[:, 2]
    # How far a cell reaches from its middle, in the photo, on each axis.
    reach = CROP_SIDE_PX / _CELLS / 2 * np.abs(to_photo[:, :2]).sum(axis=1)
    return np.asarray(((seen - reach >= 0) & (seen + reach <= np.array([width - 1, height - 1]))).all(axis=-1))


def light(crop: Rgb8) -> float:
    """Mean luma, 0..255, of the face in an aligned (112, 112, 3) crop, its rim left out."""
    return float(_luma(crop)[_FACE_ONLY, _FACE_ONLY].mean())


def eye_distance(points: Points5) -> float:
    """Distance of the eye centres, pixels."""
    return float(np.hypot(*(points[1] - points[0])))


def roll_deg(points: Points5) -> float:
    """Angle of the line from the left eye to the right one, -180..180; positive: clockwise as seen."""
    dx, dy = points[1] - points[0]
    return math.degrees(math.atan2(float(dy), float(dx)))


def yaw_deg(points: Points5) -> float:
    """Estimate how far the head is turned, -90..90; positive: to the right of the picture. 0 for points without spread.

    The nose leaves the middle of eyes and mouth by depth * sin(yaw) along the eye line, while the eyes' distance
    shrinks by cos(yaw); both are measured in the face's own upright frame, so roll and scale don't matter.
    """
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    across = points[1] - points[0]
    # At large yaw the eye line is short and noisy; the line from eyes to mouth then tells upright better.
    down = mouth - eyes
    upright = np.array([down[1], -down[0]])
    axis = across + upright
    length = float(np.hypot(*axis))
    if length == 0.0:
        return 0.0
    axis = axis / length
    offset = float((points[2] - (eyes + mouth) / 2) @ axis)
    width = float(across @ axis)
    return math.degrees(math.atan2(offset, NOSE_DEPTH_RATIO * max(width, 0.0))) if offset or width > 0 else 0.0


def _luma(crop: Rgb8) -> Rgb8:
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8)
