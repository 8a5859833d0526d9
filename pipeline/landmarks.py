"""Five landmarks of each detected face: boxes and perhaps rough points in, points in the photo's pixels out.

One look at a crop that rough points straighten. The detector's points are taken for that where they make a face; they
also say which way is up, so that a face without a visible mouth is never read upside down. A face that came without
points, or with a heap of them, is looked at once more before: in a square round its box, and in the other three quarter
turns where that look is unsure. All faces of a photo share each batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.batching import to_batch
from pipeline.engine import Engine
from pipeline.errors import DegeneratePoints, EngineFailed
from pipeline.quality import roll_deg
from pipeline.quarter_turns import turn_image, turn_points_back
from pipeline.similarity import apply_affine, estimate_similarity, template_for, warp
from pipeline.types import Box, Detection, FloatArray, Points5, Rgb8

CROP_EXPAND: Final = 1.25  # side of a box's crop over the larger side of the box
STRAIGHT_MARGIN_SHARE: Final = 0.15  # margin round the ArcFace template in the straightened crop
LYING_DEG: Final = 45.0  # beyond this roll a box's crop is read better in another quarter turn
UNSURE_ERROR: Final = 0.10  # expected error, share of the eye distance, from which quarter turns are tried
# Points make a face where the similarity onto the template leaves at most this, in template px (the eyes are 35 apart).
MAX_MISFIT_PX: Final = 14.0


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """Where the five points of one face lie, and what is to be thought of them."""

    points: Points5  # pixels of the photo
    error: float  # the network's own estimate, mean error over the eye distance


class Aligner:
    """Finds five points a face. Thread-safe as its engine is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, image: Rgb8, faces: Sequence[Detection]) -> list[Landmarks]:
        """Find the points of every face of (H, W, 3), in the faces' order."""
        if not faces:
            return []
        rough = [
            Landmarks(face.points, float("inf")) if face.points is not None and makes_a_face(face.points) else None
            for face in faces
        ]
        without = [row for row, marks in enumerate(rough) if marks is None]
        for row, marks in zip(without, self._from_boxes(image, [faces[row].box for row in without]), strict=True):
            rough[row] = marks
        return self._straightened(image, [marks for marks in rough if marks is not None])

    def _from_boxes(self, image: Rgb8, boxes: Sequence[Box]) -> list[Landmarks]:
        """Look at a square round each box, in the quarter turn in which the look is surest."""
        if not boxes:
            return []
        side = self._engine.spec.side_px
        placed = [crop_matrix(box, side_px=side) for box in boxes]
        crops = [warp(image, matrix, side_px=side) for matrix in placed]
        points, errors = self._run(crops)
        self._try_turns(crops, points, errors)
        return [
            Landmarks(_carried_back(matrix, found), float(error))
            for matrix, found, error in zip(placed, points, errors, strict=True)
        ]

    def _try_turns(self, crops: Sequence[Rgb8], points: FloatArray, errors: FloatArray) -> None:
        """Replace rows of points (B, 5, 2) and errors (B,) where a turned crop is surer."""
        side = self._engine.spec.side_px
        doubtful = [
            row for row in range(len(crops)) if errors[row] > UNSURE_ERROR or abs(roll_deg(points[row])) > LYING_DEG
        ]
        if not doubtful:
            return
        tries = [(row, turns) for row in doubtful for turns in (1, 2, 3)]
        turned, turned_errors = self._run([turn_image(crops[row], turns) for row, turns in tries])
        for (row, turns), found, error in zip(tries, turned, turned_errors, strict=True):
            if error < errors[row]:
                points[row] = turn_points_back(found, turns, width=side, height=side)
                errors[row] = error

    def _straightened(self, image: Rgb8, rough: Sequence[Landmarks]) -> list[Landmarks]:
        """Look at the crops that the rough points straighten; points without spread stay as they are."""
        side = self._engine.spec.side_px
        template = template_for(side, margin_share=STRAIGHT_MARGIN_SHARE)
        matrices: dict[int, NDArray[np.float64]] = {}
        for row, marks in enumerate(rough):
            try:
                matrices[row] = estimate_similarity(marks.points, template)
            except DegeneratePoints:
                continue  # the caller will refuse them
        found = list(rough)
        if matrices:
            points, errors = self._run([warp(image, matrix, side_px=side) for matrix in matrices.values()])
            for (row, matrix), crop_points, error in zip(matrices.items(), points, errors, strict=True):
                found[row] = Landmarks(_carried_back(matrix, crop_points), float(error))
        return found

    def _run(self, crops: Sequence[Rgb8]) -> tuple[FloatArray, FloatArray]:
        """Crops -> points (B, 5, 2) in crop pixels, expected errors (B,) over the eye distance."""
        points, log_error = self._engine.run(to_batch(crops, self._engine.spec))
        if points.shape != (len(crops), 5, 2) or log_error.size != len(crops):
            raise EngineFailed(f"aligner: wants (B, 5, 2) and (B, 1), got {points.shape} and {log_error.shape}")
        # Beyond e^3 a mean error is "anywhere"; clipped so that a wild output can't overflow.
        return points.copy(), np.exp(np.clip(log_error.reshape(-1), -10.0, 3.0))


def makes_a_face(points: Points5) -> bool:
    """Tell whether five rough points lie as in a face, turned and scaled in any way, not mirrored or in a heap."""
    template = template_for(112)
    try:
        matrix = estimate_similarity(points, template)
    except DegeneratePoints:
        return False
    left = apply_affine(matrix, points) - template
    return float(np.sqrt((left**2).sum(axis=1).mean())) <= MAX_MISFIT_PX


def crop_matrix(box: Box, *, side_px: int) -> NDArray[np.float64]:
    """(2, 3) from photo pixels to the first crop: a square round the box's centre, CROP_EXPAND its larger side."""
    side = CROP_EXPAND * max(box.width, box.height, 1.0)
    scale = side_px / side
    cx, cy = box.center
    return np.array([[scale, 0.0, (side / 2 - cx) * scale], [0.0, scale, (side / 2 - cy) * scale]])


def _carried_back(matrix: NDArray[np.float64], points: FloatArray) -> FloatArray:
    return apply_affine(np.asarray(cv2.invertAffineTransform(matrix), np.float64), points)
