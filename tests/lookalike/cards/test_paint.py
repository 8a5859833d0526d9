"""Painting: shapes land where they were placed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lookalike.cards.fontfiles import Weight
from lookalike.cards.geometry import Point, Rect, row
from lookalike.cards.paint import paint
from lookalike.cards.placed import Canvas, Line, Outline, Panel, Picture, Placed, Ring, Text
from lookalike.cards.text import Font
from lookalike.cards.theme import WHITE, Color

RED = Color(200, 30, 30)


def painted(*items: Placed) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    canvas = Canvas(width=120, height=100, background=WHITE, items=items)
    return np.asarray(paint(canvas))


def inked(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Rect:
    """The rectangle round everything that is not white."""
    rows, columns = np.nonzero((image != 255).any(axis=2))
    x, y = int(columns.min()), int(rows.min())
    return Rect(x, y, int(columns.max()) + 1 - x, int(rows.max()) + 1 - y)


PLACE = Rect(20, 30, 60, 40)


@pytest.mark.parametrize(
    "item",
    [
        Panel(rect=PLACE, radius=12, fill=RED),
        Picture(rect=PLACE, radius=12, image=np.zeros((40, 60, 3), np.uint8)),
        Outline(rect=PLACE, radius=8, stroke_px=3, color=RED),
        Ring(rect=Rect(20, 30, 40, 40), stroke_px=5, color=RED),
    ],
    ids=["panel", "picture", "outline", "ring"],
)
def test_a_shape_fills_its_rectangle_and_nothing_else(item: Panel | Picture | Outline | Ring) -> None:
    assert inked(painted(item)) == item.rect


def test_corners_are_round_and_smooth() -> None:
    image = painted(Panel(rect=PLACE, radius=12, fill=RED))
    assert tuple(image[30, 20]) == WHITE.rgb
    assert tuple(image[50, 50]) == RED.rgb
    between = ((image != 255).any(axis=2) & (image != RED.rgb).any(axis=2)).sum()
    assert between > 20  # in-between pixels along the corners


def test_half_a_ring_is_the_right_half() -> None:
    image = painted(Ring(rect=Rect(20, 30, 40, 40), stroke_px=4, color=RED, share=0.5))
    assert tuple(image[50, 57]) == RED.rgb
    assert tuple(image[50, 22]) == WHITE.rgb


def test_a_dashed_outline_has_gaps() -> None:
    solid = painted(Outline(rect=PLACE, radius=4, stroke_px=2, color=RED))
    dashed = painted(Outline(rect=PLACE, radius=4, stroke_px=2, color=RED, dash_px=6))
    share = (dashed != 255).any(axis=2).sum() / (solid != 255).any(axis=2).sum()
    assert 0.3 < share < 0.8


def test_capitals_are_centred_in_their_line_and_stay_in_it() -> None:
    font = Font(Weight.BOLD, 40)
    box = Rect(10, 20, font.width("HE"), 50)
    ink = inked(painted(Text(rect=box, text="HE", font=font, color=RED, over=WHITE)))
    assert box.contains(ink)
    assert ink.center.y == pytest.approx(box.center.y, abs=1.5)


@pytest.mark.parametrize("symbol", list("●◕◑◔○"))
def test_a_symbol_is_centred_by_its_ink(symbol: str) -> None:
    box = Rect(30, 20, 40, 50)
    ink = inked(painted(Text(rect=box, text=symbol, font=Font(Weight.SYMBOLS, 34), color=RED, over=WHITE)))
    assert ink.center.x == pytest.approx(box.center.x, abs=1.5)
    assert ink.center.y == pytest.approx(box.center.y, abs=1.5)


def test_a_line_joins_its_ends() -> None:
    ink = inked(painted(Line(start=Point(30, 20), end=Point(30, 70), stroke_px=2, color=RED)))
    assert ink.width <= 3
    assert 49 <= ink.height <= 53


def test_columns_fill_a_rectangle_to_the_pixel() -> None:
    columns = row(Rect(3, 0, 100, 5), count=3, gap=7)
    assert columns[0].x == 3
    assert columns[-1].right == 103
    assert all(b.x - a.right == 7 for a, b in pairwise(columns))
