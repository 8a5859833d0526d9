"""Charts of the report as SVG text, drawn by matplotlib: lines, figures with intervals, sheets of landmarks.

Colours are CSS variables of the page (`--ink`, `--faint`, `--grid`, `--c0` to `--c7`), so that light and dark are the
page's business: matplotlib draws with placeholder colours, which are replaced in its SVG. Text stays text.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogFormatterSciNotation

WIDTH_IN: Final = 4.0  # at 100 dots an inch a phone's width: labels are as large there as on a desk
HEIGHT_IN: Final = 2.9
COLORS: Final = 8
# Placeholders: colours that nothing else has -> the page's variables.
INK: Final = "#010101"
FAINT: Final = "#020202"
GRID: Final = "#030303"
_VARIABLES: Final = {INK: "--ink", FAINT: "--faint", GRID: "--grid"} | {
    f"#0a0a{k:02x}": f"--c{k}" for k in range(COLORS)
}
_STYLE: Final = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lookalike",  # the same picture gets the same ids every time
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRID,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line or filled curve. A point that is not finite is left out."""

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False
    filled: bool = False
    marked: bool = False  # a dot at every point


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis: its words and its ends. `log`: powers of ten. `percent`: 0.01 is written as 1."""

    label: str
    low: float
    high: float
    log: bool = False
    percent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A figure with its interval, one line of `dots`; None where there is none."""

    name: str
    value: float | None
    low: float | None
    high: float | None


def lines(series: Sequence[Series], *, x: Axis, y: Axis, title: str) -> str:
    """Draw curves over shared axes, with a legend when there is more than one."""
    with _canvas(HEIGHT_IN + 0.18 * len(series) * (len(series) > 1)) as (canvas, axes):
        for k, one in enumerate(series):
            points = [(px, py) for px, py in one.points if math.isfinite(px) and math.isfinite(py)]
            xs, ys = [px for px, _ in points], [py for _, py in points]
            axes.plot(
                xs,
                ys,
                color=_color(k),
                linestyle="--" if one.dashed else "-",
                linewidth=1.6,
                marker="o" if one.marked else None,
                markersize=3.5,
                label=one.name,
            )
            if one.filled:
                axes.fill_between(xs, ys, color=_color(k), alpha=0.2, linewidth=0)
        _scale(axes, x, y)
        if len(series) > 1:
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=1)
        return _svg(canvas, title)


def dots(rows: Sequence[Dot], *, x: Axis, title: str, line_at: float | None = None) -> str:
    """Draw one line a row: the figure as a dot, its interval as a bar. line_at: a dashed line to compare with."""
    with _canvas(0.7 + 0.34 * len(rows)) as (canvas, axes):
        for k, row in enumerate(rows):
            axes.text(x.low, k - 0.3, row.name, va="center", fontsize=8, color=INK)
            if row.value is None:
                continue
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [k + 0.12, k + 0.12], color=_color(0), linewidth=1.6)
            axes.plot([row.value], [k + 0.12], color=_color(0), marker="o", markersize=5, linestyle="none")
        if line_at is not None:
            axes.axvline(line_at, color=FAINT, linestyle="--", linewidth=1)
        _scale(axes, x, Axis(label="", low=max(len(rows), 1) - 0.4, high=-0.7))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        return _svg(canvas, title)


def point_sheet(
    faces: Sequence[tuple[str, Sequence[tuple[float, float]], Sequence[tuple[float, float]]]], *, title: str
) -> str:
    """Draw true landmarks (rings, joined) and found ones (dots) of faces, (5, 2) each in 0..1, a caption under each."""
    columns = 4
    rows = math.ceil(len(faces) / columns)
    with _canvas(max(1.1 * rows, 0.5)) as (canvas, axes):
        for k, (caption, true, found) in enumerate(faces):
            x0, y0 = 1.15 * (k % columns), 1.3 * (k // columns)
            real = [(x0 + px, y0 + py) for px, py in true]
            for a, b in ((0, 1), (0, 2), (1, 2), (3, 4), (2, 3), (2, 4)):
                axes.plot([real[a][0], real[b][0]], [real[a][1], real[b][1]], color=GRID, linewidth=1)
            axes.plot(*zip(*real, strict=True), linestyle="none", marker="o", color=INK, fillstyle="none", markersize=5)
            guess = [(x0 + px, y0 + py) for px, py in found]
            axes.plot(*zip(*guess, strict=True), linestyle="none", marker="o", color=_color(1), markersize=3)
            axes.text(x0 + 0.5, y0 + 1.12, caption, ha="center", fontsize=7, color=FAINT)
        axes.set_xlim(-0.1, 1.15 * columns)
        axes.set_ylim(1.3 * max(rows, 1), -0.1)
        axes.axis("off")
        return _svg(canvas, title)


@contextmanager
def _canvas(height_in: float) -> Iterator[tuple[Canvas, Axes]]:
    """A figure with one set of axes; no global state of pyplot."""
    with mpl.rc_context(_STYLE):
        canvas = Canvas(figsize=(WIDTH_IN, height_in))
        yield canvas, canvas.add_subplot()


def _scale(axes: Axes, x: Axis, y: Axis) -> None:
    for axis, of, label, limits in (
        (x, axes.xaxis, axes.set_xlabel, axes.set_xlim),
        (y, axes.yaxis, axes.set_ylabel, axes.set_ylim),
    ):
        label(axis.label)
        if axis.log:
            (axes.set_xscale if axis is x else axes.set_yscale)("log")
            of.set_major_formatter(LogFormatterSciNotation())
        elif axis.percent:
            of.set_major_formatter(FuncFormatter(lambda value, _place: f"{100 * value:.6g}"))
        limits(axis.low, axis.high)


def _color(k: int) -> str:
    return f"#0a0a{k % COLORS:02x}"


def _svg(canvas: Canvas, title: str) -> str:
    buffer = io.StringIO()
    canvas.savefig(
        buffer,
        format="svg",
        transparent=True,
        bbox_inches="tight",
        pad_inches=0.05,
        metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
    )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for placeholder, variable in _VARIABLES.items():
        text = text.replace(placeholder, f"var({variable})")
    head = f'<svg role="img" aria-label="{escape(title, quote=True)}" '
    return text.replace("<svg ", head, 1).replace(">", f"><title>{escape(title)}</title>", 1)
