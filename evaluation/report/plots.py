"""Charts as SVG text: lines, dots with intervals, clouds, point sheets. Strings only; colours are the page's variables.

Sizes are those of a phone's width, so that a label is as large there as on a desk; the page scales nothing up. Colours
come as CSS classes (`s0` to `s7` for series, `ink`, `faint`, `grid`), so light and dark are the page's business.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 400
HEIGHT: Final = 280
LEFT: Final = 46
RIGHT: Final = 12
TOP: Final = 10
BOTTOM: Final = 40
COLORS: Final = 8
SHAPES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line or filled curve."""

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False
    filled: bool = False
    marked: bool = False  # a dot at every point


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What one axis says. `log`: ten to the power; values must be > 0."""

    label: str
    low: float
    high: float
    log: bool = False
    percent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A figure with its interval, one line of `dots`."""

    name: str
    value: float
    low: float
    high: float
    series: int = 0


def lines(series: Sequence[Series], *, x: Axis, y: Axis, title: str) -> str:
    """Curves over shared axes, with a legend when there is more than one; values outside the axes are cut off."""
    parts = [_axes(x, y)]
    for k, one in enumerate(series):
        places = [
            (_at(px, x, LEFT, WIDTH - RIGHT), _at(py, y, HEIGHT - BOTTOM, TOP))
            for px, py in one.points
            if math.isfinite(px) and math.isfinite(py) and (not x.log or px > 0) and (not y.log or py > 0)
        ]
        if not places:
            continue
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        if one.filled:
            base = HEIGHT - BOTTOM
            closed = f"{places[0][0]:.1f},{base} {path} {places[-1][0]:.1f},{base}"
            parts.append(f'<polygon class="fill s{k % COLORS}" points="{closed}"/>')
        dash = ' stroke-dasharray="5 4"' if one.dashed else ""
        parts.append(f'<polyline class="line s{k % COLORS}"{dash} points="{path}"/>')
        if one.marked:
            parts += [f'<circle class="dot s{k % COLORS}" cx="{px:.1f}" cy="{py:.1f}" r="3"/>' for px, py in places]
    legend = _legend([one.name for one in series], dashed=[one.dashed for one in series]) if len(series) > 1 else ""
    return _figure("".join(parts), HEIGHT, title) + legend


