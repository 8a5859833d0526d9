"""Straightened crops made worse on purpose: covered eyes, covered mouth, few pixels, JPEG. Pixels only.

The crop is on the ArcFace template, so eyes and mouth are where the template has them. Shapes and colours are fixed:
the same picture gives the same crop in every run.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX
from pipeline.types import Points5, Rgb8

GLASS: Final = (18, 18, 20)
CLOTH: Final = (150, 176, 196)


def with_sunglasses(crop: Rgb8, points: Points5 = ARCFACE_TEMPLATE) -> Rgb8:
    """Two dark discs and a bridge over (112, 112, 3); points: (5, 2) of the crop."""
    x, y = _face_frame(points)
    lens = np.minimum(np.abs(x - 0.5), np.abs(x + 0.5))
    discs = (lens / 0.36) ** 2 + ((y + 0.02) / 0.27) ** 2 < 1
    bridge = (np.abs(x) < 0.2) & (np.abs(y + 0.08) < 0.04)
    return _painted(crop, discs | bridge, GLASS, alpha=0.94)


def with_mask(crop: Rgb8, points: Points5 = ARCFACE_TEMPLATE) -> Rgb8:
    """A cloth from the bridge of the nose to under the chin over (112, 112, 3)."""
    x, y = _face_frame(points)
    cloth = ((x / 0.95) ** 2 + ((y - 0.95) / 0.75) ** 2 < 1) & (y > 0.45 + 0.15 * x**2)
    return _painted(crop, cloth, CLOTH, alpha=1.0)


def with_few_pixels(crop: Rgb8, *, side_px: int = 40) -> Rgb8:
    """Shrink the crop to side_px by averaging and bring it back: 40 px leave 12.6 between the eyes."""
    side = crop.shape[0]
    small = cv2.resize(crop, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def with_jpeg(crop: Rgb8, *, quality: int = 30) -> Rgb8:
    """Encode and decode the crop as JPEG."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def mirrored(crop: Rgb8) -> Rgb8:
    """Left and right swapped."""
    return np.ascontiguousarray(crop[:, ::-1])


def _face_frame(points: Points5) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every pixel's place from the eyes' middle, along and across the eye line, in eye distances; (112, 112) each."""
    eyes = np.asarray(points[1] - points[0], np.float64)
    width = float(np.hypot(*eyes))
    cos, sin = eyes / width
    middle = (points[0] + points[1]) / 2
    dx = np.arange(CROP_SIDE_PX)[None, :] - float(middle[0])
    dy = np.arange(CROP_SIDE_PX)[:, None] - float(middle[1])
    return (dx * cos + dy * sin) / width, (dy * cos - dx * sin) / width


def _painted(crop: Rgb8, where: NDArray[np.bool_], color: tuple[int, int, int], *, alpha: float) -> Rgb8:
    painted = crop.astype(np.float32)
    painted[where] = painted[where] * (1 - alpha) + np.array(color, np.float32) * alpha
    return np.clip(np.rint(painted), 0, 255).astype(np.uint8)
