"""The pieces that cards share: lines of text, badges, the meter of the bands. Layout only, in numbers."""

from __future__ import annotations

from typing import Final, Literal

from lookalike.cards.fontfiles import Weight
from lookalike.cards.geometry import Rect
from lookalike.cards.placed import Panel, Placed, Ring, Text
from lookalike.cards.text import MIN_TEXT_PX, Font, ellipsised, wrap, wrap_evenly
from lookalike.cards.theme import BRIGHT, PLATE, PLATE_TRACK, STEPS, Color, Theme

WIDTH: Final = 1080
MARGIN: Final = 54
BODY: Final = Font(Weight.MEDIUM, MIN_TEXT_PX)
BODY_BOLD: Final = Font(Weight.SEMIBOLD, MIN_TEXT_PX)
STRONG: Final = Font(Weight.BOLD, MIN_TEXT_PX)
LEAD: Final = Font(Weight.MEDIUM, 42)
LEADS: Final = tuple(Font(Weight.MEDIUM, size) for size in (LEAD.size_px, 39, 36, MIN_TEXT_PX))
TITLES: Final = tuple(Font(Weight.BOLD, size) for size in (52, 48, 44, 40, 37, MIN_TEXT_PX))
TITLE: Final = Font(Weight.BOLD, 40)
HEADLINES: Final = tuple(Font(Weight.BOLD, size) for size in (92, 86, 80, 74, 68))
BADGE_PX: Final = 50
METER_PX: Final = (206, 68)
DOT_PX: Final = 26

Align = Literal["left", "center", "right"]


def line(text: str, *, x: int, y: int, font: Font, color: Color, over: Color, align: Align = "left") -> Text:
    """One line of text whose line box starts, centres or ends at x."""
    width = font.width(text)
    left = {"left": x, "center": x - width // 2, "right": x - width}[align]
    return Text(rect=Rect(left, y, width, font.line_px), text=text, font=font, color=color, over=over)


def paragraph(
    text: str,
    *,
    box: Rect,
    font: Font,
    color: Color,
    over: Color,
    lines: int,
    align: Align = "left",
    even: bool = False,
) -> tuple[Text, ...]:
    """Wrap text to a box's width, from its top down; even: lines of like length, for sentences."""
    parts = (wrap_evenly if even else wrap)(text, font, box.width, lines=lines)
    x = {"left": box.x, "center": box.x + box.width // 2, "right": box.right}[align]
    return tuple(
        line(part, x=x, y=box.y + i * font.line_px, font=font, color=color, over=over, align=align)
        for i, part in enumerate(parts)
    )


def fitting(
    text: str, fonts: tuple[Font, ...], box: Rect, *, color: Color, over: Color, lines: int = 2
) -> tuple[Text, ...]:
    """One line in the largest font that it fits, else several in the largest whose lines hold all of it.

    What fits nowhere ends in an ellipsis, in the smallest.
    """
    for font in fonts:
        if font.width(text) <= box.width:
            return paragraph(text, box=box, font=font, color=color, over=over, lines=1)
    font = next((font for font in fonts if not ellipsised(text, font, box.width, lines=lines)), fonts[-1])
    return paragraph(text, box=box, font=font, color=color, over=over, lines=lines, even=True)


def height_of(items: tuple[Text, ...]) -> int:
    """How high a paragraph came out."""
    return sum(item.rect.height for item in items)


def badge(text: str, *, x: int, y: int, theme: Theme, anchor: Literal["left", "right"] = "left") -> tuple[Placed, ...]:
    """A rank or a number on a small round plate; wider where the text needs it. x is its left or right edge."""
    width = max(BADGE_PX, STRONG.width(text) + 24)
    left = x if anchor == "left" else x - width
    fill = theme.panel
    return (
        Panel(rect=Rect(left, y, width, BADGE_PX), radius=BADGE_PX // 2, fill=fill),
        line(text, x=left + width // 2, y=y + (BADGE_PX - STRONG.line_px) // 2, font=STRONG, color=theme.text,
             over=fill, align="center"),
    )  # fmt: skip


def meter(step: int, *, x: int, y: int, theme: Theme) -> list[Placed]:
    """A band as five dots on a dark plate, as many bright as it has reached. x is the plate's middle.

    step: 0 for one dot. The plate has a rim of the page, since it lies over pictures.
    """
    plate = Rect(x - METER_PX[0] // 2, y, *METER_PX)
    rim = plate.inset(-8)
    items: list[Placed] = [
        Panel(rect=rim, radius=rim.height // 2, fill=theme.page),
        Panel(rect=plate, radius=plate.height // 2, fill=PLATE),
    ]
    pitch = 36
    for i in range(STEPS):
        dot = Rect(x + (i - 2) * pitch - DOT_PX // 2, plate.y + (plate.height - DOT_PX) // 2, DOT_PX, DOT_PX)
        if i <= step:
            items.append(Panel(rect=dot, radius=DOT_PX // 2, fill=BRIGHT[step]))
        else:
            items.append(Ring(rect=dot.inset(2), stroke_px=3, color=PLATE_TRACK))
    return items
