"""What of the suites is kept in the repository: figures without curves, clouds and pictures."""

from __future__ import annotations

from evaluation.documents.base import SCHEMA
from evaluation.documents.in_depth import DepthDocument, ReportDocument

# Fields that a chart needs and a reader of figures does not, by suite.
_DROPPED = {
    "embedder": {"sets": {"__all__": {"roc", "same", "different"}}},
    "robustness": {"before_after": {"__all__": {"__all__": {"leaning_most"}}}},
    "aligner": {"limits": True, "sheet": True, "sets": {"__all__": {"curve"}}},
}


def summary(document: ReportDocument) -> DepthDocument:
    """Turn a report into weights/depth.json, from which the model cards are written."""
    parts = document.parts.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return DepthDocument.model_validate(
        {
            "schema": SCHEMA,
            "embedder": document.embedder,
            "engine": document.engine,
            "files": document.files,
            "parts": _without(parts, _DROPPED),
        }
    )


def _without(value: object, dropped: object) -> object:
    """Return `value` without the keys that `dropped` marks; "__all__" stands for every key."""
    if not isinstance(value, dict) or not isinstance(dropped, dict | set):
        return value
    if isinstance(dropped, set):
        return {key: one for key, one in value.items() if key not in dropped}
    every = dropped.get("__all__")
    return {key: _without(one, dropped.get(key, every)) for key, one in value.items() if dropped.get(key) is not True}
