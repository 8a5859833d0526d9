"""The shape of a face: its five points without place, size and tilt. NumPy only.

What is left tells how far eyes, nose and mouth lie apart. The mean over a person's pictures is kept with the gallery:
portraits are drawn by it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from index.source import Points5


def normalised(points: Points5) -> Points5 | None:
    """(5, 2) pixels -> (5, 2): centroid at 0, root mean square distance from it 1, the mouth's middle straight below
    the eyes' middle, y down. None where points coincide.
    """
    z = points.astype(np.float64) @ np.array([1, 1j])
    z = z - z.mean()
    size = np.sqrt((np.abs(z) ** 2).mean())
    down = z[3:].mean() - z[:2].mean()
    if size < 1e-6 or abs(down) < 1e-6:
        return None
    z = z / size * (1j * abs(down) / down)  # y runs down, so straight below is the direction of 1j
    return np.stack([z.real, z.imag], axis=1).astype(np.float32)


def mean_shape(all_points: Iterable[Points5]) -> tuple[float, ...] | None:
    """X and y of the mean of the normalised points, to a thousandth; None where no picture has any shape."""
    shapes = [shape for points in all_points if (shape := normalised(points)) is not None]
    if not shapes:
        return None
    return tuple(round(value, 3) for value in np.mean(shapes, axis=0).ravel().tolist())
