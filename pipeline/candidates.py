"""What a detecting network said -> one box a face. Numbers only: no engines, no pictures."""

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

RANGE_SLACK: Final = 1.15  # a look's silence on a face this near the end of its range says nothing


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


def together(parts: Sequence[Candidates]) -> Candidates:
    """Join what one network said of several canvases, all in the same frame by now."""
    points = [part.points for part in parts if part.points is not None]
    return Candidates(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate(points) if len(points) == len(parts) else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a network said of one input size, in the photo's pixels, and which faces it can judge there."""

    found: Candidates  # one a face
    smallest_px: float  # larger side of a face, in the photo
    largest_px: float


def agreed(looks: Sequence[Look], *, max_iou: float) -> Candidates:
    """Give every box of every look the mean score of the looks that can judge it, and the mean of their boxes.

    What one size takes for a face and another does not see at all is seldom one; a look's silence counts as a score of
    nothing, unless the face is near the end of its range. Boxes are weighted by their scores. Solovyev et al. (weighted
    boxes fusion), 2021, without their groups: the suppression that follows makes them.
    """
    everything = together([look.found for look in looks])
    side = (everything.boxes[:, 2:] - everything.boxes[:, :2]).max(axis=1, initial=0.0)
    total, judges = np.zeros(len(side)), np.zeros(len(side))
    edges = np.zeros((len(side), 4))
    for look in looks:
        judging = (side >= look.smallest_px * RANGE_SLACK) & (side <= look.largest_px / RANGE_SLACK)
        if len(look.found.scores):
            overlap = iou_matrix(everything.boxes, look.found.boxes)
            best = overlap.argmax(axis=1)
            score = np.where(overlap.max(axis=1) >= max_iou, look.found.scores[best], 0.0)
            edges += score[:, None] * look.found.boxes[best]
            total += score
            judging |= score > 0.0
        judges += judging
    return Candidates(
        (edges / np.maximum(total, 1e-9)[:, None]).astype(np.float32),
        (total / np.maximum(judges, 1.0)).astype(np.float32),
        everything.points,
    )


def one_a_face(found: Candidates, thresholds: DetectorThresholds, *, width: int, height: int) -> list[Detection]:
    """Clip boxes to the photo of width x height, keep the surest one a face, drop what is under a pixel.

    found: in the photo's pixels; points stay where they are, also outside. Surest first.
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
