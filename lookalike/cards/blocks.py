"""The pieces that cards share: lines of text, chips, badges, the scale of the bands. Layout only, in numbers."""

from __future__ import annotations

from typing import Final, Literal

from index.types import Person
from lookalike.calibration import Band, Table
from lookalike.cards.fontfiles import Weight
from lookalike.cards.geometry import Rect
from lookalike.cards.placed import Panel, Placed, Ring, Text
from lookalike.cards.text import MIN_TEXT_PX, Font, ellipsise, wrap, wrap_evenly
from lookalike.cards.theme import Color, Theme
from lookalike.wording import (
    Translate,
    below_measured,
    beyond_measured,
    looks_of,
    said_looks,
    share_text,
    similarity_text,
)

WIDTH: Final = 1080
MARGIN: Final = 36
BODY: Final = Font(Weight.MEDIUM, MIN_TEXT_PX)
BODY_BOLD: Final = Font(Weight.SEMIBOLD, MIN_TEXT_PX)
STRONG: Final = Font(Weight.BOLD, MIN_TEXT_PX)
TITLE: Final = Font(Weight.BOLD, 44)
SYMBOL: Final = Font(Weight.SYMBOLS, 34)
CHIP_PX: Final = 50
CHIP_PAD: Final = 16
BADGE_PX: Final = 46
BAR_PX: Final = 44
LEGEND_GAP: Final = 8
DIAL_PX: Final = 172
DIAL_FONT: Final = Font(Weight.BOLD, 48)

Align = Literal["left", "center", "right"]


def band_color(band: Band, theme: Theme) -> Color:
    """The band's own colour, lifted just enough to be told from the panel it lies on."""
    return Color.from_hex(band.color).seen_on(theme.panel, ratio=1.6 if theme.name == "light" else 2.2)


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


def fitting(person: Person, font: Font, width_px: int, *, translate: Translate) -> str:
    """A description of one line: words are left out where it is too long.

    The first, woman or man, goes first: a drawn portrait shows it anyway. Then from the end.
    """
    words = looks_of(person, translate)
    shorter = [words, *(words[1:end] for end in range(len(words), 1, -1))]
    texts = [said_looks(some, person) for some in shorter]
    return next((text for text in texts if font.width(text) <= width_px), texts[-1])


def height_of(items: tuple[Text, ...]) -> int:
    """How high a paragraph came out."""
    return sum(item.rect.height for item in items)


def chip(band: Band, *, x: int, y: int, max_width: int, theme: Theme, translate: Translate) -> tuple[Panel, Text, Text]:
    """A band as a pill: its colour, its symbol, its word. The word ends in an ellipsis where it is too long."""
    fill = band_color(band, theme)
    ink = fill.ink()
    room = max_width - 2 * CHIP_PAD - SYMBOL.size_px - 8
    word = ellipsise(translate(band.word), BODY_BOLD, room)
    width = max_width - room + BODY_BOLD.width(word)
    rect = Rect(x, y, width, CHIP_PX)
    symbol = Rect(x + CHIP_PAD - 2, y, SYMBOL.size_px, CHIP_PX)
    return (
        Panel(rect=rect, radius=CHIP_PX // 2, fill=fill),
        Text(rect=symbol, text=band.symbol, font=SYMBOL, color=ink, over=fill),
        line(word, x=symbol.right + 8, y=y + (CHIP_PX - BODY_BOLD.line_px) // 2, font=BODY_BOLD, color=ink, over=fill),
    )


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


def dial(similarity: float, band: Band, *, x: int, y: int, theme: Theme, translate: Translate) -> tuple[Placed, ...]:
    """The similarity in a circle whose ring is as full as it is high, in the band's colour. x is its middle."""
    rect = Rect(x - DIAL_PX // 2, y, DIAL_PX, DIAL_PX)
    ring = rect.inset(10)
    share = round(min(max(similarity, 0.01), 1.0), 2)
    return (
        Panel(rect=rect, radius=DIAL_PX // 2, fill=theme.panel),
        Ring(rect=ring, stroke_px=14, color=theme.line),
        Ring(rect=ring, stroke_px=14, color=band_color(band, theme), share=share),
        line(similarity_text(similarity, translate), x=x, y=y + (DIAL_PX - DIAL_FONT.line_px) // 2,
             font=DIAL_FONT, color=theme.text, over=theme.panel, align="center"),
    )  # fmt: skip


def legend(table: Table, *, heading: str, y: int, theme: Theme, translate: Translate) -> tuple[tuple[Placed, ...], int]:
    """The bands as one bar from the faintest to the most alike, each with its symbol, word and share of strangers.

    Returns the items and the first y below them.
    """
    inner = Rect(MARGIN, y, WIDTH - 2 * MARGIN, 0)
    head = paragraph(heading, box=inner, font=BODY, color=theme.muted, over=theme.page, lines=2)
    items: list[Placed] = list(head)
    bands = tuple(reversed(table.bands))
    words = [translate(band.word) for band in bands]
    shares = [legend_share(table, band, translate) for band in bands]
    widths = _column_widths(words, shares, inner.width)
    top = y + height_of(head) + 14
    bottom = top
    x = inner.x
    for band, word, share, width in zip(bands, words, shares, widths, strict=True):
        fill = band_color(band, theme)
        bar = Rect(x, top, width - LEGEND_GAP, BAR_PX)
        symbol = Rect(x + (bar.width - SYMBOL.size_px) // 2, top, SYMBOL.size_px, BAR_PX)
        column = Rect(x + 4, bar.bottom + 8, bar.width - 4, 0)
        name = paragraph(word, box=column, font=BODY_BOLD, color=theme.text, over=theme.page, lines=2)
        below = Rect(column.x, column.y + height_of(name), column.width, 0)
        said = paragraph(share, box=below, font=BODY, color=theme.muted, over=theme.page, lines=2)
        items += [
            Panel(rect=bar, radius=BAR_PX // 2, fill=fill),
            Text(rect=symbol, text=band.symbol, font=SYMBOL, color=fill.ink(), over=fill),
            *name,
            *said,
        ]
        bottom = max(bottom, below.y + height_of(said))
        x += width
    return tuple(items), bottom


def legend_share(table: Table, band: Band, translate: Translate) -> str:
    """How many strangers reach this band's floor, in a few words; the last band has none."""
    if band is table.bands[-1]:
        return translate("the rest")
    return share_text(
        table.stranger_share(band.floor),
        translate,
        at_most=beyond_measured(table, band.floor),
        at_least=below_measured(table, band.floor),
    )


def _column_widths(words: list[str], shares: list[str], total: int) -> list[int]:
    """Columns as wide as their longer line needs, the spare room (or the lack of it) shared out."""
    said = [max(BODY_BOLD.width(word), BODY.width(share)) for word, share in zip(words, shares, strict=True)]
    needs = [LEGEND_GAP + 8 + width for width in said]
    spare = (total - sum(needs)) / len(needs)
    squeeze = min(1.0, total / sum(needs))
    widths = [int(need * squeeze + max(spare, 0.0)) for need in needs]
    widths[-1] = total - sum(widths[:-1])
    return widths
