"""Numbers about one face's picture: sharpness, light, yaw and roll. Pixels and points only; limits are elsewhere."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from pipeline.types import Points5, Rgb8

# How far the nose tip stands before the plane of eyes and mouth, over the distance between the eyes, for a mean head:
# 130 / 330 units of the generic six-point model that head-pose examples use (eye centres between the corners).
NOSE_DEPTH_RATIO: Final = 0.39
_FACE_ONLY: Final = slice(16, 96)  # rows and columns of the 112 px crop that hold skin, not background


def sharpness(crop: Rgb8) -> float:
    """Variance of the Laplacian over that of the luma, percent, of an aligned (112, 112, 3) crop at 28 px.

    At a quarter of its size, noise and JPEG blocks are averaged away while blur that costs likeness still shows; over
    the luma's own variance it is the same in dim and in bright light. Measured on train people: 107 at the median (57
    to 225), 38 with 8 px between the eyes, 19 after a Gaussian of 3.5 px, 11 after one of 5.
    """
    small = cv2.resize(_luma(crop).astype(np.float32), (28, 28), interpolation=cv2.INTER_AREA)[2:-2, 2:-2]
    detail = cv2.Laplacian(np.ascontiguousarray(small), cv2.CV_32F)
    return float(100.0 * detail.var() / max(float(small.var()), 1.0))


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
