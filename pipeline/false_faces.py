"""Detections that are no faces of their own: boxes on empty surfaces, and boxes whose landmarks lie on a neighbour.

Pixels and numbers only, no networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.landmarks import Landmarks
from pipeline.types import Box, Detection, FloatArray, Rgb8

# Two detections are one face when the mean distance of their landmarks is less than this much of the larger of their
# eye distances. Of 513 faces in scenes no two people come nearer than 1.3; faces found twice lie at 0.31 and less.
SAME_FACE_RATIO: Final = 0.5
UNSURE: Final = 1.0  # expected error, share of the eye distance, of a detector's points that nobody has looked at again

SURFACE_SIDE_PX: Final = 28  # a box is shrunk to this side before its structure is measured
SAMPLED_SIDE_PX: Final = 224  # of larger boxes every second, third, ... pixel is enough, and takes a tenth of the time
# Limits of `is_surface`, for boxes under LARGE_PX and larger ones. Of 5,980 labelled faces in train scenes they miss
# three, all under 14 px.
LARGE_PX: Final = 64
FLAT_RATIO: Final = (0.03, 0.06)  # faces from 20 px on have 0.038 and more, from 64 px on 0.092 and more
SMOOTH_RATIO: Final = (0.06, 0.12)  # faces: 0.08 and more, 0.17 and more; gradients 0.03, with noise up to 0.11
NOISE_RATIO: Final = 9.0  # faces: 5.2 and less; noise 14 to 20

FoundFace = tuple[Detection, Landmarks]


def is_surface(image: Rgb8, box: Box) -> bool:
    """Tell whether a box of (H, W, 3) shows a surface without structure: plain, shaded, blurred away, or mere noise.

    The box's luma is shrunk to 28 x 28 and its best quadratic surface, which shading follows, is taken away. Without
    structure the rest is small beside the mean luma (FLAT_RATIO), changes slowly (SMOOTH_RATIO) or independently from
    pixel to pixel (NOISE_RATIO). The last two are the variance of the Laplacian over that of the rest.
    """
    x0, y0, x1, y1 = (round(edge) for edge in (box.x0, box.y0, box.x1, box.y1))
    region = image[max(y0, 0) : max(y1, y0 + 1), max(x0, 0) : max(x1, x0 + 1)]
    if not region.size:
        return True
    step = max(1, min(region.shape[:2]) // SAMPLED_SIDE_PX)
    luma = cv2.cvtColor(region[::step, ::step], cv2.COLOR_RGB2GRAY).astype(np.float32)
    luma = np.asarray(cv2.resize(luma, (SURFACE_SIDE_PX, SURFACE_SIDE_PX), interpolation=cv2.INTER_AREA), np.float32)
    flat = luma.ravel()
    rest = flat - _QUADRATIC @ (_QUADRATIC.T @ flat)
    spread = float(rest.std())
    large = min(region.shape[:2]) >= LARGE_PX
    if spread <= FLAT_RATIO[large] * float(flat.mean()) or spread == 0.0:
        return True
    changes = float(cv2.Laplacian(luma, cv2.CV_32F)[2:-2, 2:-2].var()) / spread**2
    return not SMOOTH_RATIO[large] <= changes <= NOISE_RATIO


def without_doubles(faces: Sequence[FoundFace]) -> list[FoundFace]:
    """Keep one detection a face: drop those whose landmarks belong to another one. The order stays.

    The aligner looks beyond the edges of a detector's box. Where a box holds a part of a face (a cheek cut off by the
    photo's edge or by another head), its landmarks slide onto the whole face beside it. Two detections are one face
    when their landmarks coincide (SAME_FACE_RATIO), or when the centre of one's landmarks lies outside of its own box
    and inside that of the other. Kept is the one whose box holds its own landmarks, or the one with the higher score.
    A face whose landmarks slid, but for which the detector itself saw points of its own (two people kissing), stays
    with those and with UNSURE, so that it is told and not read: an answer would need better ones.
    """
    if len(faces) < 2:
        return list(faces)
    boxes = np.array([[found.box.x0, found.box.y0, found.box.x1, found.box.y1] for found, _ in faces])
    points = np.stack([marks.points for _, marks in faces])  # (N, 5, 2)
    holds = _holds(boxes[:, None], points)  # box, landmarks
    double = _coincide(points[:, None], points)
    own = holds.diagonal()
    double |= own[:, None] & holds & ~own  # [kept, dropped]
    kept: list[int] = []
    for row in sorted(range(len(faces)), key=lambda row: (not own[row], -faces[row][0].score)):
        if not double[kept, row].any():
            kept.append(row)
    stay = {row: faces[row] for row in kept}
    for row in sorted(set(range(len(faces))) - stay.keys(), key=lambda row: -faces[row][0].score):
        seen = faces[row][0].points
        others = np.stack([marks.points for _, marks in stay.values()])
        if seen is not None and _holds(boxes[row], seen) and not _coincide(others, seen).any():
            stay[row] = faces[row][0], Landmarks(seen, UNSURE)
    return [stay[row] for row in sorted(stay)]


def _holds(box: FloatArray, points: FloatArray) -> NDArray[np.bool_]:
    """(...) whether the mean of points (..., 5, 2) lies in box (..., 4): x0, y0, x1, y1."""
    centre = points.mean(axis=-2)
    return np.asarray(((box[..., :2] <= centre) & (centre <= box[..., 2:])).all(axis=-1))


def _coincide(one: FloatArray, other: FloatArray) -> NDArray[np.bool_]:
    """(...) whether landmarks (..., 5, 2) are one face's, see SAME_FACE_RATIO."""
    with np.errstate(invalid="ignore"):  # those that are not finite coincide with none
        apart = np.hypot(*np.moveaxis(one - other, -1, 0)).mean(axis=-1)
        eyes = [np.hypot(*np.moveaxis(points[..., 1, :] - points[..., 0, :], -1, 0)) for points in (one, other)]
    return np.asarray(apart < SAME_FACE_RATIO * np.maximum(*eyes))


def _quadratic(side: int) -> FloatArray:
    """An orthonormal basis (side * side, 6) of the surfaces 1, x, y, x^2, xy, y^2 over a square."""
    y, x = (axis.ravel() for axis in np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j])
    basis, _ = np.linalg.qr(np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1))
    return np.asarray(basis, np.float32)


_QUADRATIC: Final = _quadratic(SURFACE_SIDE_PX)
