"""Errors of the shipped 68 points on pictures with given ones: by the whole chain, and by given five points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.detections import matching_face
from evaluation.datasets.pack import read_picture
from evaluation.metrics.bootstrap import mean_figure
from pipeline.dense_landmarks import DenseLandmarks
from pipeline.face_pipeline import FacePipeline
from pipeline.types import Box, FloatArray
from training.data.faces_with_points import FaceWithPoints

OUTER_CORNERS = (36, 45)  # rows of the 68: what 300-W divides by


def measure(
    faces: Sequence[FaceWithPoints], pipeline: FacePipeline, dense: DenseLandmarks
) -> dict[str, dict[str, Any]]:
    """By set: faces, missed, and the NME in percent with its 95 % interval over pictures, chain and given five points.

    `eyes`: over the distance of the eye centres; `corners`: over that of the outer eye corners. Missed faces are left
    out of the mean.
    """
    report: dict[str, dict[str, Any]] = {}
    for name in sorted({face.source for face in faces}):
        part = [face for face in faces if face.source == name]
        chain, given = zip(*(_found(face, pipeline, dense) for face in part), strict=True)
        report[name] = {"faces": len(part), "missed": int(np.isnan([one.sum() for one in chain]).sum())}
        for way, points in (("chain", chain), ("given five", given)):
            off = np.array(
                [np.linalg.norm(a - face.points, axis=1).mean() for a, face in zip(points, part, strict=True)]
            )
            centres = np.array([np.linalg.norm(face.five[1] - face.five[0]) for face in part])
            corners = np.array([np.linalg.norm(np.subtract(*face.points[list(OUTER_CORNERS)])) for face in part])
            report[name][way] = {"eyes": _percent(off / centres), "corners": _percent(off / corners)}
    return report


def _found(face: FaceWithPoints, pipeline: FacePipeline, dense: DenseLandmarks) -> tuple[FloatArray, FloatArray]:
    """(68, 2) by detector and aligner, NaN where the face is missed, and by the given five points."""
    image = read_picture(face.path)
    box = Box(*(face.box or (*face.points.min(axis=0), *face.points.max(axis=0))))
    detected = matching_face(pipeline.detector.detect(image), box)
    (given,) = dense.find(image, [face.five])
    if detected is None:
        return np.full_like(given, np.nan), given
    (marks,) = pipeline.aligner.find(image, [detected])
    return dense.find(image, [marks.points])[0], given


def _percent(errors: NDArray[np.floating]) -> list[float]:
    figure = mean_figure(errors[np.isfinite(errors)])
    return [round(100 * value, 2) for value in (figure.value, figure.low, figure.high)]
