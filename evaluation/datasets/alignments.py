"""Other ways to straighten a face than ours, to be measured against it. Points and pixels only.

All place the face in the same 112 px crop at the template's size, so that only the way differs. The embedder was
trained on the five-point way: what these lose is what a user of the network loses who straightens so.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DegeneratePoints
from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX, estimate_similarity
from pipeline.types import Points5

Matrix = NDArray[np.float64]  # (2, 3), picture pixels -> crop pixels
_EYES: Final = ARCFACE_TEMPLATE[:2].astype(np.float64)
_EYE_DISTANCE: Final = float(np.hypot(*(_EYES[1] - _EYES[0])))
_SPREAD: Final = float(np.sqrt(((ARCFACE_TEMPLATE - ARCFACE_TEMPLATE.mean(axis=0)) ** 2).sum(axis=1).mean()))


def eyes_level(points: Points5) -> Matrix:
    """Both eyes onto the template's eyes: level, at a fixed distance. A turned head comes out too large."""
    return estimate_similarity(points[:2], _EYES)


def eyes_level_nose_centred(points: Points5) -> Matrix:
    """The eye line level, the eyes' distance fixed, the nose tip in the middle column, as high as the template's."""
    scale = _EYE_DISTANCE / _eye_distance(points)
    return _placed(points, turn=True, scale=scale, anchor=points[2], target=ARCFACE_TEMPLATE[2])


def unstraightened(points: Points5, *, lean_deg: float = 0.0) -> Matrix:
    """No straightening: the crop of a box round the points, as large and where an upright face would lie.

    lean_deg: turn the crop clockwise round its middle, as if the photo had been held so.
    """
    spread = float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))
    if spread < 1e-3:
        raise DegeneratePoints("the points have no spread")
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    target = (ARCFACE_TEMPLATE.min(axis=0) + ARCFACE_TEMPLATE.max(axis=0)) / 2
    upright = _placed(points, turn=False, scale=_SPREAD / spread, anchor=middle, target=target)
    turn = _rotation(np.radians(lean_deg))
    centre = np.full(2, (CROP_SIDE_PX - 1) / 2)
    return np.column_stack([turn @ upright[:, :2], turn @ (upright[:, 2] - centre) + centre])


def _placed(
    points: Points5,
    *,
    turn: bool,
    scale: float,
    anchor: NDArray[np.floating],
    target: NDArray[np.floating],
) -> Matrix:
    """Turn the eye line level or not, scale, and lay `anchor` onto `target`."""
    dx, dy = points[1] - points[0]
    linear = scale * _rotation(-float(np.arctan2(dy, dx)) if turn else 0.0)
    return np.column_stack([linear, np.asarray(target, np.float64) - linear @ np.asarray(anchor, np.float64)])


def _rotation(angle: float) -> NDArray[np.float64]:
    """Clockwise as seen, y being down."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _eye_distance(points: Points5) -> float:
    distance = float(np.hypot(*(points[1] - points[0])))
    if distance < 1e-3:
        raise DegeneratePoints("both eyes lie on one point")
    return distance
