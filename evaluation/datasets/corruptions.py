"""Straightened crops made worse on purpose: covered eyes, covered mouth, few pixels, JPEG. Pixels only.

The crop is on the ArcFace template, so eyes and mouth are where the template has them. Shapes and colours are fixed:
the same picture gives the same crop in every run.
"""

from __future__ import annotations

import itertools
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX
from pipeline.types import Points5, Rgb8

LENS: Final = (46, 32, 26)
CLOTH: Final = (214, 228, 236)
FOLD: Final = (176, 194, 206)
STRAP: Final = (232, 234, 236)
# Of the mask, one side, in eye distances from the middle of the eyes: top at the nose, cheek, jaw, chin.
MASK_EDGE: Final = ((0.0, 0.30), (0.85, 0.46), (0.74, 1.30), (0.34, 1.62), (0.0, 1.66))


def with_sunglasses(crop: Rgb8, points: Points5 = ARCFACE_TEMPLATE) -> Rgb8:
    """Draw squarish brown lenses, lighter below, with a brow bar and arms, over (112, 112, 3). points: of the crop.

    The shape is not the one that training draws (`training.data.augment`): what is measured here is a pair of glasses
    that no network was shown.
    """
    x, y = _face_frame(points)
    lens = (((np.abs(x) - 0.5) / 0.41) ** 4 + ((y - 0.05) / 0.26) ** 4) < 1
    bar = (np.abs(x) < 0.93) & (np.abs(y + 0.17) < 0.045)
    arms = (np.abs(x) >= 0.88) & (np.abs(y + 0.14) < 0.05)
    tint = np.clip(0.97 - 0.35 * (y + 0.2), 0.78, 0.97)
    return _painted(_painted(crop, lens, LENS, alpha=tint), bar | arms, LENS, alpha=1.0)


def with_mask(crop: Rgb8, points: Points5 = ARCFACE_TEMPLATE) -> Rgb8:
    """Draw a pleated surgical mask with straps from nose to chin over (112, 112, 3); not the cloth of training."""
    x, y = _face_frame(points)
    side = np.abs(x)
    edge = np.array(MASK_EDGE)
    inside = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in itertools.pairwise(np.concatenate([edge, edge[:1]])):  # even-odd rule
        crosses = (y0 > y) != (y1 > y)
        at = x0 + (y - y0) * (x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0)
        inside ^= crosses & (side < at)
    strap = (side > 0.78) & (np.abs(y - (0.46 - 0.55 * (side - 0.85))) < 0.03)
    folds = inside & (np.abs((y - 0.62) % 0.26 - 0.13) < 0.025)
    masked = _painted(_painted(crop, strap, STRAP, alpha=1.0), inside, CLOTH, alpha=1.0)
    return _painted(masked, folds, FOLD, alpha=1.0)


def with_few_pixels(crop: Rgb8, *, side_px: int = 40) -> Rgb8:
    """Shrink the crop to side_px by averaging and bring it back: 40 px leave 12.6 between the eyes."""
    side = crop.shape[0]
    small = cv2.resize(crop, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def with_jpeg(crop: Rgb8, *, quality: int = 30) -> Rgb8:
    """Encode and decode the crop as JPEG."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def _face_frame(points: Points5) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every pixel's place from the eyes' middle, along and across the eye line, in eye distances; (112, 112) each."""
    eyes = np.asarray(points[1] - points[0], np.float64)
    width = float(np.hypot(*eyes))
    cos, sin = eyes / width
    middle = (points[0] + points[1]) / 2
    dx = np.arange(CROP_SIDE_PX)[None, :] - float(middle[0])
    dy = np.arange(CROP_SIDE_PX)[:, None] - float(middle[1])
    return (dx * cos + dy * sin) / width, (dy * cos - dx * sin) / width


def _painted(
    crop: Rgb8, where: NDArray[np.bool_], color: tuple[int, int, int], *, alpha: float | NDArray[np.float64]
) -> Rgb8:
    opaque = (where * alpha)[..., None].astype(np.float32)
    painted = crop * (1 - opaque) + np.array(color, np.float32) * opaque
    return np.clip(np.rint(painted), 0, 255).astype(np.uint8)
