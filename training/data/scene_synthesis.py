"""Pictures composed from scenes: faces pasted onto empty pictures, close-ups, contact sheets.

Pixels and boxes only. Every function takes its own random generator, so that a seed gives the same pictures.
Boxes are (N, 4) corners in pixels of the picture that is returned with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.scenes import Bgr8, Boxes


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """One face with its surroundings. box: (4,) corners inside `pixels`."""

    pixels: Bgr8
    box: Boxes


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A picture made here and the (N, 4) boxes of its faces."""

    pixels: Bgr8
    boxes: Boxes


def cut_out(picture: Bgr8, box: Boxes, *, expand: float) -> Cutout:
    """Cut `expand` times the box around its centre, clipped to the picture."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = (float(v) for v in box)
    cx, cy, w, h = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) * expand, (y1 - y0) * expand
    left, top = max(0, round(cx - w / 2)), max(0, round(cy - h / 2))
    right, bottom = min(width, round(cx + w / 2)), min(height, round(cy + h / 2))
    inside = np.array([x0 - left, y0 - top, x1 - left, y1 - top], dtype=np.float32)
    inside[[0, 2]] = inside[[0, 2]].clip(0, right - left)
    inside[[1, 3]] = inside[[1, 3]].clip(0, bottom - top)
    return Cutout(picture[top:bottom, left:right].copy(), inside)


def close_up(picture: Bgr8, boxes: Boxes, which: int, *, rng: np.random.Generator) -> Composed | None:
    """Crop so that face `which` fills the frame: 0.85 to 1.6 times its box, shifted by up to a tenth.

    Boxes are clipped to the crop. None when another face would be cut so that no one could say whether it is one.
    """
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = (float(v) for v in boxes[which])
    w, h = x1 - x0, y1 - y0
    scale_x, scale_y = rng.uniform(0.85, 1.6, size=2)
    cx = (x0 + x1) / 2 + rng.uniform(-0.1, 0.1) * w
    cy = (y0 + y1) / 2 + rng.uniform(-0.1, 0.1) * h
    left, top = max(0, round(cx - w * scale_x / 2)), max(0, round(cy - h * scale_y / 2))
    right, bottom = min(width, round(cx + w * scale_x / 2)), min(height, round(cy + h * scale_y / 2))
    clipped = boxes.copy()
    clipped[:, [0, 2]] = clipped[:, [0, 2]].clip(left, right) - left
    clipped[:, [1, 3]] = clipped[:, [1, 3]].clip(top, bottom) - top
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    share = (clipped[:, 2] - clipped[:, 0]) * (clipped[:, 3] - clipped[:, 1]) / np.maximum(area, 1e-6)
    if np.any((share > 0.05) & (share < 0.5)):
        return None
    return Composed(picture[top:bottom, left:right].copy(), clipped[share >= 0.5])


def paste(
    canvas: Bgr8,
    cutouts: Sequence[Cutout],
    *,
    smallest_px: float,
    rng: np.random.Generator,
) -> Composed:
    """Paste each cutout at a free random place, its face between `smallest_px` and 0.8 of the canvas, log-uniform.

    Half of them through a soft ellipse, half as the rectangle they are, as in a collage. A cutout that finds no free
    place in twenty tries is left out; faces are never blown up to more than 1.3 times their size.
    """
    picture = canvas.copy()
    height, width = picture.shape[:2]
    taken: list[tuple[int, int, int, int]] = []
    boxes: list[Boxes] = []
    for cutout in cutouts:
        face = cutout.box[2:] - cutout.box[:2]
        side = float(min(face))
        largest = max(min(0.8 * min(height, width), 1.3 * side), smallest_px)
        scale = float(np.exp(rng.uniform(np.log(smallest_px), np.log(largest)))) / side
        h, w = (max(2, round(n * scale)) for n in cutout.pixels.shape[:2])
        if h >= height or w >= width:
            continue
        place = _free_place(taken, (h, w), (height, width), rng=rng)
        if place is None:
            continue
        top, left = place
        taken.append((left, top, left + w, top + h))
        small = cv2.resize(cutout.pixels, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        mask = _soft_ellipse(h, w) if rng.random() < 0.5 else np.ones((h, w, 1), dtype=np.float32)
        under = picture[top : top + h, left : left + w]
        gain = rng.uniform(0.75, 1.2)
        mixed = mask * np.clip(small.astype(np.float32) * gain, 0, 255) + (1 - mask) * under
        picture[top : top + h, left : left + w] = mixed.astype(np.uint8)
        stretch = np.array([w / cutout.pixels.shape[1], h / cutout.pixels.shape[0]] * 2, dtype=np.float32)
        boxes.append(cutout.box * stretch + np.array([left, top, left, top], dtype=np.float32))
    return Composed(picture, np.asarray(boxes, dtype=np.float32).reshape(-1, 4))


def contact_sheet(cutouts: Sequence[Cutout], *, columns: int, cell_px: int, gap_px: int) -> Composed:
    """Lay cutouts out row by row in square cells, each shrunk or blown up to fit its cell."""
    rows = -(-len(cutouts) // columns)
    step = cell_px + gap_px
    shape = (rows * step + gap_px, columns * step + gap_px, 3)
    picture = np.full(shape, 255, dtype=np.uint8)
    boxes = []
    for k, cutout in enumerate(cutouts):
        h, w = cutout.pixels.shape[:2]
        scale = cell_px / max(h, w)
        new_w, new_h = max(1, round(w * scale)), max(1, round(h * scale))
        left = gap_px + (k % columns) * step + (cell_px - new_w) // 2
        top = gap_px + (k // columns) * step + (cell_px - new_h) // 2
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        fitted = cv2.resize(cutout.pixels, (new_w, new_h), interpolation=method)
        picture[top : top + new_h, left : left + new_w] = fitted
        stretch = np.array([new_w / w, new_h / h] * 2, dtype=np.float32)
        boxes.append(cutout.box * stretch + np.array([left, top, left, top], dtype=np.float32))
    return Composed(picture, np.asarray(boxes, dtype=np.float32).reshape(-1, 4))


def _free_place(
    taken: Sequence[tuple[int, int, int, int]],
    size: tuple[int, int],
    canvas: tuple[int, int],
    *,
    rng: np.random.Generator,
) -> tuple[int, int] | None:
    """(top, left) where `size` (height, width) overlaps nothing taken, or None after twenty tries."""
    h, w = size
    for _ in range(20):
        top, left = int(rng.integers(0, canvas[0] - h)), int(rng.integers(0, canvas[1] - w))
        if all(left + w <= x0 or x1 <= left or top + h <= y0 or y1 <= top for x0, y0, x1, y1 in taken):
            return top, left
    return None


def _soft_ellipse(height: int, width: int) -> NDArray[np.float32]:
    """(H, W, 1), 1 in the middle, falling to 0 over the last fifth of an inscribed ellipse's radius."""
    y = (np.arange(height, dtype=np.float32) + 0.5) / height * 2 - 1
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    radius = np.sqrt(y[:, None] ** 2 + x[None, :] ** 2)
    return np.asarray(np.clip((1.0 - radius) / 0.2, 0, 1)[:, :, None], dtype=np.float32)
