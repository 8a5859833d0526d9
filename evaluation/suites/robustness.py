"""What spoils a match, and by how much: the embedder's metric under worse pictures and other points. One JSON document.

Two sorts of conditions. Where the way of finding or straightening changes, both pictures of a pair are seen so. Where
a picture is spoilt, one picture of each pair is (in turn the earlier and the later one): the user's photo is bad, the
gallery is not. Two figures each: TPR at FPR 0.01 with a threshold of its own, the metric of everything else; and TPR
and FPR at the threshold of the clean set, which is what a product with one threshold lives with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from evaluation.datasets import alignments
from evaluation.datasets.corruptions import with_few_pixels, with_jpeg, with_mask, with_sunglasses
from evaluation.datasets.detections import PointFinder, box_round
from evaluation.datasets.embeddings import Embedded, straightened
from evaluation.datasets.end_to_end import PhotoReader, answer, with_misses
from evaluation.datasets.pack import FacePicture, read_picture
from evaluation.documents.base import document_of
from evaluation.documents.in_depth import RobustnessPart
from evaluation.metrics import curves, groups, verification
from evaluation.metrics.bootstrap import Figure
from evaluation.metrics.verification import PairScores
from evaluation.suites.shipped import Evaluation
from pipeline.errors import DegeneratePoints
from pipeline.landmarks import crop_matrix
from pipeline.quality import yaw_deg
from pipeline.similarity import CROP_SIDE_PX, align_face, warp
from pipeline.types import Detection, Points5, Rgb8

FPRS: Final = (0.01, 0.001)
KEPT: Final = 0.15  # share of the different pairs that resampling keeps, well above the largest FPR asked for
KEEP_FROM: Final = 0.05  # similarity; the pairs below lie under every threshold asked for
TURNED_DEG: Final = 40.0
SETS: Final = ("celeba aligned", "wild")
EXAMPLES: Final = 10
MAX_LEAN_DEG: Final = 30.0  # hand-held photos lean; the pack's pictures were straightened before they were stored


class WholePipeline(PhotoReader, Protocol):
    """pipeline.face_pipeline.FacePipeline, as far as it is needed here."""

    @property
    def aligner(self) -> PointFinder: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One way to make crops worse or otherwise."""

    words: str
    straighten: Callable[[FacePicture], Rgb8]
    one_side: bool
    by: str = ""  # SHA-256 of the file that decides the crops, where one does: vectors are kept apart by it


def conditions(aligner: PointFinder, aligner_id: str) -> dict[str, Condition]:
    """Every condition but the clean one and end to end. aligner_id: SHA-256 of the aligner's file."""

    def spoilt(words: str, how: Callable[[Rgb8], Rgb8]) -> Condition:
        return Condition(words=words, straighten=lambda picture: how(straightened(picture)), one_side=True)

    def by(words: str, matrix: Callable[[Points5], alignments.Matrix]) -> Condition:
        return Condition(words=words, straighten=lambda picture: _warped(picture, matrix), one_side=False)

    return {
        "points": Condition(
            words="points of the shipped aligner, box round the given ones",
            straighten=lambda picture: _with_found_points(picture, aligner),
            one_side=False,
            by=aligner_id,
        ),
        "sunglasses": spoilt("sunglasses drawn on", with_sunglasses),
        "mask": spoilt("mask drawn on", with_mask),
        "small": spoilt("crop shrunk to 40 px", with_few_pixels),
        "jpeg": spoilt("JPEG of quality 30", with_jpeg),
        "eyes level": by("eyes level at a fixed distance", alignments.eyes_level),
        "nose in the middle": by("eyes level, nose in the middle column", alignments.eyes_level_nose_centred),
        "leaning": Condition(
            words=f"not straightened, heads leaning up to {MAX_LEAN_DEG:.0f} degrees",
            straighten=_leaning,
            one_side=False,
        ),
    }


def measure(run: Evaluation, pipeline: WholePipeline, *, aligner_id: str) -> RobustnessPart:
    """Every condition on each set, end to end among them. aligner_id: SHA-256 of the aligner's file."""
    document: dict[str, Any] = {"sets": {}, "yaw": {}, "before_after": {}}
    resamples = run.resamples // 2
    for name in SETS:
        clean = run.people_sets()[name]
        before = verification.all_pairs(clean.vectors, clean.people, floor=KEEP_FROM)
        threshold = verification.verify(before, fprs=FPRS, resamples=0).at(0.01).threshold
        lines: dict[str, Any] = {"clean": _line("as given: five points, clean", before, None, threshold, resamples)}
        for key, condition in conditions(pipeline.aligner, aligner_id).items():
            otherwise = f"{key} {condition.by}".strip()
            other = run.embed(f"{name}: {key}", clean.pictures, straighten=condition.straighten, otherwise=otherwise)
            if len(other.pictures) != len(clean.pictures):
                continue  # a picture without a vector would shift the pairs; none of the pack is
            scores = (
                verification.all_pairs(clean.vectors, clean.people, others=other.vectors, floor=KEEP_FROM)
                if condition.one_side
                else verification.all_pairs(other.vectors, other.people, floor=KEEP_FROM)
            )
            lines[key] = _line(condition.words, scores, before, threshold, resamples)
            if key == "leaning":
                document["before_after"][name] = _before_after(clean, other)
        lines["end to end"] = _end_to_end(
            run, name, clean=clean, pipeline=pipeline, threshold=threshold, resamples=resamples
        )
        document["sets"][name] = lines
    for name, clean in run.people_sets().items():
        document["yaw"][name] = _by_yaw(clean, resamples)
    return document_of(RobustnessPart, document)