def dots(rows: Sequence[Dot], *, x: Axis, title: str, line_at: float | None = None) -> str:
    """One line a row: the figure as a dot, its interval as a bar; line_at: a dashed line to compare with."""
    row_px, foot = 34, 40
    height = TOP + row_px * len(rows) + foot
    bottom = height - foot
    parts = []
    for value in _ticks(x):
        px = _at(value, x, LEFT // 4, WIDTH - RIGHT)
        parts.append(f'<line class="grid" x1="{px:.1f}" y1="{TOP}" x2="{px:.1f}" y2="{bottom}"/>')
        parts.append(
            f'<text class="tick" x="{px:.1f}" y="{bottom + 14}" text-anchor="middle">{_label(value, x)}</text>'
        )
    parts.append(_text(x.label, WIDTH / 2, height - 6))
    if line_at is not None and math.isfinite(line_at):
        px = _at(line_at, x, LEFT // 4, WIDTH - RIGHT)
        parts.append(
            f'<line class="faint" stroke-dasharray="4 4" x1="{px:.1f}" y1="{TOP}" x2="{px:.1f}" y2="{bottom}"/>'
        )
    for k, row in enumerate(rows):
        y = TOP + row_px * k + 24
        parts.append(f'<text class="name" x="{LEFT // 4}" y="{y - 10}">{escape(row.name)}</text>')
        if not math.isfinite(row.value):
            continue
        color = f"s{row.series % COLORS}"
        place = _at(row.value, x, LEFT // 4, WIDTH - RIGHT)
        if math.isfinite(row.low) and math.isfinite(row.high):
            low, high = (_at(value, x, LEFT // 4, WIDTH - RIGHT) for value in (row.low, row.high))
            parts.append(f'<line class="line {color}" x1="{low:.1f}" y1="{y}" x2="{high:.1f}" y2="{y}"/>')
        parts.append(f'<circle class="dot {color}" cx="{place:.1f}" cy="{y}" r="4.5"/>')
    return _figure("".join(parts), height, title)


def cloud(places: Sequence[tuple[float, float]], groups: Sequence[int], *, title: str) -> str:
    """Points on a plane without axes; up to 24 groups are told apart by colour and shape."""
    if not places:
        return ""
    xs, ys = [x for x, _ in places], [y for _, y in places]
    reach = max(max(xs) - min(xs), max(ys) - min(ys), 1e-9)
    parts = []
    for (x, y), group in zip(places, groups, strict=True):
        px = 12 + (x - min(xs)) / reach * (WIDTH - 24)
        py = 12 + (max(ys) - y) / reach * (WIDTH - 24)
        parts.append(_mark(px, py, group))
    height = 24 + (max(ys) - min(ys)) / reach * (WIDTH - 24)
    return _figure("".join(parts), round(height), title)


def point_sheet(
    faces: Sequence[tuple[str, Sequence[Sequence[float]], Sequence[Sequence[float]]]], *, title: str
) -> str:
    """True points (rings, joined) and found ones (dots) of faces, (5, 2) each in 0..1; a caption under each."""
    columns, cell = 4, WIDTH // 4
    row_px = cell + 14
    parts = []
    for k, (caption, true, found) in enumerate(faces):
        x0, y0 = (k % columns) * cell, (k // columns) * row_px
        real = [(x0 + 8 + x * (cell - 16), y0 + 8 + y * (cell - 16)) for x, y in true]
        guess = [(x0 + 8 + x * (cell - 16), y0 + 8 + y * (cell - 16)) for x, y in found]
        for a, b in ((0, 1), (0, 2), (1, 2), (3, 4), (2, 3), (2, 4)):
            parts.append(
                f'<line class="grid" x1="{real[a][0]:.1f}" y1="{real[a][1]:.1f}" '
                f'x2="{real[b][0]:.1f}" y2="{real[b][1]:.1f}"/>'
            )
        parts += [f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in real]
        parts += [f'<circle class="dot s1" cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in guess]
        parts.append(
            f'<text class="tick" x="{x0 + cell / 2:.1f}" y="{y0 + row_px - 6}" text-anchor="middle">'
            f"{escape(caption)}</text>"
        )
    return _figure("".join(parts), row_px * math.ceil(len(faces) / columns), title)


def _figure(body: str, height: int, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def _axes(x: Axis, y: Axis) -> str:
    parts = []
    for value in _ticks(x):
        px = _at(value, x, LEFT, WIDTH - RIGHT)
        parts.append(f'<line class="grid" x1="{px:.1f}" y1="{TOP}" x2="{px:.1f}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(
            f'<text class="tick" x="{px:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{_label(value, x)}</text>'
        )
    for value in _ticks(y):
        py = _at(value, y, HEIGHT - BOTTOM, TOP)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{py:.1f}" x2="{WIDTH - RIGHT}" y2="{py:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 5}" y="{py + 4:.1f}" text-anchor="end">{_label(value, y)}</text>')
    parts.append(_text(x.label, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6))
    parts.append(
        f'<text class="name" transform="translate(11 {(HEIGHT - BOTTOM + TOP) / 2:.0f}) rotate(-90)" '
        f'text-anchor="middle">{escape(y.label)}</text>'
    )
    return "".join(parts)


def _text(words: str, x: float, y: float) -> str:
    return f'<text class="name" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(words)}</text>'


def _at(value: float, axis: Axis, start: float, end: float) -> float:
    """Where a value lies between two ends of the picture, cut off at them."""
    low, high, v = axis.low, axis.high, value
    if axis.log:
        low, high, v = math.log10(low), math.log10(high), math.log10(max(value, 1e-300))
    share = (v - low) / (high - low) if high > low else 0.5
    return start + min(max(share, 0.0), 1.0) * (end - start)


def _ticks(axis: Axis) -> list[float]:
    """Round values inside the axis: powers of ten, or four to eight steps of 1, 2 or 5."""
    if axis.log:
        first, last = math.ceil(math.log10(axis.low) - 1e-9), math.floor(math.log10(axis.high) + 1e-9)
        return [10.0**power for power in range(first, last + 1)]
    span = axis.high - axis.low
    if span <= 0:
        return [axis.low]
    step = 10.0 ** math.floor(math.log10(span / 4))
    step = next((step * factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 7), step * 10)
    first = math.ceil(axis.low / step - 1e-9)
    return [k * step for k in range(first, math.floor(axis.high / step + 1e-9) + 1)]


def _label(value: float, axis: Axis) -> str:
    if axis.percent:
        return f"{value * 100:g}".replace("-0", "0") if abs(value) < 1e-12 else f"{float(f'{value * 100:.6g}'):g}"
    return f"{float(f'{value:.6g}'):g}"


def _mark(x: float, y: float, group: int) -> str:
    color = f"dot s{group % COLORS}"
    match (group // COLORS) % SHAPES:
        case 0:
            return f'<circle class="{color}" cx="{x:.1f}" cy="{y:.1f}" r="3.4"/>'
        case 1:
            return f'<rect class="{color}" x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>'
        case _:
            return f'<path class="{color}" d="M{x:.1f} {y - 4:.1f} l4 7 l-8 0 z"/>'


def _legend(names: Sequence[str], *, dashed: Sequence[bool]) -> str:
    items = "".join(
        f'<span><i class="key s{k % COLORS}{" dashed" if dash else ""}"></i>{escape(name)}</span>'
        for k, (name, dash) in enumerate(zip(names, dashed, strict=True))
    )
    return f'<div class="legend">{items}</div>'
