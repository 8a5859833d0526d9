"""YOLO face boxes: a photo in, boxes in its pixels out. Thresholds come from the manifest.

The photo is seen at each size of the manifest, 640 px for small faces, a smaller one for faces that fill the frame
(anchor-free YOLO has few cells for a box as large as its input); one suppression merges what all sizes found.
"""

from __future__ import annotations

import numpy as np

from pipeline.engine import Engine, to_batch
from pipeline.errors import EngineFailed
from pipeline.letterbox import letterbox
from pipeline.manifest import DetectorThresholds
from pipeline.nms import non_maximum_suppression
from pipeline.types import Box, Detection, FloatArray, Rgb8


class Detector:
    """Finds the faces that stand roughly upright. Thread-safe as its engine is."""

    def __init__(self, engine: Engine, thresholds: DetectorThresholds) -> None:
        self._engine = engine
        self.thresholds = thresholds

    def detect(self, image: Rgb8, *, threshold: float | None = None) -> list[Detection]:
        """Find faces in (H, W, 3), surest first, boxes clipped to the photo.

        threshold: instead of the manifest's, for curves of the evaluation.
        """
        height, width = image.shape[:2]
        score = self.thresholds.score if threshold is None else threshold
        found = [self._at_size(image, side, score) for side in self._engine.spec.sizes_px]
        boxes = np.concatenate([boxes for boxes, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        np.clip(boxes[:, 0::2], 0.0, width, out=boxes[:, 0::2])
        np.clip(boxes[:, 1::2], 0.0, height, out=boxes[:, 1::2])
        kept = non_maximum_suppression(boxes, scores, max_iou=self.thresholds.iou)
        return [
            Detection(Box(*(float(edge) for edge in boxes[row])), float(scores[row]))
            for row in kept
            if boxes[row, 2] - boxes[row, 0] >= 1.0 and boxes[row, 3] - boxes[row, 1] >= 1.0
        ]

    def _at_size(self, image: Rgb8, side_px: int, threshold: float) -> tuple[FloatArray, FloatArray]:
        canvas, place = letterbox(image, side_px=side_px)
        (output,) = self._engine.run(to_batch([canvas], self._engine.spec))
        boxes, scores = boxes_above(output[0], threshold)
        return place.to_photo(boxes), scores


def boxes_above(output: FloatArray, threshold: float) -> tuple[FloatArray, FloatArray]:
    """Read YOLO's (5, N) rows cx, cy, w, h, score: boxes (M, 4) x0, y0, x1, y1 and scores (M,) from threshold on.

    Raises EngineFailed when the network's output has another shape.
    """
    if output.ndim != 2 or output.shape[0] != 5:
        raise EngineFailed(f"detector: wants (5, N) for one picture, got {output.shape}")
    taken = output[:, output[4] >= threshold]
    centre, half = taken[:2], taken[2:4] / 2
    return np.concatenate([centre - half, centre + half]).T.astype(np.float32), taken[4].astype(np.float32)
