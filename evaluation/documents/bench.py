"""`make bench`: weights/bench.json."""

from __future__ import annotations

from pydantic import Field

from evaluation.documents.base import Document
from evaluation.documents.shipped import DetectionScores, Verification


class Spread(Document):
    """The median of the rounds, and the least and the most."""

    median: float
    least: float
    most: float


class SystemSpeed(Document):
    """One system; milliseconds a photo without the start, after a first pass over all photos."""

    formats: dict[str, str]  # network -> number format it is computed in
    ms: Spread
    processor_ms: Spread  # time of all threads on the processor: other processes disturb it less
    of_fastest_peer: Spread | None = None  # `processor_ms` of each round over the fastest other package's
    stages_ms: dict[str, float]  # decode, detect, align, embed; medians
    first_answer_s: Spread  # from the start of the process to the first photo's embeddings
    first_run_s: Spread | None = None  # likewise where no compiled network is kept yet
    peak_mb: float
    found: int  # of the labelled faces
    others: int  # embedded and not labelled


class PeerAccuracy(Document):
    """Another package's figures on our val sets; ours stand in weights/evaluation.json."""

    detection: tuple[DetectionScores, ...] = ()
    empty_boxes: int | None = None  # at the package's own threshold, on pictures without people
    verification: dict[str, Verification] = Field(default_factory=dict)


class BenchDocument(Document):
    """How long photos of `side_px` take, files in, embeddings out, `threads` threads."""

    schema_: int = Field(alias="schema")
    files: dict[str, str]  # detector, aligner, embedder -> SHA-256 of ours
    machine: str
    threads: int
    photos: int
    side_px: int
    faces: int
    rounds: int
    packages: dict[str, str]  # package -> version
    systems: dict[str, SystemSpeed]
    accuracy: dict[str, PeerAccuracy]
