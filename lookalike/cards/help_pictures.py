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
from lookalike.cards.blocks import BODY_BOLD, STRONG, TITLE, band_color, line
from lookalike.cards.geometry import Point, Rect
from lookalike.cards.placed import Canvas, Drawn, Line, Outline, Panel, Picture, Placed, Ring
from lookalike.cards.portrait import portrait_of
from lookalike.cards.portrait_paint import paint_portrait
from lookalike.cards.theme import INK, Color, Style, Theme
from lookalike.wording import Translate, share_text, similarity_text

WIDTH: Final = 1080
HEIGHT: Final = 620
MARK: Final = Color.from_hex("#E8553A")
# Where a drawn portrait has its eyes, nose and mouth corners, and its face, as shares of its side.
POINTS: Final = ((0.42, 0.462), (0.58, 0.462), (0.50, 0.53), (0.436, 0.585), (0.564, 0.585))
FACE: Final = (0.30, 0.20, 0.70, 0.70)


def _person(number: str, *traits: str) -> Person:
    known = {name.removeprefix("-"): not name.startswith("-") for name in traits}
    return Person(number=number, name=None, image="", images=1, attributes=known)


PEOPLE: Final = (
    _person("12", "-Male", "Brown_Hair", "Smiling", "Wavy_Hair"),
    _person("31", "Male", "Black_Hair", "-No_Beard", "Smiling"),
    _person("7", "-Male", "Blond_Hair", "Bangs", "Eyeglasses"),
    _person("58", "Male", "Gray_Hair", "Receding_Hairline", "Eyeglasses"),
    _person("90", "-Male", "Black_Hair", "Wearing_Lipstick", "Smiling"),
    _person("44", "Male", "Brown_Hair", "Wearing_Hat", "Goatee"),
    _person("3", "-Male", "Gray_Hair", "Wavy_Hair"),
    _person("66", "Male", "Blond_Hair", "Smiling"),
    _person("81", "-Male", "Brown_Hair", "Straight_Hair", "Wearing_Earrings"),
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
        color = band_color(bands[min(index // 2 + 1, len(bands) - 1)], theme)
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
    portrait = paint_portrait(portrait_of(PEOPLE[4]), side, side, theme)
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


def _numbers(theme: Theme, _calibration: Calibration, _translate: Translate) -> list[Placed]:
    """A face, an arrow, 512 cells."""
    items: list[Placed] = [_drawn(PEOPLE[6], 80, 170, 280, radius=40), *_arrow(388, 310, 70, theme.muted)]
    values = np.random.default_rng(6).normal(0, 0.5, 512)
    warm, cold = Color.from_hex("#EC6F2D"), Color.from_hex("#3B6FB6")
    for index, value in enumerate(values):
        x, y = 492 + 16 * (index % 32), 182 + 16 * (index // 32)
        share = min(abs(float(value)), 1.0)
        fill = theme.panel.mix(warm if value > 0 else cold, 0.12 + 0.88 * share)
        items.append(Panel(rect=Rect(x, y, 14, 14), radius=3, fill=fill))
    return items


def _angles(theme: Theme, calibration: Calibration, translate: Translate) -> list[Placed]:
    """Directions from one centre: near ones are alike; the bands' colours on the arc between."""
    center_x, center_y, reach = 300, 520, 340
    items: list[Placed] = []
    bands = calibration.gallery.bands
    edges = [1.0, *(max(band.floor, 0.0) for band in bands)]
    for band, upper, lower in zip(bands, edges[:-1], edges[1:], strict=True):
        start, end = math.acos(upper), math.acos(lower)
        steps = max(2, round((end - start) * 90))
        for i in range(steps + 1):
            angle = start + (end - start) * i / steps
            x, y = center_x + reach * math.cos(angle), center_y - reach * math.sin(angle)
            items.append(_dot(x, y, band_color(band, theme), size=34))
    for person, similarity, left in ((PEOPLE[0], 1.0, False), (PEOPLE[8], 0.6, False), (PEOPLE[3], 0.1, True)):
        angle = math.acos(similarity)
        x, y = center_x + reach * math.cos(angle), center_y - reach * math.sin(angle)
        tip = Point(round(x), round(y))
        items.append(Line(start=Point(center_x, center_y), end=tip, stroke_px=6, color=theme.muted))
        px, py = round(x - 150 if left else x + 34), round(y - (40 if left else 74))
        items.append(_drawn(person, px, py, 120, radius=60))
        text = similarity_text(similarity, translate)
        at = px - 110 if left else px + 136
        items.append(line(text, x=at, y=py + 34, font=TITLE, color=theme.text, over=theme.panel))
    items.append(_dot(center_x, center_y, theme.text, size=26))
    return items


def _strangers(theme: Theme, calibration: Calibration, translate: Translate) -> list[Placed]:
    """A hundred pairs of strangers for each of three similarities, those that reach it coloured."""
    items: list[Placed] = []
    table = calibration.pair
    wanted = (0.5, 0.1, 0.01)
    for column, share in enumerate(wanted):
        rate = min(table.rates, key=lambda rate: abs(math.log(rate.share / share)))
        x0 = 84 + 322 * column
        color = band_color(table.band(rate.similarity), theme)
        reached = round(100 * rate.share)
        for index in range(100):
            x, y = x0 + 27 * (index % 10), 226 + 27 * (index // 10)
            items.append(_dot(x + 12, y + 12, color if index < reached else theme.line, size=22))
        title = similarity_text(rate.similarity, translate)
        items.append(line(title, x=x0 + 134, y=84, font=TITLE, color=theme.text, over=theme.panel, align="center"))
        said = share_text(rate.share, translate)
        items.append(line(said, x=x0 + 134, y=152, font=BODY_BOLD, color=theme.muted, over=theme.panel, align="center"))
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


SCENES: Final[tuple[Scene, ...]] = (
    _one_to_eight, _finding, _straightening, _numbers, _angles, _strangers, _twins,
)  # fmt: skip
