"""Errors of many points on pictures with given ones: by the whole chain, and by given five points."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.detections import matching_face
from evaluation.datasets.pack import read_picture
from evaluation.metrics.bootstrap import mean_figure
from pipeline.dense_landmarks import DenseLandmarks
from pipeline.engine import open_engine
from pipeline.face_pipeline import FacePipeline
from pipeline.manifest import InputSpec, NetworkFacts
from pipeline.similarity import CROP_SIDE_PX
from pipeline.types import Box, FloatArray, Points5
from training.command_line import Refused
from training.data.faces_with_points import SCHEMAS, FaceWithPoints, Schema
from training.export.onnx import write_record
from training.landmarks.dense.batches import ROWS_OF_68

OUTER_CORNERS = (36, 45)  # rows of the 68: what 300-W divides by


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A network of many points with its record, through the shipped engine."""

    dense: DenseLandmarks
    schema: Schema
    record: Path
    sha256: str  # of the file


def open_exported(record: Path, *, threads: int = 1) -> Exported:
    """Open the file that a record tells of, in the folder above the record's. Raises Refused, EngineFailed."""
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
        schema = Schema(told["recipe"]["network"]["points"])
        facts = NetworkFacts(
            role="landmarks68",
            kind="ibug68",
            path=record.parent.parent / told["file"],
            sha256=told["sha256"],
            input=InputSpec(name="images", sizes_px=(CROP_SIDE_PX,), color="RGB", mean=(127.5,) * 3, std=(127.5,) * 3),
            outputs=("points",),
            precision="f32",
            licence=told["licence"],
            facts={},
        )
    except (OSError, ValueError, KeyError) as error:
        raise Refused(f"{record} is no record of an exported network of points: name one, or export first") from error
    dense = DenseLandmarks(open_engine(facts, threads=threads, buckets=(1,)), count=SCHEMAS[schema].count)
    return Exported(dense=dense, schema=schema, record=record, sha256=told["sha256"])


def chain_points(faces: Sequence[FaceWithPoints], pipeline: FacePipeline) -> list[Points5 | None]:
    """Five points of every face by detector and aligner; None where the face is missed."""
    found: list[Points5 | None] = []
    for face in faces:
        image = read_picture(face.path)
        box = Box(*(face.box or (*face.points.min(axis=0), *face.points.max(axis=0))))
        detected = matching_face(pipeline.detector.detect(image), box)
        found.append(None if detected is None else pipeline.aligner.find(image, [detected])[0].points)
    return found


def measure(
    faces: Sequence[FaceWithPoints], fives: Sequence[Points5 | None], exported: Exported
) -> dict[str, dict[str, Any]]:
    """By set: faces, missed, and the NME in percent with its 95 % interval over pictures, chain and given five points.

    faces: with 68 points, of which the network's own count. fives: theirs by the chain. `eyes`: over the distance of
    the eye centres; `corners`: over that of the outer eye corners. Missed faces are left out of the mean.
    """
    report: dict[str, dict[str, Any]] = {}
    own = ROWS_OF_68[exported.schema]
    for name in sorted({face.source for face in faces}):
        rows = [row for row, face in enumerate(faces) if face.source == name]
        part = [faces[row] for row in rows]
        chain, given = zip(*(_found(faces[row], fives[row], exported.dense) for row in rows), strict=True)
        report[name] = {"faces": len(part), "missed": int(np.isnan([one.sum() for one in chain]).sum())}
        for way, points in (("chain", chain), ("given five", given)):
            off = np.array(
                [np.linalg.norm(a - face.points[own], axis=1).mean() for a, face in zip(points, part, strict=True)]
            )
            centres = np.array([np.linalg.norm(face.five[1] - face.five[0]) for face in part])
            corners = np.array([np.linalg.norm(np.subtract(*face.points[list(OUTER_CORNERS)])) for face in part])
            report[name][way] = {"eyes": _percent(off / centres), "corners": _percent(off / corners)}
    return report


def _found(face: FaceWithPoints, five: Points5 | None, dense: DenseLandmarks) -> tuple[FloatArray, FloatArray]:
    """(N, 2) by the chain's five points, NaN where the face is missed, and by the given five."""
    image = read_picture(face.path)
    (given,) = dense.find(image, [face.five])
    return (np.full_like(given, np.nan) if five is None else dense.find(image, [five])[0]), given


def keep(exported: Exported, split: str, figures: dict[str, Any], *, chain: Mapping[str, str]) -> None:
    """Put figures into the network's record, beside those of other splits. chain: role -> SHA-256 of its files."""
    told = json.loads(exported.record.read_text(encoding="utf-8"))
    told["scores"] = told.get("scores", {}) | {split: figures}
    write_record(exported.record, told | {"measured_with": dict(chain)})


def _percent(errors: NDArray[np.floating]) -> list[float]:
    figure = mean_figure(errors[np.isfinite(errors)])
    return [round(100 * value, 2) for value in (figure.value, figure.low, figure.high)]
