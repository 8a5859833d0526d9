"""Overlaps of boxes, and non-maximum suppression by them. Boxes are (N, 4) x0, y0, x1, y1 in one frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.types import FloatArray

FloatMatrix = NDArray[np.float64]


def iou_matrix(boxes: NDArray[np.floating], others: NDArray[np.floating]) -> FloatMatrix:
    """Intersection over union of each of M boxes (M, 4) with each of N (N, 4): (M, N), 0 where the union is empty."""
    return _iou(*_areas(boxes, others))


def iomin_matrix(boxes: NDArray[np.floating], others: NDArray[np.floating]) -> FloatMatrix:
    """Intersection over the smaller box's area (IoMin), of each of M boxes with each of N: (M, N), 0 where it is empty.

    1 where one box lies inside the other, as a box round half a face lies in the one round the whole face.
    """
    return _iomin(*_areas(boxes, others))


def non_maximum_suppression(
    boxes: FloatArray, scores: FloatArray, *, max_iou: float, max_iomin: float = 1.0
) -> NDArray[np.intp]:
    """Keep the box with the highest score, drop those that overlap it by more than a limit, and so on.

    boxes: (N, 4). scores: (N,). Returns the kept rows, highest score first; equal scores keep their order.
    max_iou, max_iomin: limits of intersection over union and over the smaller box; a max_iomin of 1 drops none.
    """
    left = np.argsort(-scores, kind="stable")
    kept: list[np.intp] = []
    while left.size:
        first, left = left[0], left[1:]
        kept.append(first)
        shared, area, areas = _areas(boxes[first, None], boxes[left])
        apart = _iou(shared, area, areas)[0] <= max_iou
        if max_iomin < 1.0:
            apart &= _iomin(shared, area, areas)[0] <= max_iomin
        left = left[apart]
    return np.array(kept, np.intp)


def _areas(boxes: NDArray[np.floating], others: NDArray[np.floating]) -> tuple[FloatMatrix, FloatMatrix, FloatMatrix]:
    """Shared areas (M, N), areas of the boxes (M,) and of the others (N,); no area is below 0."""
    first, second = np.asarray(boxes, np.float64).reshape(-1, 4), np.asarray(others, np.float64).reshape(-1, 4)
    width = np.minimum(first[:, None, 2], second[:, 2]) - np.maximum(first[:, None, 0], second[:, 0])
    height = np.minimum(first[:, None, 3], second[:, 3]) - np.maximum(first[:, None, 1], second[:, 1])
    return width.clip(0.0) * height.clip(0.0), _area(first), _area(second)


def _iou(shared: FloatMatrix, areas: FloatMatrix, other_areas: FloatMatrix) -> FloatMatrix:
    return _ratio(shared, areas[:, None] + other_areas - shared)


def _iomin(shared: FloatMatrix, areas: FloatMatrix, other_areas: FloatMatrix) -> FloatMatrix:
    return np.minimum(_ratio(shared, np.minimum(areas[:, None], other_areas)), 1.0)


def _area(boxes: FloatMatrix) -> FloatMatrix:
    return np.asarray((boxes[:, 2] - boxes[:, 0]).clip(0.0) * (boxes[:, 3] - boxes[:, 1]).clip(0.0))


def _ratio(shared: FloatMatrix, whole: FloatMatrix) -> FloatMatrix:
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)
