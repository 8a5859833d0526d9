"""A photo of any shape -> a square canvas of fixed size, and coordinates back. Pixels only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

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


def fit(*, width: int, height: int, side_px: int, centred: bool = True) -> tuple[Letterbox, tuple[int, int]]:
    """Choose the scale that makes the longer side side_px, and the place; also the scaled width, height.

    centred: the place is the middle of the square, else its upper left corner.
    """
    scale = side_px / max(width, height)
    scaled_w, scaled_h = max(1, round(width * scale)), max(1, round(height * scale))
    pad_x, pad_y = ((side_px - scaled_w) // 2, (side_px - scaled_h) // 2) if centred else (0, 0)
    return Letterbox(scale, pad_x, pad_y), (scaled_w, scaled_h)


def letterbox(
    image: Rgb8, *, side_px: int, centred: bool = True, padding: int = PADDING_GREY
) -> tuple[Rgb8, Letterbox]:
    """Scale a photo (H, W, 3) into a square (side_px, side_px, 3) of one grey (0..255), its shape kept.

    Shrinking averages areas, enlarging interpolates. centred: see `fit`.
    """
    height, width = image.shape[:2]
    box, (scaled_w, scaled_h) = fit(width=width, height=height, side_px=side_px, centred=centred)
    method = cv2.INTER_AREA if box.scale < 1.0 else cv2.INTER_LINEAR
    scaled = image
    if (scaled_w, scaled_h) != (width, height):
        scaled = np.asarray(cv2.resize(image, (scaled_w, scaled_h), interpolation=method), np.uint8)
    if scaled_w == scaled_h == side_px:
        return scaled, box
    canvas = np.full((side_px, side_px, 3), padding, np.uint8)
    x, y = int(box.pad_x), int(box.pad_y)
    canvas[y : y + scaled_h, x : x + scaled_w] = scaled
    return canvas, box
