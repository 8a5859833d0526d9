"""One table, for a terminal, a page and Markdown; and how figures are written in its cells. No figures of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table as RichTable

from evaluation.documents.base import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as text; the first column is words, the others are figures. `key` says what the table is about."""

    key: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


def as_rich(table: Table) -> RichTable:
    """Return the table for a terminal."""
    shown = RichTable(title=table.title, caption=table.caption or None)
    for k, column in enumerate(table.columns):
        shown.add_column(column, justify="left" if k == 0 else "right")
    for row in table.rows:
        shown.add_row(*row)
    return shown


def as_markdown(table: Table) -> str:
    """Return the table's lines in GitHub's Markdown, without title and caption."""
    lines = (table.columns, ["---"] * len(table.columns), *table.rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def number(value: float | None, digits: int = 3) -> str:
    """Write a number, or a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def figure(one: Figure | None, digits: int = 3) -> str:
    """Write a figure with its interval, or without one where nothing was resampled."""
    return _with_interval(one, scale=1.0, digits=digits)


def percent(one: Figure | None, digits: int = 2) -> str:
    """Write a ratio as percent with its interval, without the sign of percent."""
    return _with_interval(one, scale=100.0, digits=digits)


def gain(one: Figure | None) -> str:
    """Write a difference with its sign and interval."""
    return _with_interval(one, scale=1.0, digits=3, sign="+")


def interval(one: Figure, digits: int = 3) -> str:
    """Write the interval alone."""
    if one.low is None or one.high is None:
        return "no interval"
    return f"{one.low:.{digits}f} to {one.high:.{digits}f}"


def _with_interval(one: Figure | None, *, scale: float, digits: int, sign: str = "") -> str:
    if one is None or one.value is None:
        return "-"
    text = f"{scale * one.value:{sign}.{digits}f}"
    if one.low is None or one.high is None:
        return text
    return f"{text} ({scale * one.low:{sign}.{digits}f} to {scale * one.high:{sign}.{digits}f})"
