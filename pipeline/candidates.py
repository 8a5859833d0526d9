"""A detector's outputs at several input sizes -> one box a face. Numbers only: no engines, no pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.letterbox import Letterbox
from pipeline.manifest import DetectorThresholds
from pipeline.nms import iou_matrix, non_maximum_suppression
from pipeline.types import Box, Detection, FloatArray

# A scale that misses a face this near the end of its range of sizes is left out of the mean instead of counting as 0.
RANGE_SLACK: Final = 1.15


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Boxes (M, 4) x0, y0, x1, y1, scores (M,), and points (M, 5, 2) where the network has them, in one frame."""

    boxes: FloatArray
    scores: FloatArray
    points: FloatArray | None = None

    def where(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Candidates:
        """The rows that are wanted, by mask or by number."""
        return Candidates(self.boxes[rows], self.scores[rows], None if self.points is None else self.points[rows])

    def to_photo(self, place: Letterbox) -> Candidates:
        """Carry all from the canvas to the photo."""
        points = None if self.points is None else place.points_to_photo(self.points)
        return Candidates(place.to_photo(self.boxes), self.scores, points)


def concatenate(parts: Sequence[Candidates]) -> Candidates:
    """Join the candidates of several canvases, all in the same frame; landmarks only where every part has them."""
    points = [part.points for part in parts if part.points is not None]
    return Candidates(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate(points) if len(points) == len(parts) else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class ScaleDetections:
    """What one input size detected, in the photo's pixels, and the range of face sizes that it is responsible for."""

    found: Candidates  # one a face
    smallest_px: float  # larger side of a face, in the photo
    largest_px: float


def fuse_scales(scales: Sequence[ScaleDetections], *, min_iou: float) -> Candidates:
    """Average each box and its score over the input sizes that are responsible for a face of its size.

    A scale is responsible for faces whose longer side lies in [smallest_px, largest_px]. If a responsible scale has no
    box with IoU >= min_iou, it contributes a score of 0: a detection at one scale only is usually a false positive.
    Within RANGE_SLACK of the ends of its range a scale that finds nothing is left out instead. Coordinates are averaged
    with the scores as weights. Like weighted boxes fusion (Solovyev et al., 2021), except that boxes are not clustered
    here: duplicates are removed by the non-maximum suppression that follows. Landmarks stay those of the box's scale.
    """
    candidates = concatenate([scale.found for scale in scales])
    side = (candidates.boxes[:, 2:] - candidates.boxes[:, :2]).max(axis=1, initial=0.0)
    total, responsible = np.zeros(len(side)), np.zeros(len(side))
    edges = np.zeros((len(side), 4))
    for scale in scales:
        counts = (side >= scale.smallest_px * RANGE_SLACK) & (side <= scale.largest_px / RANGE_SLACK)
        if len(scale.found.scores):
            overlap = iou_matrix(candidates.boxes, scale.found.boxes)
            best = overlap.argmax(axis=1)
            score = np.where(overlap.max(axis=1) >= min_iou, scale.found.scores[best], 0.0)
            edges += score[:, None] * scale.found.boxes[best]
            total += score
            counts |= score > 0.0
        responsible += counts
    return Candidates(
        (edges / np.maximum(total, 1e-9)[:, None]).astype(np.float32),
        (total / np.maximum(responsible, 1.0)).astype(np.float32),
        candidates.points,
    )


def one_per_face(found: Candidates, thresholds: DetectorThresholds, *, width: int, height: int) -> list[Detection]:
    """Clip boxes to the photo of width x height, suppress all but the best one a face, drop those under a pixel.

    found: in the photo's pixels; landmarks stay where they are, also outside of it. Highest score first.
    """
    boxes = found.boxes.copy()
    np.clip(boxes[:, 0::2], 0.0, width, out=boxes[:, 0::2])
    np.clip(boxes[:, 1::2], 0.0, height, out=boxes[:, 1::2])
    kept = non_maximum_suppression(boxes, found.scores, max_iou=thresholds.iou, max_iomin=thresholds.covered)
    return [
        Detection(
            Box(*(float(edge) for edge in boxes[row])),
            float(found.scores[row]),
            None if found.points is None else found.points[row],
        )
        for row in kept
        if boxes[row, 2] - boxes[row, 0] >= 1.0 and boxes[row, 3] - boxes[row, 1] >= 1.0
    ]
