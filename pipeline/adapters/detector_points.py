"""The detector's own points in place of an aligner: no network. For detectors trained on points as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.landmarks import Landmarks
from pipeline.types import Detection, Rgb8


class PointsOfDetector:
    """Hands on the points that came with each face. Holds no state."""

    def __init__(self, *, expected_error: float) -> None:
        """expected_error: mean error over the eye distance, said of every face: the detector tells no own."""
        self._error = expected_error

    def find(self, image: Rgb8, faces: Sequence[Detection]) -> list[Landmarks]:  # noqa: ARG002 - see FaceAligner
        """Give each face's points. A box that came without any has none: not a number, and an endless error."""
        return [
            Landmarks(np.full((5, 2), np.nan, np.float32), float("inf"))
            if face.points is None
            else Landmarks(face.points, self._error)
            for face in faces
        ]
