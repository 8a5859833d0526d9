"""What `layout` hands to `paint`: shapes, texts and pictures with their places. Plain values, painted in order."""

from __future__ import annotations

from dataclasses import dataclass

from lookalike.cards.geometry import Point, Rect
from lookalike.cards.portrait import Portrait
from lookalike.cards.text import Font
from lookalike.cards.theme import Color
from pipeline.types import Rgb8


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A filled rectangle with round corners."""

    rect: Rect
    radius: int
    fill: Color
    shadow: bool = False  # a soft one, so that the panel lifts off a light page


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A photograph, cropped by whoever placed it to the rectangle's proportions."""

    rect: Rect
    radius: int
    image: Rgb8


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A drawn portrait, in place of a photograph."""

    rect: Rect
    radius: int
    portrait: Portrait
    zoom: float = 1.0  # about the middle of the eyes


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line of text. `rect` is its line box: as wide as the text, one line high."""

    rect: Rect
    text: str
    font: Font
    color: Color
    over: Color  # what it stands on, for the test of contrast


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A circle's outline, or a part of it clockwise from the top."""

    rect: Rect
    stroke_px: int
    color: Color
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A rectangle's outline, solid or dashed."""

    rect: Rect
    radius: int
    stroke_px: int
    color: Color
    dash_px: int = 0  # length of a dash and of a gap; 0: solid


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A straight line between two points."""

    start: Point
    end: Point
    stroke_px: int
    color: Color


Placed = Panel | Picture | Drawn | Text | Ring | Outline | Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A card that is laid out but not painted."""

    width: int
    height: int
    background: Color
    items: tuple[Placed, ...]
