"""The card of a comparison: two faces side by side, their similarity on the scale of pairs of strangers."""

from __future__ import annotations

from typing import Final

from lookalike.answers import Compared
from lookalike.calibration import Calibration, Table
from lookalike.cards.blocks import (
    BODY,
    CHIP_PX,
    DIAL_PX,
    MARGIN,
    SYMBOL,
    WIDTH,
    badge,
    band_color,
    chip,
    dial,
    height_of,
    legend_share,
    line,
    paragraph,
)
from lookalike.cards.crops import cut_out
from lookalike.cards.fontfiles import Weight
from lookalike.cards.geometry import Point, Rect, row
from lookalike.cards.placed import Canvas, Line, Panel, Picture, Placed, Ring, Text
from lookalike.cards.text import Font
from lookalike.cards.theme import Style, Theme
from lookalike.wording import Translate, below_measured, beyond_measured, pair_sentence
from pipeline.types import PhotoFaces

PAD: Final = 12
PICTURE_PX: Final = 520
SCALE_PX: Final = 26
MARKER_PX: Final = 52
SENTENCE: Final = Font(Weight.SEMIBOLD, 40)


def layout(comparison: Compared, *, calibration: Calibration, style: Style, translate: Translate) -> Canvas:
    """Place everything; the height follows from the sentences."""
    theme = style.colors
    table = calibration.pair
    panel = Rect(MARGIN, MARGIN, WIDTH - 2 * MARGIN, 0)
    left, right = row(Rect(panel.x + PAD, panel.y + PAD, panel.width - 2 * PAD, PICTURE_PX), count=2, gap=PAD)
    items = [
        *_side(comparison.photo_a, comparison.face_a, rect=left, theme=theme, translate=translate),
        *_side(comparison.photo_b, comparison.face_b, rect=right, theme=theme, translate=translate),
    ]
    middle = WIDTH // 2
    items += dial(
        comparison.similarity, comparison.band,
        x=middle, y=left.bottom - DIAL_PX - 18, theme=theme, translate=translate,
    )  # fmt: skip
    y = left.bottom + 24
    band = chip(comparison.band, x=0, y=y, max_width=left.width, theme=theme, translate=translate)
    width = band[0].rect.width
    items += chip(comparison.band, x=middle - width // 2, y=y, max_width=left.width, theme=theme, translate=translate)
    y += CHIP_PX + 18
    sentence = paragraph(
        pair_sentence(
            comparison.false_match_rate,
            translate,
            at_most=beyond_measured(table, comparison.similarity),
            at_least=below_measured(table, comparison.similarity),
        ),
        box=Rect(panel.x + 40, y, panel.width - 80, 0),
        font=SENTENCE, color=theme.text, over=theme.panel, lines=3, align="center", even=True,
    )  # fmt: skip
    y += height_of(sentence) + 40
    scale, y = _scale(table, comparison.similarity, y=y, theme=theme, translate=translate)
    bottom = y + 30
    whole = Rect(panel.x, panel.y, panel.width, bottom - panel.y)
    back = Panel(rect=whole, radius=40, fill=theme.panel, shadow=theme.name == "light")
    caution = paragraph(
        translate("Brothers and sisters look more alike than strangers; age, light and a turned head take some away."),
        box=Rect(MARGIN + 20, bottom + 24, WIDTH - 2 * MARGIN - 40, 0),
        font=BODY, color=theme.muted, over=theme.page, lines=3, align="center", even=True,
    )  # fmt: skip
    height = bottom + 24 + height_of(caution) + MARGIN - 6
    return Canvas(width=WIDTH, height=height, background=theme.page, items=(back, *items, *sentence, *scale, *caution))


def marker_share(table: Table, similarity: float) -> float:
    """Where on the bar a similarity stands, 0..1: all bands are drawn equally wide, and are straight within each.

    The lowest band has no floor of its own worth drawing: hardly two faces are less alike than -0.1. On the bar it
    begins twice the width of the next band (in similarity) below its upper end, which is about there.
    """
    floors = [band.floor for band in reversed(table.bands)]
    upper = [*floors[1:], 1.0]
    if len(floors) > 1:
        step = (floors[2] if len(floors) > 2 else 1.0) - floors[1]
        floors[0] = max(floors[0], floors[1] - 2 * step)
    for index, (low, high) in enumerate(zip(floors, upper, strict=True)):
        if similarity < high or index == len(floors) - 1:
            within = (similarity - low) / max(high - low, 1e-9)
            return (index + min(max(within, 0.0), 1.0)) / len(floors)
    return 1.0


def spread(widths: list[int], centers: list[int], room: Rect, *, gap: int = 18) -> list[int]:
    """Left edges of labels that want to be centred, pushed apart where they would touch, kept within the room."""
    lefts = [center - width // 2 for center, width in zip(centers, widths, strict=True)]
    for i in range(len(lefts)):
        lefts[i] = max(lefts[i], lefts[i - 1] + widths[i - 1] + gap if i else room.x)
    limit = room.right
    for i in reversed(range(len(lefts))):
        lefts[i] = min(lefts[i], limit - widths[i])
        limit = lefts[i] - gap
    return lefts


def _side(photo: PhotoFaces, position: int, *, rect: Rect, theme: Theme, translate: Translate) -> list[Placed]:
    """One of the two faces; numbered where its photo has several."""
    face = photo.usable[position]
    items: list[Placed] = [
        Picture(rect=rect, radius=30, image=cut_out(photo.image, face.points, width=rect.width, height=rect.height))
    ]
    if len(photo.usable) > 1:
        label = translate("Face {number}").format(number=position + 1)
        items += badge(label, x=rect.x + 10, y=rect.y + 10, theme=theme)
    return items


def _scale(table: Table, similarity: float, *, y: int, theme: Theme, translate: Translate) -> tuple[list[Placed], int]:
    """The bands as one bar, its boundaries labelled with the share of pairs of strangers, a marker on it."""
    bar = Rect(MARGIN + 36, y + (MARKER_PX - SCALE_PX) // 2, WIDTH - 2 * MARGIN - 72, SCALE_PX)
    bands = tuple(reversed(table.bands))
    segments = row(bar, count=len(bands), gap=6)
    items: list[Placed] = [
        Panel(rect=segment, radius=SCALE_PX // 2, fill=band_color(band, theme))
        for band, segment in zip(bands, segments, strict=True)
    ]
    below = bar.bottom + 20
    for band, segment in zip(bands, segments, strict=True):
        fill = band_color(band, theme).seen_on(theme.panel)
        box = Rect(int(segment.center.x) - SYMBOL.size_px // 2, below, SYMBOL.size_px, SYMBOL.line_px)
        items.append(Text(rect=box, text=band.symbol, font=SYMBOL, color=fill, over=theme.panel))
    labels = below + SYMBOL.line_px + 6
    ticks = [segment.x - 3 for segment in segments[1:]]
    said = [legend_share(table, band, translate) for band in bands[1:]]
    room = Rect(MARGIN + 16, labels, WIDTH - 2 * MARGIN - 32, BODY.line_px)
    for x, text, left in zip(ticks, said, spread([BODY.width(s) for s in said], ticks, room), strict=True):
        items += [
            Line(start=Point(x, bar.bottom + 8), end=Point(x, labels - 2), stroke_px=2, color=theme.line),
            line(text, x=left, y=labels, font=BODY, color=theme.muted, over=theme.panel),
        ]
    at = bar.x + round(bar.width * marker_share(table, similarity))
    at = min(max(at, bar.x + MARKER_PX // 2 - 8), bar.right - MARKER_PX // 2 + 8)
    marker = Rect(at - MARKER_PX // 2, y, MARKER_PX, MARKER_PX)
    items += [
        Panel(rect=marker, radius=MARKER_PX // 2, fill=theme.panel),
        Ring(rect=marker.inset(4), stroke_px=9, color=theme.text),
    ]
    return items, labels + BODY.line_px
