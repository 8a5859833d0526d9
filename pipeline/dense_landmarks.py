"""Many landmarks of each face (the 68 of iBUG's 300-W, or the twelve round the eyes), by its five known points.

One look at a crop that the five points straighten, with more margin than the aligner's, so that the jaw is in it. Not
part of the way from a photo to its answer: opened only where somebody asks for these points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.batching import to_batch
from pipeline.engine import Engine
from pipeline.errors import DegeneratePoints, EngineFailed
from pipeline.similarity import CROP_SIDE_PX, apply_affine, estimate_similarity, template_for, warp
from pipeline.types import FloatArray, Points5, Rgb8

IBUG68_COUNT: Final = 68
# Margin round the ArcFace template. At 0.15, the aligner's, one face of 400 has a point outside of the crop; at 0.2
# none of 1,265 (held-out train and val of helen_afw and ytf68, by five points as far off as a detector's).
DENSE_MARGIN_SHARE: Final = 0.2


class DenseLandmarks:
    """Finds `count` points a face. Thread-safe as its engine is."""

    def __init__(self, engine: Engine, *, count: int = IBUG68_COUNT) -> None:
        self._engine = engine
        self.count = count

    def find(self, image: Rgb8, faces: Sequence[Points5]) -> list[FloatArray]:
        """Find the points of every face of (H, W, 3), in the faces' order.

        faces: five points each, (5, 2) pixels of `image`. Returns (count, 2) each, the same frame, iBUG's order; all
        NaN where the five points have no spread. Raises EngineFailed when the network answers in another shape.
        """
        side = self._engine.spec.side_px
        found: list[FloatArray] = [np.full((self.count, 2), np.nan, np.float32) for _ in faces]
        matrices: dict[int, NDArray[np.float64]] = {}
        for row, five in enumerate(faces):
            try:
                matrices[row] = dense_matrix(five, side_px=side)
            except DegeneratePoints:
                continue
        if not matrices:
            return found
        crops = [warp(image, matrix, side_px=side) for matrix in matrices.values()]
        points = self._engine.run(to_batch(crops, self._engine.spec))[0]
        if points.shape != (len(crops), self.count, 2):
            raise EngineFailed(f"landmarks68: wants (B, {self.count}, 2), got {points.shape}")
        for (row, matrix), in_crop in zip(matrices.items(), points, strict=True):
            found[row] = apply_affine(np.asarray(cv2.invertAffineTransform(matrix), np.float64), in_crop)
        return found


def dense_matrix(five: Points5, *, side_px: int = CROP_SIDE_PX) -> NDArray[np.float64]:
    """(2, 3) from picture pixels to the crop that five points straighten. Raises DegeneratePoints."""
    return estimate_similarity(five, template_for(side_px, margin_share=DENSE_MARGIN_SHARE))
