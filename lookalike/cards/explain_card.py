"""Why these: which parts of one's own face carry the likeness, and where the nearest stands among everybody."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lookalike.answers import FaceAnswer
from lookalike.calibration import Table
from lookalike.cards.answer_card import portrait_item
from lookalike.cards.blocks import BODY, HEADLINES, LEAD, MARGIN, WIDTH, fitting, height_of, line, meter, paragraph
from lookalike.cards.crops import straighten
from lookalike.cards.geometry import Point, Rect, row
from lookalike.cards.pictures import PictureSource
from lookalike.cards.placed import Canvas, Line, Panel, Picture, Placed, Ring
from lookalike.cards.theme import INK, Color, Style, Theme
from lookalike.explainer import Why
from lookalike.regions import REGIONS, mask
from lookalike.verdicts import reason
from lookalike.wording import Translate, number, person_heading
from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX
from pipeline.types import PhotoFaces, Rgb8

INNER: Final = WIDTH - 2 * MARGIN
BINS: Final = 48
BARS_PX: Final = 240
DOT_PX: Final = 30
MARK: Final = Color.from_hex("#FFCB3D")
POINT_PX: Final = 18
SHADE: Final = 0.62  # of the mark's colour over the part that carries most


def layout(
    answer: FaceAnswer,
    *,
    photo: PhotoFaces,
    why: Why | None,
    table: Table,
    pictures: PictureSource,
    style: Style,
    translate: Translate,
) -> Canvas:
    """Place everything; the height follows from the words. table: whose bands colour the bars."""
    step = answer.matches[0].band.step if answer.matches else 0
    theme = style.colors.tinted(step)
    named = why.carriers.named if why is not None and why.carriers is not None else ()
    y = MARGIN
    above = paragraph(translate("Why these?"), box=Rect(MARGIN, y, INNER, 0), font=LEAD, color=theme.muted,
                      over=theme.page, lines=1)  # fmt: skip
    y += LEAD.line_px + 2
    said = reason(named, translate) or translate("It's in the face as a whole.")
    title = fitting(said, HEADLINES, Rect(MARGIN, y, INNER, 0), color=theme.text, over=theme.page)
    y += height_of(title) + 24
    left, right = row(Rect(MARGIN, y, INNER, 0), count=2, gap=16)
    side = left.width
    left, right = Rect(left.x, y, side, side), Rect(right.x, y, side, side)
    unusual = why.carriers.unusual if named and why is not None and why.carriers is not None else {}
    items: list[Placed] = [*above, *title]
    face = straighten(photo.image, answer.face.points, side_px=side)
    items.append(Picture(rect=left, radius=44, image=shaded(face, unusual)))
    items += _points(left)
    y = left.bottom + 14
    if answer.matches:
        nearest = answer.matches[0].person
        items.append(portrait_item(nearest, pictures, rect=right, radius=44))
        items += meter(step, x=WIDTH // 2, y=left.bottom - 38, theme=theme)
        y += 36
        brighter = translate("Brighter: more than usual") if unusual else ""
        words = (brighter, person_heading(nearest, translate))
        below = [
            paragraph(text, box=Rect(column.x, y, column.width, 0), font=BODY, color=theme.muted, over=theme.page,
                      lines=3)
            for column, text in zip((left, right), words, strict=True)
        ]  # fmt: skip
        items += [*below[0], *below[1]]
        y += max(height_of(lines) for lines in below) + 30
    if why is not None:
        placed, y = _everybody(answer, why.everybody, table=table, y=y, theme=theme, translate=translate)
        items += placed
    return Canvas(width=WIDTH, height=y + MARGIN - 10, background=theme.page, items=tuple(items))


def shaded(face: Rgb8, unusual: dict[str, float]) -> Rgb8:
    """The straightened face with each region the brighter, the more it carries beyond what is usual.

    unusual: by region, see lookalike.regions.Carriers; where none is above 0 the face stays as it is.
    """
    most = max(unusual.values(), default=0.0)
    if most <= 0.0:
        return face
    picture = face.astype(np.float32) * 0.72
    for name in REGIONS:
        share = max(unusual.get(name, 0.0), 0.0) / most
        soft = mask(name, face.shape[0])[..., None] * share
        picture = picture * (1 - soft) + (face * (1 - SHADE * 0.5) + np.array(MARK.rgb) * (SHADE * 0.5)) * soft
    return np.asarray(np.clip(np.round(picture), 0, 255), np.uint8)


def _points(rect: Rect) -> list[Placed]:
    """The five points that every face is lined up by."""
    items: list[Placed] = []
    for x, y in ARCFACE_TEMPLATE * (rect.width / CROP_SIDE_PX):
        dot = Rect(
            rect.x + round(float(x)) - POINT_PX // 2, rect.y + round(float(y)) - POINT_PX // 2, POINT_PX, POINT_PX
        )
        items += [
            Panel(rect=dot, radius=POINT_PX // 2, fill=INK),
            Panel(rect=dot.inset(3), radius=POINT_PX // 2, fill=MARK),
        ]
    return items


def _everybody(
    answer: FaceAnswer, everybody: NDArray[np.float32], *, table: Table, y: int, theme: Theme, translate: Translate
) -> tuple[list[Placed], int]:
    """A histogram of how close each person of the gallery is, bars in the bands' colours, and the nearest as a dot."""
    count = number(len(everybody), translate)
    asked = translate("How close all {people} are to you:").format(people=count)
    head = paragraph(asked, box=Rect(MARGIN, y, INNER, 0), font=BODY, color=theme.text, over=theme.page, lines=2)
    y += height_of(head) + 40
    low = min(float(everybody.min()), -0.1)
    high = max(float(everybody.max()), table.bands[0].floor) + 1e-6
    counts, edges = np.histogram(everybody, bins=BINS, range=(low, high))
    base = y + BARS_PX
    pitch = INNER / BINS
    items: list[Placed] = [*head]
    for k, height in enumerate(counts.tolist()):
        if not height:
            continue
        bar = max(6, round(BARS_PX * (height / counts.max()) ** 0.5))  # by the root: the few near ones are seen
        x = MARGIN + round(k * pitch)
        color = theme.band(table.band(float(edges[k] + edges[k + 1]) / 2).step)
        items.append(Panel(rect=Rect(x, base - bar, max(4, round(pitch) - 4), bar), radius=4, fill=color))
    items.append(
        Line(start=Point(MARGIN, base + 3), end=Point(WIDTH - MARGIN, base + 3), stroke_px=3, color=theme.muted)
    )
    nearest = answer.matches[0].similarity
    at = MARGIN + round((nearest - low) / (high - low) * INNER)
    at = min(max(at, MARGIN + DOT_PX // 2), WIDTH - MARGIN - DOT_PX // 2)
    dot = Rect(at - DOT_PX // 2, base - 52, DOT_PX, DOT_PX)
    items += [
        Line(start=Point(at, dot.bottom), end=Point(at, base), stroke_px=4, color=theme.text),
        Panel(rect=dot, radius=DOT_PX // 2, fill=theme.text),
        Ring(rect=dot.inset(-7), stroke_px=4, color=theme.text),
    ]
    below = base + 16
    far = line(translate("far"), x=MARGIN, y=below, font=BODY, color=theme.muted, over=theme.page)
    close = line(
        translate("close"), x=WIDTH - MARGIN, y=below, font=BODY, color=theme.muted, over=theme.page, align="right"
    )
    return [*items, far, close], below + BODY.line_px
