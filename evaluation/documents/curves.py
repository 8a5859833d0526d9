"""weights/curves.json: what the pictures of docs/ are drawn from, so that drawing needs neither data nor networks."""

from __future__ import annotations

from pydantic import Field

from evaluation.documents.base import SCHEMA, Curve, Document
from evaluation.documents.in_depth import LearningCurve


class PairCurves(Document):
    """All pairs of one set of people, as one network sees them."""

    same: tuple[float, ...]  # shares of the pairs in equal bins of similarity over `similarities`
    different: tuple[float, ...]
    roc: Curve  # (FPR, TPR)


class SetCurves(Document):
    """One set of people: the networks as they were published, and as they ship."""

    people: int
    pictures: int
    before: PairCurves
    after: PairCurves


class ErrorCurve(Document):
    """One set of faces: the share with at most each error; a missed face never arrives."""

    faces: int
    curve: Curve  # (mean distance / eye distance, share)


class CurvesDocument(Document):
    """Everything that is drawn."""

    schema_: int = Field(SCHEMA, alias="schema")
    files: dict[str, str]  # detector, aligner, embedder -> SHA-256
    similarities: tuple[float, float]  # ends of the bins
    sets: dict[str, SetCurves]
    aligner: dict[str, ErrorCurve]
    learning: tuple[LearningCurve, ...]
