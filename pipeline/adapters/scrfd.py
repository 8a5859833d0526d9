"""SCRFD's outputs -> boxes and five points. Tensors and numbers only; the photo is placed by pipeline.detector.

Method: Guo and others, "Sample and Computation Redistribution for Efficient Face Detection", 2021, as InsightFace
exports and decodes it (deepinsight/insightface, python-package/insightface/model_zoo/scrfd.py, MIT; written anew from
its description). The photo lies in the upper left corner of a black square; pixels are RGB, (pixel - 127.5) / 128.
At each stride of 8, 16, 32 px, or up to 128, every cell of the square has one or two anchors: a score that needs no
sigmoid, the distances from the cell's corner to the four edges, and the offsets of five points, both in strides.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.candidates import Candidates
from pipeline.errors import EngineFailed
from pipeline.types import FloatArray

PADDING: Final = 0  # black
FIRST_STRIDE_PX: Final = 8
ANCHORS: Final = (1, 2)  # per cell, as the models are published
_SCORE, _BOX, _POINTS = 1, 4, 10  # numbers an anchor has in each output


def read_scrfd(outputs: tuple[FloatArray, ...], *, canvas: tuple[int, int], threshold: float) -> Candidates:
    """Read scores (N, 1), boxes (N, 4) and perhaps points (N, 10) at each stride, with a batch axis of 1 or without.

    The outputs may come in any order: their shapes tell what they are, since the canvas gives N at each stride.
    Raises EngineFailed when they do not fit together.
    """
    parts: dict[int, list[FloatArray]] = {_SCORE: [], _BOX: [], _POINTS: []}
    for output in outputs:
        rows = output[0] if output.ndim == 3 and len(output) == 1 else output
        if rows.ndim != 2 or rows.shape[1] not in parts:
            raise _misfit(outputs, canvas)
        parts[rows.shape[1]].append(rows)
    scores, boxes, points = (sorted(group, key=len, reverse=True) for group in parts.values())
    lengths = [len(rows) for rows in scores]
    if [len(rows) for rows in boxes] != lengths or (points and [len(rows) for rows in points] != lengths):
        raise _misfit(outputs, canvas)
    strides = [FIRST_STRIDE_PX << level for level in range(len(scores))]
    corners = [_corners(canvas, stride, length) for stride, length in zip(strides, lengths, strict=True)]
    if not corners or any(one is None for one in corners):
        raise _misfit(outputs, canvas)
    every = np.concatenate([one for one in corners if one is not None])
    kept = np.concatenate(scores)[:, 0] >= threshold
    at = every[kept]
    return Candidates(
        distances_to_boxes(at, _in_pixels(boxes, strides)[kept]),
        np.concatenate(scores)[kept, 0],
        offsets_to_points(at, _in_pixels(points, strides)[kept]) if points else None,
    )


def distances_to_boxes(corners: FloatArray, distances: FloatArray) -> FloatArray:
    """Corners (N, 2) x, y and their distances (N, 4) to the left, upper, right and lower edge: boxes (N, 4)."""
    return np.concatenate([corners - distances[:, :2], corners + distances[:, 2:]], axis=1)


def offsets_to_points(corners: FloatArray, offsets: FloatArray) -> FloatArray:
    """Corners (N, 2) and offsets (N, 10) x, y, x, y, ...: points (N, 5, 2)."""
    return corners[:, None, :] + offsets.reshape(-1, 5, 2)


def _corners(canvas: tuple[int, int], stride: int, length: int) -> FloatArray | None:
    """The upper left corner of every anchor's cell, row by row, (length, 2); None when length fits no grid."""
    rows, columns = (side // stride for side in canvas)
    anchors = next((count for count in ANCHORS if count * rows * columns == length), None)
    if anchors is None or any(side % stride for side in canvas):
        return None
    y, x = np.mgrid[:rows, :columns]
    return np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2) * stride, anchors, axis=0).astype(np.float32)


def _in_pixels(groups: list[FloatArray], strides: list[int]) -> FloatArray:
    return np.concatenate([rows * np.float32(stride) for rows, stride in zip(groups, strides, strict=True)])


def _misfit(outputs: tuple[FloatArray, ...], canvas: tuple[int, int]) -> EngineFailed:
    return EngineFailed(
        f"detector: SCRFD on {canvas[1]} x {canvas[0]} px wants (N, 1), (N, 4) and perhaps (N, 10) at strides "
        f"8, 16, 32, ... of which both sides are multiples, got {', '.join(str(output.shape) for output in outputs)}"
    )
