"""Documents, figures with intervals, and how the metrics' numbers become JSON.

A figure that could not be measured (NaN in the metrics) is None.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict

SCHEMA: Final = 1
Curve = tuple[tuple[float, float], ...]


class Document(BaseModel):
    """Frozen; a field that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


DocumentT = TypeVar("DocumentT", bound=Document)


class Figure(Document):
    """A measured number with its 95 % interval; all None where there was nothing to measure or to resample."""

    value: float | None
    low: float | None
    high: float | None


class OperatingPoint(Document):
    """TPR and threshold at one FPR."""

    fpr: float
    threshold: float | None
    tpr: Figure
    threshold_interval: tuple[float | None, float | None]
    false_matches: int


def point_at(points: Sequence[OperatingPoint], fpr: float) -> OperatingPoint:
    """Return the point of one FPR. Raises KeyError when that was not measured."""
    for point in points:
        if math.isclose(point.fpr, fpr):
            return point
    raise KeyError(fpr)


def as_json(document: Document) -> dict[str, Any]:
    """Return what json writes; fields that were left out are left out again."""
    return document.model_dump(mode="json", by_alias=True, exclude_unset=True)


def plain(value: object) -> Any:
    """Turn dataclasses, tuples and NumPy numbers into what json takes: six digits, NaN as None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if not isinstance(value, float):
        return value
    return round(float(value), 6) if math.isfinite(value) else None


def document_of(kind: type[DocumentT], value: object) -> DocumentT:
    """Make a typed document of what the metrics gave."""
    return kind.model_validate(plain(value))


def read(path: Path, kind: type[DocumentT]) -> DocumentT | None:
    """Read a document of `kind`; None where it is missing, of another schema, or not one."""
    try:
        document = kind.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if getattr(document, "schema_", SCHEMA) == SCHEMA else None