def _line(
    words: str, scores: PairScores, before: PairScores | None, threshold: float, resamples: int
) -> dict[str, Any]:
    tail = verification.hardest(scores, KEPT)
    comparable = before is not None and np.array_equal(before.pictures_of, scores.pictures_of)
    gain = (
        verification.paired_gain(verification.hardest(before, KEPT), tail, fprs=FPRS, resamples=resamples)
        if before is not None and comparable
        else None
    )
    return {
        "words": words,
        "points": verification.verify(tail, fprs=FPRS, resamples=resamples).points,
        "gain": None if gain is None else dict(zip(map(str, FPRS), gain, strict=True)),
        "at_clean_threshold": {
            "tpr": curves.same_at_or_above(scores, threshold),
            "fpr": curves.share_at_or_above(scores, threshold),
        },
    }


def _end_to_end(
    run: Evaluation, name: str, *, clean: Embedded, pipeline: PhotoReader, threshold: float, resamples: int
) -> dict[str, Any]:
    with run.progress(f"{name}: whole files", len(clean.pictures)) as shown:
        answered = answer(clean.pictures, pipeline, advance=shown)
    found = [clean.pictures[row].person for row in answered.rows]
    scores = verification.all_pairs(answered.vectors, found, floor=KEEP_FROM)
    scores = with_misses(scores, found=found, everybody=[picture.person for picture in clean.pictures])
    counts = {outcome: answered.outcomes.count(outcome) for outcome in ("answered", "refused", "not found")}
    words = "end to end: files through detector, aligner, embedder"
    if scores.different_total:
        line = _line(words, scores, None, threshold, resamples)
    else:  # fewer than two people were answered: nobody is told apart, so no pair is matched
        none = Figure(0.0, 0.0, 0.0)
        points = [
            verification.OperatingPoint(
                fpr=fpr, threshold=1.0, tpr=none, threshold_interval=(1.0, 1.0), false_matches=0
            )
            for fpr in FPRS
        ]
        line = {"words": words, "points": points, "gain": None, "at_clean_threshold": {"tpr": 0.0, "fpr": 0.0}}
    return line | {"outcomes": counts, "other_face": answered.other_face}


def _by_yaw(clean: Embedded, resamples: int) -> dict[str, Any]:
    """Pairs with a head turned further than TURNED_DEG in one picture or both, and the others, at one threshold."""
    scores = verification.all_pairs(clean.vectors, clean.people, floor=KEEP_FROM)
    threshold = verification.verify(scores, fprs=(0.01,), resamples=0).points[0].threshold
    turned = np.array([abs(yaw_deg(picture.points)) > TURNED_DEG for picture in clean.pictures])
    return {
        "threshold": threshold,
        "over": groups.at_threshold(
            clean.vectors, clean.people, turned, threshold=threshold, pairing="either", resamples=resamples
        ),
        "under": groups.at_threshold(
            clean.vectors, clean.people, ~turned, threshold=threshold, pairing="both", resamples=resamples
        ),
    }


def _before_after(after: Embedded, before: Embedded) -> dict[str, Any]:
    """Cosines of pairs without and with straightening: the means, and those of the pairs whose faces lean the most.

    before: the same pictures, each leaning by `lean_deg` and cut by a box.
    """
    people = after.people
    leans = np.array([lean_deg(picture) for picture in after.pictures])
    apart = np.abs(leans[:, None] - leans[None, :])
    same = np.triu(people[:, None] == people[None, :], k=1)
    different = np.triu(people[:, None] != people[None, :], k=1)
    with_, without = after.vectors @ after.vectors.T, before.vectors @ before.vectors.T
    document: dict[str, Any] = {}
    for kind, mask in (("same", same), ("different", different)):
        rows, columns = np.nonzero(mask)
        order = np.argsort(-apart[rows, columns], kind="stable")[:EXAMPLES]
        document[kind] = {
            "pairs": len(rows),
            "before": float(without[mask].mean()) if len(rows) else float("nan"),
            "after": float(with_[mask].mean()) if len(rows) else float("nan"),
            "leaning_most": [
                {
                    "apart_deg": float(apart[rows[k], columns[k]]),
                    "before": float(without[rows[k], columns[k]]),
                    "after": float(with_[rows[k], columns[k]]),
                }
                for k in order
            ],
        }
    return document


def lean_deg(picture: FacePicture) -> float:
    """How far a picture is leant, -MAX_LEAN_DEG..MAX_LEAN_DEG, by its name: the pack's own pictures stand straight."""
    drawn = int.from_bytes(hashlib.sha256(picture.file.name.encode()).digest()[:4], "big") / 2**32
    return MAX_LEAN_DEG * (2.0 * drawn - 1.0)


def _leaning(picture: FacePicture) -> Rgb8:
    matrix = alignments.unstraightened(picture.points, lean_deg=lean_deg(picture))
    return warp(read_picture(picture.file), matrix, side_px=CROP_SIDE_PX)


def _warped(picture: FacePicture, matrix: Callable[[Points5], alignments.Matrix]) -> Rgb8:
    return warp(read_picture(picture.file), matrix(picture.points), side_px=CROP_SIDE_PX)


def _with_found_points(picture: FacePicture, aligner: PointFinder) -> Rgb8:
    """Straightened by what the aligner finds; by the box alone where its points are one, as the pipeline has it."""
    image, box = read_picture(picture.file), box_round(picture.points)
    (found,) = aligner.find(image, [Detection(box, 1.0)])
    try:
        return align_face(image, found.points)
    except DegeneratePoints:
        return warp(image, crop_matrix(box, side_px=CROP_SIDE_PX), side_px=CROP_SIDE_PX)
