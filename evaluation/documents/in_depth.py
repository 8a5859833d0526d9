"""The suites that measure in depth: weights/depth.json, and the JSON behind a report's page."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from evaluation.documents.base import Curve, Document, Figure, OperatingPoint
from evaluation.documents.shipped import (
    DetectionScores,
    EvaluationDocument,
    Identification,
    LandmarkScores,
    Verification,
)


class Nearest(Document):
    """Accuracy@1 within a set."""

    probes: int
    people: int
    picture: Figure
    person: Figure


class SetInDepth(Document):
    """One set of people. Curves are None in weights/depth.json."""

    verification: Verification
    nearest: Nearest
    roc: Curve | None = None  # (FPR, TPR)
    same: tuple[float, ...] | None = None  # share of pairs in each bin of similarity
    different: tuple[float, ...] | None = None


class GroupFigures(Document):
    """A group's pairs at the threshold of its whole set."""

    pictures: int
    people: int
    same_pairs: int
    different_pairs: int
    threshold: float
    tpr: Figure
    fpr: Figure


class Groups(Document):
    """Every group of a set at one threshold; "all" is the whole set."""

    set: str
    fpr: float
    threshold: float | None
    groups: dict[str, GroupFigures]


class BandFloor(Document):
    """Where a band of /compare begins."""

    key: str
    floor: float


class Bands(Document):
    """What the shipped table of pairs promises, and what each set shows, similarity by similarity."""

    promised: tuple[float, ...]
    similarity: tuple[float, ...]
    floors: tuple[BandFloor, ...]
    strangers: dict[str, tuple[float, ...]]
    same: dict[str, tuple[float, ...]]
    pairs: dict[str, int]


class EmbedderPart(Document):
    """The embedder in depth."""

    sets: dict[str, SetInDepth]
    held_out: dict[str, Verification]
    identification: dict[str, Identification]
    groups: tuple[Groups, ...]
    gaps: tuple[str, ...]
    bands: Bands | None = None


class AtCleanThreshold(Document):
    """Rates at the threshold of the clean pictures."""

    tpr: float | None
    fpr: float | None


class Outcomes(Document):
    """Pictures as files through the whole product."""

    answered: int
    refused: int
    not_found: int = Field(alias="not found")


class Condition(Document):
    """The embedder's figures under one condition; `outcomes` and `other_face` end to end alone."""

    words: str
    points: tuple[OperatingPoint, ...]
    gain: dict[str, Figure] | None
    at_clean_threshold: AtCleanThreshold
    outcomes: Outcomes | None = None
    other_face: int | None = None


class YawPart(Document):
    """Pairs with a turned head, and those without."""

    threshold: float | None
    over: GroupFigures
    under: GroupFigures


class LeaningPair(Document):
    """One pair's cosines before and after alignment."""

    apart_deg: float
    before: float
    after: float


class BeforeAfter(Document):
    """Mean cosines of pairs before and after alignment."""

    pairs: int
    before: float | None
    after: float | None
    leaning_most: tuple[LeaningPair, ...] | None = None


class RobustnessPart(Document):
    """What makes matches worse."""

    sets: dict[str, dict[str, Condition]]
    yaw: dict[str, YawPart]
    before_after: dict[str, dict[str, BeforeAfter]]


class AlignerSet(Document):
    """One set of faces with points."""

    all: LandmarkScores
    curve: tuple[float, ...] | None = None  # share of faces with at most each of AlignerPart.limits
    by_yaw: dict[str, LandmarkScores]


class DoubtBin(Document):
    """Faces of one range of expected error."""

    faces: int
    expected: float
    came: float
    over_10: float


class Doubt(Document):
    """The network's own estimate of its error against the error that came."""

    faces: int
    rank_correlation: float | None
    bins: tuple[DoubtBin, ...]


class SheetFace(Document):
    """True and found points of one face in its box's frame, 0..1."""

    set: str
    error: float
    true: Curve
    found: Curve


class CoveredRow(Document):
    """Faces spoilt in one way, as the product answers: shares of all that were shown."""

    faces: int
    not_found: int
    upside_down: Figure  # usable, and read the wrong way up
    refused: Figure
    refused_for: dict[str, int]  # by the refusal's code


class BlurRow(Document):
    """Whole faces under one Gaussian. sigma: over the eye distance; sharpness: the median, as measured."""

    sigma: float
    faces: int
    found: int
    usable: Figure
    sharpness: float | None


class CoveredPart(Document):
    """Faces cut by the photo's edge, covered, and blurred."""

    rows: dict[str, CoveredRow]  # by kind; "whole", and "all cut and covered" together
    blurred: tuple[BlurRow, ...]


class AlignerPart(Document):
    """The aligner in depth."""

    limits: tuple[float, ...] | None = None
    sets: dict[str, AlignerSet]
    doubt: Doubt
    covered: CoveredPart | None = None
    sheet: tuple[SheetFace, ...] | None = None


class FloorScores(Document):
    """Average precision from one floor on."""

    at_50: DetectionScores
    ap_50_95: float | None


class SizeRow(Document):
    """Recall of faces whose smaller side lies in [from_px, to_px); to_px None: no end."""

    from_px: float
    to_px: float | None
    faces: int
    recall: float


class DetectorWay(Document):
    """One way to run the detector. `stopped`: the share of pictures where the small pass was enough."""

    floors: dict[str, FloorScores]
    false_on_empty: int
    empty: int
    ms_median: float
    by_size: tuple[SizeRow, ...]
    stopped: float | None = None


class Answered(Document):
    """What the whole product finds in photos that lie one way."""

    photos: int
    faces: int
    recall: float | None
    interval: tuple[float, float] | None = None  # of the recall, over photos
    false_boxes: int


class FrameFilling(Document):
    """Photos cut so tightly that a face fills them."""

    photos: int
    found: int


class AnsweredPart(Document):
    """What the whole product finds by the way photos lie, and what the detector makes of hard frames."""

    turned: dict[str, Answered]
    frame_filling: FrameFilling
    contact_sheets: tuple[int, ...]


class DetectorPart(Document):
    """The detector in depth; `shipped` names one of `ways`."""

    threshold: float
    ways: dict[str, DetectorWay]
    shipped: str
    turned: dict[str, Answered]
    frame_filling: FrameFilling
    contact_sheets: tuple[int, ...]


class Parts(Document):
    """The suites that were run."""

    embedder: EmbedderPart | None = None
    robustness: RobustnessPart | None = None
    aligner: AlignerPart | None = None
    detector: DetectorPart | None = None


class LearningCurve(Document):
    """One training: points (step or epoch, value)."""

    run: str
    unit: str
    loss: Curve
    checks: dict[str, Curve]


class DepthDocument(Document):
    """Figures of the suites without curves, clouds and pictures: weights/depth.json."""

    schema_: int = Field(alias="schema")
    embedder: str
    engine: str
    files: dict[str, str]
    parts: Parts


class ReportDocument(Document):
    """Everything that the HTML page shows."""

    embedder: str
    engine: str
    limit: int | None = None
    files: dict[str, str] = Field(default_factory=dict)
    parts: Parts
    evaluation: EvaluationDocument | None = None
    calibration: dict[str, Any] | None = None
    learning: tuple[LearningCurve, ...] = ()
