"""`lookalike evaluate`: weights/evaluation.json."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from evaluation.documents.base import Document, Figure, OperatingPoint


class Verification(Document):
    """Same person or not, over all pairs of a set."""

    people: int
    pictures: int
    same_pairs: int
    different_pairs: int
    points: tuple[OperatingPoint, ...]


class Identification(Document):
    """Rank of the right person in the whole gallery."""

    probes: int
    people: int
    gallery_people: int
    left_out: int
    rank_1: Figure
    rank_8: Figure


class LandmarkScores(Document):
    """Errors of five points over the eye distance. `failures`: limit ("0.08", "0.1") -> share of faces over it."""

    faces: int
    missed: int
    nme: Figure
    nme_with_missed: Figure
    failures: dict[str, Figure]
    auc: Figure


class LandmarkRows(Document):
    """By the detector's box, and by the given one."""

    detected: LandmarkScores
    given: LandmarkScores


class DetectionScores(Document):
    """Boxes of faces from floor_px on, smaller side."""

    floor_px: float
    iou: float
    pictures: int
    faces: int
    ap: Figure
    threshold: float
    recall: Figure
    false_boxes: int


class EmptyPictures(Document):
    """What the whole pipeline finds where nobody is."""

    pictures: int
    turned_boxes: int
    turned_pictures: int
    turned_usable: int


class DetectionRows(Document):
    """All sources together at every floor, each source, and the empty pictures. Keys of floors: "0", "16", "24"."""

    overall: tuple[DetectionScores, ...]
    by_source: dict[str, tuple[DetectionScores, ...]]
    ap_50_95: dict[str, float]
    ap_small_boxes_dropped: dict[str, float]
    empty_upright_boxes: int
    empty_upright_pictures: int
    empty: EmptyPictures


class Agreement(Document):
    """One aspect of looks: labelled matches that have the asker's word."""

    askers: int
    first: Figure
    eight: Figure


class Likeness(Document):
    """One group of askers, answered in one way."""

    pictures: int
    people: int
    unlabelled_first: float
    unlabelled_eight: float
    aspects: dict[str, Agreement]  # sex, young, hair, glasses, beard
    other_sex: Figure
    of_fifty: Figure


class Doubled(Document):
    """Cards on which two people seem to be one."""

    cards: int
    doubled: int


class LikenessPart(Document):
    """`ways`: how it was answered -> group of askers -> figures. `gains`: of the first match's sex, as shipped."""

    ways: dict[str, dict[str, Likeness]]
    gains: dict[str, Figure]
    twice_on_a_card: Doubled


class RarityCell(Document):
    """One size of gallery, one share of strangers that was measured, and what a card says there."""

    people: int
    measured: float
    similarity: float
    said: float
    bound: str
    ratio: Figure  # said over measured
    factor: float


class RarityTable(Document):
    """One set of askers. `galleries`: how many of each size were asked in."""

    pictures: int
    people: int
    galleries: tuple[int, ...]
    cells: tuple[RarityCell, ...]


class RarityPart(Document):
    """Is the rarity that cards of other galleries claim true?"""

    crowding: float
    tables: dict[str, RarityTable]


class EvaluationDocument(Document):
    """`lookalike evaluate`: weights/evaluation.json. Parts that were not measured are None and not written."""

    schema_: int = Field(alias="schema")
    embedder: str
    files: dict[str, str]  # detector, aligner, embedder -> SHA-256
    engine: str
    limit: int | None = None
    verification: dict[str, Verification] | None = None
    identification: dict[str, Identification] | None = None
    landmarks: dict[str, LandmarkRows] | None = None
    detection: DetectionRows | None = None
    likeness: LikenessPart | None = None
    rarity: RarityPart | None = None
    calibration: dict[str, Any] | None = None  # weights/calibration.json has its own reader
    seconds: dict[str, float] = Field(default_factory=dict)
