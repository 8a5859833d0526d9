"""Overlapping boxes -> one a face. Numbers only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.types import FloatArray


def intersection_over_union(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """Compare one box (4,) x0, y0, x1, y1 with N boxes (N, 4); 0 where both are empty."""
    shared = _shared(box, boxes)
    union = _area(box[None])[0] + _area(boxes) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), np.float32)


def overlaps(boxes: FloatArray, others: FloatArray) -> FloatArray:
    """Intersection over union of each of M boxes with each of N: (M, N)."""
    return np.stack([intersection_over_union(box, others) for box in boxes]).reshape(len(boxes), len(others))


def covered_share(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """Tell what share of the smaller of the two one box (4,) and each of N boxes (N, 4) have in common."""
    shared = _shared(box, boxes)
    smaller = np.minimum(_area(box[None])[0], _area(boxes))
    share = np.divide(shared, smaller, out=np.zeros_like(shared), where=smaller > 0)
    return np.asarray(np.minimum(share, 1.0), np.float32)  # rounding must not carry it past a limit of 1


def non_maximum_suppression(
    boxes: FloatArray, scores: FloatArray, *, max_iou: float, max_covered: float = 1.0
) -> NDArray[np.intp]:
    """Keep the surest box, drop those that overlap it by more than max_iou, and so on.

    boxes: (N, 4) x0, y0, x1, y1. scores: (N,). Returns the kept rows, surest first; equal scores keep their order.
    max_covered: a box is dropped too when it and a surer one share more than this of the smaller one's area, as half a
    face lies in the whole one; 1 leaves that out.
    """
    left = np.argsort(-scores, kind="stable")
    kept: list[np.intp] = []
    while left.size:
        first, left = left[0], left[1:]
        kept.append(first)
        apart = intersection_over_union(boxes[first], boxes[left]) <= max_iou
        left = left[apart & (covered_share(boxes[first], boxes[left]) <= max_covered)]
    return np.array(kept, np.intp)


def _shared(box: FloatArray, boxes: FloatArray) -> FloatArray:
    width = np.minimum(box[2], boxes[:, 2]) - np.maximum(box[0], boxes[:, 0])
    height = np.minimum(box[3], boxes[:, 3]) - np.maximum(box[1], boxes[:, 1])
    return np.asarray(np.clip(width, 0, None) * np.clip(height, 0, None), np.float32)


def _area(boxes: FloatArray) -> FloatArray:
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)
