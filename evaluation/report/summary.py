"""What of the deep parts is kept in the repository: figures without curves, clouds and pictures. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

SCHEMA: Final = 1
PARTS: Final = ("embedder", "robustness", "aligner", "detector")
# Lists and clouds that a chart needs and a reader of figures does not. A mapping so named holds figures and stays.
BULKY: Final = frozenset({"roc", "same", "different", "curve", "limits", "sheet", "leaning_most"})
DROPPED: Final = frozenset({"projection"})


def summary(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a report -> weights/depth.json, which the model cards are written from."""
    return {
        "schema": SCHEMA,
        **{name: document[name] for name in ("embedder", "engine", "files")},
        "parts": {name: _thinned(document["parts"][name]) for name in PARTS if name in document["parts"]},
    }


def _thinned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _thinned(one)
            for key, one in value.items()
            if key not in DROPPED and not (key in BULKY and isinstance(one, list))
        }
    return [_thinned(one) for one in value] if isinstance(value, list) else value
