"""Hypothesis strategies for the geometry: similarities and boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.types import Box, FloatArray


@dataclass(frozen=True)
class Similarity:
    """Rotation by `angle_rad`, scale, then shift."""

    angle_rad: float
    scale: float
    shift: tuple[float, float]

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(2, 3)."""
        cos, sin = self.scale * math.cos(self.angle_rad), self.scale * math.sin(self.angle_rad)
        return np.array([[cos, -sin, self.shift[0]], [sin, cos, self.shift[1]]])

    def __call__(self, points: FloatArray) -> NDArray[np.float64]:
        return np.asarray(points, np.float64) @ self.matrix[:, :2].T + self.matrix[:, 2]


def similarities(*, max_shift: float = 1000.0) -> st.SearchStrategy[Similarity]:
    """Any rotation, scales 0.05 to 20, shifts up to max_shift pixels."""
    shift = st.floats(-max_shift, max_shift)
    return st.builds(Similarity, st.floats(-math.pi, math.pi), st.floats(0.05, 20.0), st.tuples(shift, shift))


def boxes(*, width: float = 640.0, height: float = 480.0, smallest: float = 1.0) -> st.SearchStrategy[Box]:
    """Boxes inside width x height whose sides are at least `smallest`."""

    def box(x0: float, y0: float, right: float, bottom: float) -> Box:
        return Box(
            x0, y0, x0 + smallest + right * (width - smallest - x0), y0 + smallest + bottom * (height - smallest - y0)
        )

    share = st.floats(0.0, 1.0)
    return st.builds(box, st.floats(0.0, width - smallest), st.floats(0.0, height - smallest), share, share)
