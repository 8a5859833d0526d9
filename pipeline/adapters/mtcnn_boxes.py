"""The boxes of MTCNN's stages: windows, offsets, squares, crops, points. Pixels and numbers only, no engines.

Boxes are (M, 4) x0, y0, x1, y1, edges of pixels, so that a box of one pixel has a width of one. Source: see mtcnn.py.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.candidates import Candidates
from pipeline.manifest_tables import PointsOrder
from pipeline.similarity import warp
from pipeline.types import FloatArray, Rgb8

STRIDE_PX: Final = 2  # from one of P-Net's windows to the next
WINDOW_PX: Final = 12


def windows_above(scores: FloatArray, offsets: FloatArray, threshold: float) -> tuple[Candidates, FloatArray]:
    """P-Net's maps (H, W) and (4, H, W): the windows that score from the threshold on, and their offsets (M, 4)."""
    rows, columns = np.nonzero(scores >= threshold)
    corners = STRIDE_PX * np.stack([columns, rows], axis=1)
    boxes = np.concatenate([corners, corners + WINDOW_PX], axis=1).astype(np.float32)
    return Candidates(boxes, scores[rows, columns]), np.asarray(offsets[:, rows, columns].T, np.float32)


def moved(boxes: FloatArray, offsets: FloatArray) -> FloatArray:
    """Shift each edge by its offset (M, 4), shares of the box's width and height."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.asarray(boxes + offsets * np.tile(sides, 2), np.float32)


def squared(boxes: FloatArray) -> FloatArray:
    """Widen the shorter side round the box's centre until the box is a square."""
    centre, side = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True)
    return np.concatenate([centre - side / 2, centre + side / 2], axis=1)


def cut(image: Rgb8, box: FloatArray, *, side_px: int) -> Rgb8:
    """Cut a square box (4,) out of (H, W, 3) and scale it to side_px; black where it leaves the photo."""
    scale = side_px / float(box[2] - box[0])
    shift = 0.5 * scale - 0.5  # `warp` counts from pixel centres, boxes from edges
    matrix = np.array([[scale, 0.0, shift - float(box[0]) * scale], [0.0, scale, shift - float(box[1]) * scale]])
    return warp(image, matrix, side_px=side_px)


def points_of(boxes: FloatArray, shares: FloatArray, *, order: PointsOrder) -> FloatArray:
    """Five points as shares (M, 10) of their box's width and height: (M, 5, 2) in the boxes' frame."""
    pairs = shares.reshape(-1, 2, 5).swapaxes(1, 2) if order == "xxyy" else shares.reshape(-1, 5, 2)
    sides = boxes[:, None, 2:] - boxes[:, None, :2]
    return np.asarray(boxes[:, None, :2] + pairs * sides, np.float32)
