"""Faces straightened by many points instead of five: what the embedder's TPR makes of it, on val people.

Every way begins with the shipped aligner's five points on a box round the given ones. The 68 are reduced to five, as
a set of 68 is for training; the twelve have only eyes, so their centres are brought level at a fixed distance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from evaluation.cli import Opened
from evaluation.datasets.alignments import Matrix, eyes_level
from evaluation.datasets.detections import box_round
from evaluation.datasets.pack import FacePicture, read_picture
from evaluation.documents.base import plain
from evaluation.metrics import verification
from pipeline.errors import DegeneratePoints
from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX, estimate_similarity, warp
from pipeline.types import Detection, FloatArray, Points5, Rgb8
from training.data.faces_with_points import SCHEMAS, Schema
from training.export.onnx import current_commit, write_record
from training.landmarks.dense.evaluate import Exported

SETS: Final = ("celeba aligned", "wild")
FPRS: Final = (0.01, 0.001)
KEPT: Final = 0.15  # of the different pairs, the most alike: well above the largest FPR asked for
BASE: Final = "the aligner's five"


def compare_alignments(opened: Opened, networks: Sequence[Exported], *, out: Path) -> Path:
    """Write out/records/alignments.json: TPR by each network's points, and the gain over the aligner's five."""
    sets: dict[str, Any] = {}
    for name in SETS:
        pictures = opened.evaluation.people_sets()[name].pictures
        sets[name] = {"people": len({one.person for one in pictures}), "pictures": len(pictures)}
        scores: dict[str, verification.PairScores] = {}
        for words, straighten in _ways(opened, networks).items():
            # The aligner's five straighten the crops, or the crops that the others look at: kept apart by its file.
            otherwise = f"{words} {opened.files['aligner']}"
            seen = opened.evaluation.embed(f"{name}: {words}", pictures, straighten=straighten, otherwise=otherwise)
            pairs = verification.all_pairs(seen.vectors, seen.people)
            scores[words] = verification.hardest(pairs, KEPT)
            points = verification.verify(scores[words], fprs=FPRS).points
            sets[name][words] = {f"tpr@{point.fpr:g}": plain(point.tpr) for point in points}
            if words != BASE:
                gains = verification.paired_gain(scores[BASE], scores[words], fprs=FPRS)
                sets[name][words] |= {f"gain@{fpr:g}": plain(gain) for fpr, gain in zip(FPRS, gains, strict=True)}
    path = out / "records" / "alignments.json"
    record = {
        "measures": "TPR on val people by the points that straighten a face; gains paired over people",
        "files": dict(opened.files) | {one.record.stem: one.sha256 for one in networks},
        "commit": current_commit(),
        "sets": sets,
    }
    write_record(path, record)
    return path


def table(record: dict[str, Any]) -> str:
    """The record as lines."""
    lines = []
    for name, ways in record["sets"].items():
        for words, row in ways.items():
            if isinstance(row, dict):
                told = "  ".join(
                    f"{at} {one['value']:.4f} ({one['low']:.4f} to {one['high']:.4f})" for at, one in row.items()
                )
                lines.append(f"{name}, n {ways['pictures']:,}, {words}: {told}")
    return "\n".join(lines)


def matrix_by(schema: Schema, points: FloatArray) -> Matrix:
    """(2, 3) from the picture to the 112 px crop, by (N, 2) found points of a schema. Raises DegeneratePoints."""
    by = SCHEMAS[schema].to_align(points)
    return eyes_level(by) if len(by) == 2 else estimate_similarity(by, ARCFACE_TEMPLATE)


def _ways(opened: Opened, networks: Sequence[Exported]) -> dict[str, Callable[[FacePicture], Rgb8]]:
    def five(picture: FacePicture) -> tuple[Rgb8, Points5]:
        image = read_picture(picture.file)
        return image, opened.pipeline.aligner.find(image, [Detection(box_round(picture.points), 1.0)])[0].points

    def by_five(picture: FacePicture) -> Rgb8:
        image, points = five(picture)
        return warp(image, matrix_by(Schema.CELEBA5, points), side_px=CROP_SIDE_PX)

    def by(network: Exported) -> Callable[[FacePicture], Rgb8]:
        def straighten(picture: FacePicture) -> Rgb8:
            image, points = five(picture)
            try:
                matrix = matrix_by(network.schema, network.dense.find(image, [points])[0])
            except DegeneratePoints:
                matrix = matrix_by(Schema.CELEBA5, points)
            return warp(image, matrix, side_px=CROP_SIDE_PX)

        return straighten

    return {BASE: by_five} | {f"{network.schema}, {network.sha256[:8]}": by(network) for network in networks}
