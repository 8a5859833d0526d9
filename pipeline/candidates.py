"""A detector's outputs on one or several canvases -> one box a face. Numbers only: no engines, no pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.letterbox import Letterbox
from pipeline.manifest import DetectorThresholds
from pipeline.nms import non_maximum_suppression
from pipeline.types import Box, Detection, FloatArray


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

    def moved(self, x: float, y: float) -> Candidates:
        """Carry all from a part of a photo, whose upper left corner lies at (x, y), to the photo."""
        corner = np.array([x, y], np.float32)
        points = None if self.points is None else self.points + corner
        return Candidates(self.boxes + np.tile(corner, 2), self.scores, points)

    @property
    def larger_sides(self) -> FloatArray:
        """Of each box its larger side, (M,)."""
        return np.asarray((self.boxes[:, 2:] - self.boxes[:, :2]).max(axis=1, initial=0.0), np.float32)


def concatenate(parts: Sequence[Candidates]) -> Candidates:
    """Join the candidates of several canvases, all in the same frame; landmarks only where every part has them."""
    points = [part.points for part in parts if part.points is not None]
    return Candidates(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate(points) if len(points) == len(parts) else None,
    )


def surest(found: Candidates, thresholds: DetectorThresholds) -> Candidates:
    """Keep the best box a face, highest score first. Networks of this kind say each face with several boxes."""
    return found.where(
        non_maximum_suppression(found.boxes, found.scores, max_iou=thresholds.iou, max_iomin=thresholds.covered)
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
