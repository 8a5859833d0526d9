"""The card of a comparison: two faces at one scale, what their likeness means, and where it stands among strangers'."""

from __future__ import annotations

from typing import Final

from lookalike.answers import Compared
from lookalike.calibration import Band, Calibration, Table
from lookalike.cards.blocks import BODY, LEAD, MARGIN, STRONG, WIDTH, badge, fitting, height_of, line, meter, paragraph
from lookalike.cards.duo import Shot, duo
from lookalike.cards.fontfiles import Weight
from lookalike.cards.geometry import Point, Rect, row
from lookalike.cards.placed import Canvas, Line, Panel, Placed, Ring
from lookalike.cards.text import Font
from lookalike.cards.theme import Style, Theme
from lookalike.wording import (
    Translate,
    below_measured,
    beyond_measured,
    pair_sentence,
    pair_verdict,
    share_text,
)
from pipeline.types import PhotoFaces

PICTURE_PX: Final = 560
SCALE_PX: Final = 30
MARKER_PX: Final = 56
HEROES: Final = tuple(Font(Weight.BOLD, size) for size in (72, 66, 60))
INNER: Final = WIDTH - 2 * MARGIN


def layout(
    comparison: Compared, *, calibration: Calibration, style: Style, translate: Translate, signature: str = ""
) -> Canvas:
    """Place everything; the height follows from the sentences. signature: the bot's @name."""
    step = comparison.band.step
    theme = style.colors.tinted(step)
    table = calibration.pair
    above = pair_verdict(comparison.band.key, translate)
    top = paragraph(
        above[:1].upper() + above[1:], box=Rect(MARGIN, MARGIN, INNER, 0),
        font=LEAD, color=theme.accent(step), over=theme.page, lines=1,
    )  # fmt: skip
    y = MARGIN + height_of(top) + 2
    sentence = pair_sentence(
        comparison.false_match_rate,
        translate,
        at_most=beyond_measured(table, comparison.similarity),
        at_least=below_measured(table, comparison.similarity),
    )
    hero = fitting(sentence, HEROES, Rect(MARGIN, y, INNER, 0), color=theme.text, over=theme.page, lines=3)
    y += height_of(hero) + 24
    left, right = row(Rect(MARGIN, y, INNER, PICTURE_PX), count=2, gap=16)
    items: list[Placed] = [*top, *hero]
    shots = _shot(comparison.photo_a, comparison.face_a), _shot(comparison.photo_b, comparison.face_b)
    items += duo(*shots, (left, right))
    items += _numbered(comparison.photo_a, comparison.face_a, rect=left, theme=theme, translate=translate)
    items += _numbered(comparison.photo_b, comparison.face_b, rect=right, theme=theme, translate=translate)
    items += meter(step, x=WIDTH // 2, y=left.bottom - 38, theme=theme)
    scale, y = _scale(table, comparison.similarity, y=left.bottom + 56, theme=theme, translate=translate)
    caution = paragraph(
        translate("Family looks alike too, and age or light can hide it. So this is no proof."),
        box=Rect(MARGIN, y + 34, INNER, 0), font=BODY, color=theme.muted, over=theme.page, lines=3, even=True,
    )  # fmt: skip
    y += 34 + height_of(caution)
    items += [*scale, *caution]
    if signature:
        y += 14
        items.append(
            line(signature, x=WIDTH - MARGIN, y=y, font=STRONG, color=theme.text, over=theme.page, align="right")
        )
        y += STRONG.line_px
    return Canvas(width=WIDTH, height=y + MARGIN - 12, background=theme.page, items=tuple(items))


def edge_share(table: Table, band: Band, translate: Translate) -> str:
    """How many pairs of strangers reach this band's lower edge, in a few words."""
    return share_text(
        table.stranger_share(band.floor),
        translate,
        at_most=beyond_measured(table, band.floor),
        at_least=below_measured(table, band.floor),
    )


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


def _shot(photo: PhotoFaces, position: int) -> Shot:
    return Shot(photo.image, photo.usable[position].points)


def _numbered(
    photo: PhotoFaces, position: int, *, rect: Rect, theme: Theme, translate: Translate
) -> tuple[Placed, ...]:
    """Which face it is, where its photo has several."""
    if len(photo.usable) < 2:
        return ()
    return badge(translate("Face {number}").format(number=position + 1), x=rect.x + 16, y=rect.y + 16, theme=theme)


def _scale(table: Table, similarity: float, *, y: int, theme: Theme, translate: Translate) -> tuple[list[Placed], int]:
    """The bands as one bar, its boundaries labelled with how many pairs of strangers reach them, a marker on it."""
    head = paragraph(translate("How often two strangers look at least this alike:"), box=Rect(MARGIN, y, INNER, 0),
                     font=BODY, color=theme.muted, over=theme.page, lines=2)  # fmt: skip
    y += height_of(head) + 18
    bar = Rect(MARGIN, y + (MARKER_PX - SCALE_PX) // 2, INNER, SCALE_PX)
    bands = tuple(reversed(table.bands))
    segments = row(bar, count=len(bands), gap=6)
    items: list[Placed] = [*head]
    items += [
        Panel(rect=segment, radius=SCALE_PX // 2, fill=theme.band(band.step))
        for band, segment in zip(bands, segments, strict=True)
    ]
    labels = bar.bottom + 34
    ticks = [segment.x - 3 for segment in segments[1:]]
    said = [edge_share(table, band, translate) for band in bands[1:]]
    unit = translate("pairs")
    room = Rect(MARGIN, labels, INNER, BODY.line_px)
    wide = [max(BODY.width(text), BODY.width(unit)) for text in said]
    for x, text, left, width in zip(ticks, said, spread(wide, ticks, room), wide, strict=True):
        items.append(Line(start=Point(x, bar.bottom + 10), end=Point(x, labels - 2), stroke_px=3, color=theme.muted))
        items += [
            line(part, x=left + width // 2, y=labels + below * BODY.line_px, font=BODY, color=theme.muted,
                 over=theme.page, align="center")
            for below, part in enumerate((text, unit))
        ]  # fmt: skip
    at = bar.x + round(bar.width * marker_share(table, similarity))
    at = min(max(at, bar.x + MARKER_PX // 2 - 8), bar.right - MARKER_PX // 2 + 8)
    marker = Rect(at - MARKER_PX // 2, y, MARKER_PX, MARKER_PX)
    items += [
        Panel(rect=marker, radius=MARKER_PX // 2, fill=theme.page),
        Ring(rect=marker.inset(4), stroke_px=10, color=theme.text),
    ]
    return items, labels + 2 * BODY.line_px
