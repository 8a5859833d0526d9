"""A YOLO pose network with one class and five points a face -> boxes and points. Tensors and numbers only.

Output as Ultralytics exports it (ultralytics/nn/modules/head.py, Pose, AGPL-3.0; written anew from its description):
(1, 20, N), a column a box: cx, cy, w, h, score, then x, y, visibility of each point, all in input pixels; (1, 15, N)
where points have no visibility. Files with the suppression built in, or with raw maps, have other shapes and are
refused.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.candidates import Candidates
from pipeline.detector import BOX_ROWS, boxes_above
from pipeline.errors import EngineFailed
from pipeline.types import FloatArray

POINTS: Final = 5
ROWS: Final = (BOX_ROWS + 3 * POINTS, BOX_ROWS + 2 * POINTS)


def read_yolo_pose(outputs: tuple[FloatArray, ...], *, canvas: tuple[int, int], threshold: float) -> Candidates:
    """Read (1, 20, N) or (1, 15, N). Raises EngineFailed."""
    (output,) = outputs
    if output.ndim != 3 or len(output) != 1 or output.shape[1] not in ROWS:
        raise EngineFailed(
            f"detector: a YOLO pose network with five points wants (1, 20, N) or (1, 15, N), "
            f"on {canvas[1]} x {canvas[0]} px, got {output.shape}"
        )
    taken = output[0][:, output[0][4] >= threshold]
    boxes, scores = boxes_above(taken[:BOX_ROWS], threshold)
    numbers = (output.shape[1] - BOX_ROWS) // POINTS  # of a point: x, y, perhaps visibility
    points = taken[BOX_ROWS:].T.reshape(taken.shape[1], POINTS, numbers)[..., :2]  # (M, 5, 2)
    return Candidates(boxes, scores, np.ascontiguousarray(points, np.float32))
