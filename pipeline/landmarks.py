"""Five landmarks of each detected face: boxes in, points in the photo's pixels out.

Twice: on a square round the detector's box, then on the crop that the first landmarks align, where the face has
the same size and stands upright. Faces that lie or whose first points are unsure are tried in the four quarter turns
in between. All faces of a photo share each batch.
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

CROP_EXPAND: Final = 1.25  # side of the first crop over the larger side of the detector's box
REFINE_MARGIN_SHARE: Final = 0.15  # margin round the ArcFace template in the aligned crop
LYING_DEG: Final = 30.0  # beyond this roll the first points are a guess: training turns faces by less
UNSURE_ERROR: Final = 0.10  # expected error, share of the eye distance, from which quarter turns are tried


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
        """Find the points of every face of (H, W, 3), in the faces' order, from their boxes alone."""
        if not faces:
            return []
        side = self._engine.spec.side_px
        placed = [crop_matrix(face.box, side_px=side) for face in faces]
        crops = [warp(image, matrix, side_px=side) for matrix in placed]
        points, errors = self._run(crops)
        self._try_turns(crops, points, errors)
        first = [_carried_back(matrix, found) for matrix, found in zip(placed, points, strict=True)]
        return self._refined(image, first, errors)

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

    def _refined(self, image: Rgb8, first: Sequence[Points5], errors: FloatArray) -> list[Landmarks]:
        side = self._engine.spec.side_px
        template = template_for(side, margin_share=REFINE_MARGIN_SHARE)
        matrices: dict[int, NDArray[np.float64]] = {}
        for row, points in enumerate(first):
            try:
                matrices[row] = estimate_similarity(points, template)
            except DegeneratePoints:
                continue  # stays with its first points, which the caller will refuse
        found = [Landmarks(points, float(error)) for points, error in zip(first, errors, strict=True)]
        if matrices:
            again, again_errors = self._run([warp(image, matrix, side_px=side) for matrix in matrices.values()])
            for (row, matrix), crop_points, error in zip(matrices.items(), again, again_errors, strict=True):
                found[row] = Landmarks(_carried_back(matrix, crop_points), float(error))
        return found

    def _run(self, crops: Sequence[Rgb8]) -> tuple[FloatArray, FloatArray]:
        """Crops -> points (B, 5, 2) in crop pixels, expected errors (B,) over the eye distance."""
        points, log_error = self._engine.run(to_batch(crops, self._engine.spec))
        if points.shape != (len(crops), 5, 2) or log_error.size != len(crops):
            raise EngineFailed(f"aligner: wants (B, 5, 2) and (B, 1), got {points.shape} and {log_error.shape}")
        # Beyond e^3 a mean error is "anywhere"; clipped so that a wild output can't overflow.
        return points.copy(), np.exp(np.clip(log_error.reshape(-1), -10.0, 3.0))


def crop_matrix(box: Box, *, side_px: int) -> NDArray[np.float64]:
    """(2, 3) from photo pixels to the first crop: a square round the box's centre, CROP_EXPAND its larger side."""
    side = CROP_EXPAND * max(box.width, box.height, 1.0)
    scale = side_px / side
    cx, cy = box.center
    return np.array([[scale, 0.0, (side / 2 - cx) * scale], [0.0, scale, (side / 2 - cy) * scale]])


def _carried_back(matrix: NDArray[np.float64], points: FloatArray) -> FloatArray:
    return apply_affine(np.asarray(cv2.invertAffineTransform(matrix), np.float64), points)
