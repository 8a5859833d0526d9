"""What stands under one heading of the report's page, and what its charts are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from evaluation.documents.base import Figure
from evaluation.report.plots import Dot
from evaluation.report.table import Table

SETS: Final = {
    "celeba aligned": "CelebA val, clear pictures",
    "celeba small": "CelebA val, 64 px pictures",
    "wild": "web pictures, val",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure at a glance. `met`: whether it reaches what was asked for, None where nothing was."""

    label: str
    value: str
    note: str
    met: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing and what it shows."""

    caption: str
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading with what stands under it, in this order."""

    title: str
    words: str = ""
    tiles: Sequence[Tile] = ()
    sentences_title: str = ""
    sentences: Sequence[str] = ()
    tables_first: Sequence[Table] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()

    @property
    def anchor(self) -> str:
        """The title as an HTML id."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.title.lower())


def dot(name: str, rate: Figure) -> Dot:
    """Draw a figure as one line of `plots.dots`."""
    return Dot(name=name, value=rate.value, low=rate.low, high=rate.high)


def reach(rates: Iterable[Figure]) -> tuple[float, float]:
    """The lowest and the highest end of the intervals."""
    known = list(rates)
    return (
        min((rate.low for rate in known if rate.low is not None), default=0.0),
        max((rate.high for rate in known if rate.high is not None), default=1.0),
    )
