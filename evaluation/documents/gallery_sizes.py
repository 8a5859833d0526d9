"""weights/sizes.json: what a question costs as a gallery grows, and what it misses."""

from __future__ import annotations

from pydantic import Field

from evaluation.documents.base import SCHEMA, Document, Figure

Quantiles = tuple[float, float, float]  # 0.05, 0.5, 0.95


class Nearest(Document):
    """Cosines of the nearest and the eighth nearest person, over who asks."""

    people: int  # in the gallery
    asking: int
    first: Quantiles
    eighth: Quantiles


class SizeRow(Document):
    """One way to search a gallery of one size."""

    kind: str
    people: int
    build_s: float  # processor time
    bytes_a_vector: float  # of the file that is searched
    p50_ms: float  # processor time of one question in one thread
    p95_ms: float
    recall: Figure  # of the eight, drawn people asking
    recall_real: Figure  # the same, real people asking whom the drawing did not see


class SizesDocument(Document):
    """All that `lookalike evaluate sizes` measures."""

    schema_: int = Field(SCHEMA, alias="schema")
    embedder: str
    dimension: int
    machine: str
    real: Nearest  # real people asking real ones
    drawn: Nearest  # drawn people asking as many drawn ones
    rows: tuple[SizeRow, ...]
