"""YOLO face boxes: a photo in, boxes in its pixels out. Thresholds come from the manifest.

The photo is seen at two sizes: a large one for small faces, a small one for faces that fill the frame, which a network
trained on whole scenes misses or takes apart when it sees them at 600 px. Each answers for the faces it sees well, one
suppression merges the rest.
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
        kept = non_maximum_suppression(boxes, scores, max_iou=self.thresholds.iou, max_covered=self.thresholds.covered)
        return [
            Detection(Box(*(float(edge) for edge in boxes[row])), float(scores[row]))
            for row in kept
            if boxes[row, 2] - boxes[row, 0] >= 1.0 and boxes[row, 3] - boxes[row, 1] >= 1.0
        ]

    def _at_size(self, image: Rgb8, side_px: int, threshold: float) -> tuple[FloatArray, FloatArray]:
        canvas, place = letterbox(image, side_px=side_px)
        (output,) = self._engine.run(to_batch([canvas], self._engine.spec))
        boxes, scores = boxes_above(output[0], threshold)
        smallest, largest = self._range(side_px)
        side = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0) / side_px
        mine = (side >= smallest) & (side <= largest)
        return place.to_photo(boxes[mine]), scores[mine]

    def _range(self, side_px: int) -> tuple[float, float]:
        """Faces that count at this size: their larger side as shares of the photo's longer one."""
        sizes = self._engine.spec.sizes_px
        smallest = self.thresholds.both_from if side_px == min(sizes) < max(sizes) else 0.0
        largest = self.thresholds.both_to if side_px == max(sizes) > min(sizes) else np.inf
        return smallest, largest


def boxes_above(output: FloatArray, threshold: float) -> tuple[FloatArray, FloatArray]:
    """Read YOLO's (5, N) rows cx, cy, w, h, score: boxes (M, 4) x0, y0, x1, y1 and scores (M,) from threshold on.

    Raises EngineFailed when the network's output has another shape.
    """
    if output.ndim != 2 or output.shape[0] != 5:
        raise EngineFailed(f"detector: wants (5, N) for one picture, got {output.shape}")
    taken = output[:, output[4] >= threshold]
    centre, half = taken[:2], taken[2:4] / 2
    return np.concatenate([centre - half, centre + half]).T.astype(np.float32), taken[4].astype(np.float32)
