"""What /about says: versions, weights with what was measured on them, the gallery. Facts only; read at the start."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

RUNTIMES: Final = ("aiogram", "openvino", "faiss-cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One shipped network."""

    role: str
    sha256: str
    licence: str
    started_from: str
    scores: tuple[tuple[str, str], ...]  # name and value, as the manifest says them


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What there is to say, without words."""

    versions: tuple[tuple[str, str], ...]
    networks: tuple[Network, ...] = ()


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
        scores=tuple(_scores(facts.get("scores", {}))),
    )


def _scores(table: Any) -> list[tuple[str, str]]:
    if not isinstance(table, dict):
        return []
    return [
        (name, f"{value:.3f}" if isinstance(value, float) else str(value))
        for name, value in table.items()
        if isinstance(value, int | float | str)
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
