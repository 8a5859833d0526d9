"""The pictures of /help: drawn people, never photographs, of the cards' own shapes and painted by them.

A page's text stands below its picture as a caption, so the pictures carry numbers and signs and hardly any words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image

from index.types import Person
from lookalike.calibration import Calibration
from lookalike.cards.blocks import BODY_BOLD, STRONG, TITLE, line, paragraph
from lookalike.cards.face_shape import FaceShape
from lookalike.cards.geometry import Point, Rect
from lookalike.cards.placed import Canvas, Drawn, Line, Outline, Panel, Picture, Placed, Ring
from lookalike.cards.portrait import portrait_of
from lookalike.cards.portrait_paint import paint_portrait
from lookalike.cards.theme import INK, Color, Style, Theme
from lookalike.wording import Translate, verdict

WIDTH: Final = 1080
HEIGHT: Final = 620
MARK: Final = Color.from_hex("#E8553A")
# Where a drawn portrait has its eyes, nose and mouth corners, and its face, as shares of its side.
POINTS: Final = tuple((x / 100, y / 100) for x, y in FaceShape().parts())
FACE: Final = (0.29, 0.18, 0.71, 0.80)


def _person(number: str, *traits: str) -> Person:
    known = {name.removeprefix("-"): not name.startswith("-") for name in traits}
    return Person(number=number, name=None, image="", images=1, attributes=known)


PEOPLE: Final = (
    _person("12", "-Male", "Brown_Hair", "Wavy_Hair"),
    _person("31", "Male", "Black_Hair", "-No_Beard"),
    _person("7", "-Male", "Blond_Hair", "Bangs", "Eyeglasses"),
    _person("58", "Male", "Gray_Hair", "Receding_Hairline", "Eyeglasses"),
    _person("90", "-Male", "Black_Hair"),
    _person("44", "Male", "Brown_Hair", "Wearing_Hat", "Goatee"),
    _person("3", "-Male", "Gray_Hair", "Wavy_Hair"),
    _person("66", "Male", "Blond_Hair"),
    _person("81", "-Male", "Brown_Hair", "Straight_Hair"),
)
Scene = Callable[[Theme, Calibration, Translate], list[Placed]]


def layout(page: int, *, calibration: Calibration, style: Style, translate: Translate) -> Canvas:
    """Place the picture of one page, 1080 x 620 px."""
    colors = style.colors
    back = Panel(rect=Rect(28, 28, WIDTH - 56, HEIGHT - 56), radius=44, fill=colors.panel)
    items = [back, *SCENES[page](colors, calibration, translate)]
    return Canvas(width=WIDTH, height=HEIGHT, background=colors.page, items=tuple(items))


def _drawn(person: Person, x: int, y: int, side: int, *, radius: int = 26) -> Drawn:
    return Drawn(rect=Rect(x, y, side, side), radius=radius, portrait=portrait_of(person))


def _dot(x: float, y: float, color: Color, *, size: int = 16) -> Panel:
    return Panel(rect=Rect(round(x) - size // 2, round(y) - size // 2, size, size), radius=size // 2, fill=color)


def _arrow(x: int, y: int, length: int, color: Color) -> list[Placed]:
    tip = x + length
    return [
        Line(start=Point(x, y), end=Point(tip, y), stroke_px=8, color=color),
        Line(start=Point(tip - 22, y - 20), end=Point(tip, y), stroke_px=8, color=color),
        Line(start=Point(tip - 22, y + 20), end=Point(tip, y), stroke_px=8, color=color),
    ]


def _one_to_eight(theme: Theme, calibration: Calibration, _translate: Translate) -> list[Placed]:
    """A photo, an arrow, eight tiles in the colours of their bands."""
    items: list[Placed] = [_drawn(PEOPLE[0], 80, 170, 280, radius=40), *_arrow(392, 310, 90, theme.muted)]
    bands = calibration.gallery.bands
    for index in range(8):
        x, y = 520 + 124 * (index % 4), 176 + 144 * (index // 4)
        color = theme.band(bands[min(index // 2 + 1, len(bands) - 1)].step)
        items.append(Panel(rect=Rect(x - 6, y - 6, 122, 134), radius=26, fill=color))
        items.append(_drawn(PEOPLE[index + 1], x, y, 110, radius=20))
    return items


def _finding(theme: Theme, _calibration: Calibration, _translate: Translate) -> list[Placed]:
    """Faces large and small with numbered boxes; one too small, dashed."""
    items: list[Placed] = [Panel(rect=Rect(70, 70, 940, 480), radius=30, fill=theme.line.mix(theme.page, 0.5))]
    placed = ((PEOPLE[1], 90, 110, 430, "1"), (PEOPLE[2], 470, 230, 310, "2"), (PEOPLE[3], 760, 330, 210, "3"))
    for person, x, y, side, number in placed:
        items.append(_drawn(person, x, y, side, radius=side // 2))
        box = Rect(
            x + round(side * FACE[0]), y + round(side * FACE[1]),
            round(side * (FACE[2] - FACE[0])), round(side * (FACE[3] - FACE[1])),
        )  # fmt: skip
        items.append(Outline(rect=box, radius=14, stroke_px=7, color=MARK))
        plate = Rect(box.x - 12, box.y - 38, 50, 50)
        items.append(Panel(rect=plate, radius=25, fill=MARK))
        middle = plate.x + plate.width // 2
        top = plate.y + (plate.height - STRONG.line_px) // 2
        items.append(line(number, x=middle, y=top, font=STRONG, color=MARK.ink(), over=MARK, align="center"))
    items.append(_drawn(PEOPLE[5], 690, 130, 64, radius=32))
    items.append(Outline(rect=Rect(702, 136, 40, 46), radius=8, stroke_px=4, color=theme.muted, dash_px=8))
    return items


def _straightening(theme: Theme, _calibration: Calibration, _translate: Translate) -> list[Placed]:
    """A tilted face with five points; the same points on a grid after turning."""
    side, angle = 380, 24.0
    portrait = paint_portrait(portrait_of(PEOPLE[4]), side, side)
    tilted = portrait.rotate(-angle, resample=Image.Resampling.BICUBIC, fillcolor=portrait.getpixel((2, 2)))
    items: list[Placed] = [
        Picture(rect=Rect(90, 120, side, side), radius=34, image=np.asarray(tilted, dtype=np.uint8)),
        *_arrow(502, 310, 76, theme.muted),
        _drawn(PEOPLE[4], 610, 120, side, radius=34),
    ]
    for share in POINTS[0][1], POINTS[3][1]:
        y = 120 + round(share * side)
        items.append(Line(start=Point(610, y), end=Point(610 + side, y), stroke_px=3, color=MARK))
    turn = math.radians(angle)
    for px, py in POINTS:
        dx, dy = (px - 0.5) * side, (py - 0.5) * side
        items.append(
            _dot(
                90 + side / 2 + dx * math.cos(turn) - dy * math.sin(turn),
                120 + side / 2 + dx * math.sin(turn) + dy * math.cos(turn),
                MARK,
            )
        )
        items.append(_dot(610 + px * side, 120 + py * side, MARK))
    return items


def _strangers(theme: Theme, calibration: Calibration, translate: Translate) -> list[Placed]:
    """A hundred strangers for each of the three best bands, those who get this close bright."""
    items: list[Placed] = []
    table = calibration.gallery
    for column, band in enumerate(reversed(table.bands[:3])):
        x0 = 84 + 322 * column
        reached = round(100 * table.stranger_share(band.floor))
        for index in range(100):
            x, y = x0 + 27 * (index % 10), 236 + 27 * (index // 10)
            items.append(_dot(x + 12, y + 12, theme.band(band.step) if index < reached else theme.line, size=22))
        said = verdict(band.key, translate)
        words = paragraph(said, box=Rect(x0 - 12, 84, 294, 0), font=BODY_BOLD, color=theme.text, over=theme.panel,
                          lines=2, align="center", even=True)  # fmt: skip
        share = f"{reached} / 100"
        items += words
        items.append(
            line(share, x=x0 + 134, y=184, font=BODY_BOLD, color=theme.muted, over=theme.panel, align="center")
        )
    return items


def _twins(theme: Theme, _calibration: Calibration, _translate: Translate) -> list[Placed]:
    """Two of the same face, and a question between them."""
    question = Rect(WIDTH // 2 - 62, 248, 124, 124)
    return [
        _drawn(PEOPLE[2], 110, 140, 340, radius=170),
        _drawn(PEOPLE[2], 630, 140, 340, radius=170),
        Ring(rect=question, stroke_px=8, color=MARK),
        line(
            "?", x=WIDTH // 2, y=question.y + (124 - TITLE.line_px) // 2, font=TITLE,
            color=INK if theme.name == "light" else theme.text, over=theme.panel, align="center",
        ),
    ]  # fmt: skip


SCENES: Final[tuple[Scene, ...]] = (_one_to_eight, _twins, _finding, _straightening, _strangers)
