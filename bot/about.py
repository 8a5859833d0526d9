"""What /about says: versions, weights with what was measured on them, the gallery. Facts only; read at the start."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

RUNTIMES: Final = ("aiogram", "openvino", "faiss-cpu")
CLEAR: Final = "celeba aligned"  # of the evaluation's sets: clear pictures of people that no training saw
POINTS: Final = "helen_afw"  # points set by hand
FACE_PX: Final = 24.0
FALSE_MATCHES: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One shipped network."""

    role: str
    sha256: str
    licence: str
    started_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The figures of weights/evaluation.json that a person may ask for, each with the number behind it."""

    boxes_ap: float  # average precision for faces of 24 px and more
    boxes: int
    points_error: float  # mean, over the distance between the eyes
    points_faces: int
    recognised: float  # share of same-person pairs over the similarity that 1 in 100 pairs of strangers reach
    pictures: int
    first: float  # share of pictures whose person comes first in the whole gallery


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What there is to say, without words."""

    versions: tuple[tuple[str, str], ...]
    networks: tuple[Network, ...] = ()
    measured: Measured | None = None


def known_versions() -> tuple[tuple[str, str], ...]:
    """Our own version and those of what it runs on, as far as installed."""
    found = [("lookalike", _version("lookalike")), ("Python", platform.python_version())]
    return tuple((name, number) for name, number in [*found, *((n, _version(n)) for n in RUNTIMES)] if number)


def network(role: str, facts: dict[str, Any]) -> Network:
    """From a table of weights/manifest.toml."""
    return Network(
        role=role,
        sha256=str(facts.get("sha256", "")),
        licence=str(facts.get("licence", "")),
        started_from=str(facts.get("started_from", "")),
    )


def read_measured(file: Path, *, embedder: str) -> Measured | None:
    """What `lookalike evaluate` wrote; None where it is missing, incomplete, or of another embedder."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        if raw["embedder"] != embedder:
            return None
        boxes = next(one for one in raw["detection"]["overall"] if one["floor_px"] == FACE_PX)
        points = raw["landmarks"][POINTS]["detected"]
        pairs = raw["verification"][CLEAR]
        recognised = next(point for point in pairs["points"] if point["fpr"] == FALSE_MATCHES)
        return Measured(
            boxes_ap=float(boxes["ap"]["value"]),
            boxes=int(boxes["faces"]),
            points_error=float(points["nme"]["value"]),
            points_faces=int(points["faces"]),
            recognised=float(recognised["tpr"]["value"]),
            pictures=int(pairs["pictures"]),
            first=float(raw["identification"][CLEAR]["rank_1"]["value"]),
        )
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return None  # a page without figures is no reason not to start


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
