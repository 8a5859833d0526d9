"""A photo of any shape -> a canvas that a network takes, and coordinates back. Pixels only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from pipeline.manifest import LONGEST_RATIO
from pipeline.types import FloatArray, Rgb8

PADDING_GREY: Final = 114  # what YOLO sees round its pictures in training


@dataclass(frozen=True, slots=True)
class Letterbox:
    """canvas = photo * scale + (pad_x, pad_y), in edge coordinates: 0 is the outer edge of the first pixel."""

    scale: float
    pad_x: float
    pad_y: float

    def to_photo(self, boxes: FloatArray) -> FloatArray:
        """Carry boxes (N, 4) x0, y0, x1, y1 from the canvas to the photo."""
        pad = np.array([self.pad_x, self.pad_y, self.pad_x, self.pad_y], np.float32)
        return np.asarray((boxes - pad) / np.float32(self.scale), np.float32)

    def points_to_photo(self, points: FloatArray) -> FloatArray:
        """Carry points (N, 5, 2) likewise; no half pixel is added, since networks learn points scaled like edges."""
        pad = np.array([self.pad_x, self.pad_y], np.float32)
        return np.asarray((points - pad) / np.float32(self.scale), np.float32)

    def to_canvas(self, boxes: FloatArray) -> FloatArray:
        """Carry boxes (N, 4) x0, y0, x1, y1 from the photo to the canvas."""
        pad = np.array([self.pad_x, self.pad_y, self.pad_x, self.pad_y], np.float32)
        return np.asarray(boxes * np.float32(self.scale) + pad, np.float32)


def canvas_size(*, width: int, height: int, side_px: int, step_px: int = 0) -> tuple[int, int]:
    """Width and height of a photo's canvas: the longer side is side_px, the other the next multiple of step_px.

    Photos longer than 2:1 get as many pixels as those of 2:1, up to a side of LONGEST_RATIO * side_px.
    step_px: 0 for networks that take squares alone.
    """
    if not step_px:
        return side_px, side_px
    longer, shorter = max(width, height), min(width, height)
    wide = math.sqrt(longer / (2 * shorter))
    long_px = int(side_px * min(max(wide, 1.0), LONGEST_RATIO)) // step_px * step_px
    short_px = -(-max(1, round(shorter * long_px / longer)) // step_px) * step_px
    return (long_px, short_px) if width >= height else (short_px, long_px)


def fit(
    *, width: int, height: int, side_px: int, step_px: int = 0, centred: bool = True
) -> tuple[Letterbox, tuple[int, int]]:
    """Choose the scale at which the photo fills its canvas lengthwise, and the place; also the scaled width, height.

    step_px: see `canvas_size`. centred: the place is the middle of the canvas, else its upper left corner.
    """
    canvas_w, canvas_h = canvas_size(width=width, height=height, side_px=side_px, step_px=step_px)
    scale = max(canvas_w, canvas_h) / max(width, height)
    scaled_w, scaled_h = max(1, round(width * scale)), max(1, round(height * scale))
    pad_x, pad_y = ((canvas_w - scaled_w) // 2, (canvas_h - scaled_h) // 2) if centred else (0, 0)
    return Letterbox(scale, pad_x, pad_y), (scaled_w, scaled_h)


def letterbox(
    image: Rgb8, *, side_px: int, step_px: int = 0, centred: bool = True, padding: int = PADDING_GREY
) -> tuple[Rgb8, Letterbox]:
    """Scale a photo (H, W, 3) onto its canvas, its shape kept; what is left of the canvas is one grey (0..255).

    Shrinking averages areas, enlarging interpolates. step_px: see `canvas_size`; centred: see `fit`.
    """
    height, width = image.shape[:2]
    box, (scaled_w, scaled_h) = fit(width=width, height=height, side_px=side_px, step_px=step_px, centred=centred)
    canvas_w, canvas_h = canvas_size(width=width, height=height, side_px=side_px, step_px=step_px)
    method = cv2.INTER_AREA if box.scale < 1.0 else cv2.INTER_LINEAR
    if (scaled_w, scaled_h) == (canvas_w, canvas_h):
        if (scaled_w, scaled_h) == (width, height):
            return image, box
        return np.asarray(cv2.resize(image, (scaled_w, scaled_h), interpolation=method), np.uint8), box
    canvas = np.full((canvas_h, canvas_w, 3), padding, np.uint8)
    x, y = int(box.pad_x), int(box.pad_y)
    part = canvas[y : y + scaled_h, x : x + scaled_w]
    if (scaled_w, scaled_h) == (width, height):
        part[:] = image
    else:
        part[:] = cv2.resize(image, (scaled_w, scaled_h), interpolation=method)
    return canvas, box
