"""Pictures, points and boxes turned by quarters, exactly. `turns` counts clockwise quarter turns as seen."""

from __future__ import annotations

import numpy as np

from pipeline.types import Box, FloatArray, Rgb8


def turn_image(image: Rgb8, turns: int) -> Rgb8:
    """Turn (H, W, 3) clockwise, pixel by pixel; a contiguous copy unless nothing turns."""
    return image if turns % 4 == 0 else np.ascontiguousarray(np.rot90(image, -turns))


def turn_points_back(points: FloatArray, turns: int, *, width: int, height: int) -> FloatArray:
    """Carry points (N, 2) of the turned picture to the picture before, which is width x height; pixel centres."""
    return _turn_back(points, turns, right=width - 1.0, bottom=height - 1.0)


def turn_box_back(box: Box, turns: int, *, width: int, height: int) -> Box:
    """Carry a box likewise; its edges are pixel edges, so nothing is taken off width and height."""
    corners = np.array([[box.x0, box.y0], [box.x1, box.y1]], np.float32)
    back = _turn_back(corners, turns, right=float(width), bottom=float(height))
    (x0, y0), (x1, y1) = back.min(axis=0), back.max(axis=0)
    return Box(float(x0), float(y0), float(x1), float(y1))


def _turn_back(points: FloatArray, turns: int, *, right: float, bottom: float) -> FloatArray:
    x, y = points[:, 0], points[:, 1]
    # One clockwise turn carries (x, y) to (bottom - y, x).
    match turns % 4:
        case 0:
            back = (x, y)
        case 1:
            back = (y, bottom - x)
        case 2:
            back = (right - x, bottom - y)
        case _:
            back = (right - y, x)
    return np.asarray(np.stack(back, axis=1), np.float32)
