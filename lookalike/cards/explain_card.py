"""How an answer came about, on the person's own photo: found, pointed, straightened, compared."""

from __future__ import annotations

from typing import Final

import numpy as np

from lookalike.answers import BandedMatch, FaceAnswer
from lookalike.cards.answer_card import portrait_item
from lookalike.cards.blocks import (
    BADGE_PX,
    BODY,
    MARGIN,
    STRONG,
    WIDTH,
    badge,
    height_of,
    paragraph,
)
from lookalike.cards.crops import straighten, window
from lookalike.cards.geometry import Point, Rect, row
from lookalike.cards.pictures import PictureSource
from lookalike.cards.placed import Canvas, Outline, Panel, Picture, Placed
from lookalike.cards.theme import INK, WHITE, Color, Style, Theme
from lookalike.wording import Translate, person_heading, similarity_text
from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX
from pipeline.types import Face, FloatArray, PhotoFaces, Rgb8

PAD: Final = 12
GAP: Final = 20
STEP_PX: Final = 470  # height of the two pictures of the face
TILE_PX: Final = 300
CONTEXT: Final = 2.0  # the photo is shown this many boxes high round the face
DOT_PX: Final = 22
MARK: Final = Color.from_hex("#FFCB3D")


def layout(
    answer: FaceAnswer, *, photo: PhotoFaces, pictures: PictureSource, style: Style, translate: Translate
) -> Canvas:
    """Place everything; the height follows from the words."""
    theme = style.colors
    columns = row(Rect(MARGIN, MARGIN, WIDTH - 2 * MARGIN, 0), count=2, gap=GAP)
    steps = (
        ("1", translate("Find the face, and five points on it")),
        ("2", translate("Turn and scale it, always the same way")),
    )
    tiles: list[Placed] = []
    bottom = 0
    for index, (column, (label, text)) in enumerate(zip(columns, steps, strict=True)):
        picture = Rect(column.x + PAD, column.y + PAD, column.width - 2 * PAD, STEP_PX)
        marked = _on_photo if index == 0 else _straightened
        tiles += marked(answer.face, photo.image, rect=picture)
        tiles += badge(label, x=picture.x + 8, y=picture.y + 8, theme=theme)
        box = Rect(picture.x + 8, picture.bottom + 14, picture.width - 16, 0)
        words = paragraph(text, box=box, font=BODY, color=theme.text, over=theme.panel, lines=3)
        tiles += words
        bottom = max(bottom, box.y + height_of(words) + PAD + 8)
    backs: list[Placed] = [_back(Rect(c.x, c.y, c.width, bottom - c.y), theme) for c in columns]
    items = backs + tiles
    y = bottom + GAP
    if answer.matches:
        placed, y = _compared(answer, pictures=pictures, y=y, theme=theme, translate=translate)
        items += placed
    return Canvas(width=WIDTH, height=y + MARGIN, background=theme.page, items=tuple(items))


def _back(rect: Rect, theme: Theme) -> Panel:
    return Panel(rect=rect, radius=40, fill=theme.panel, shadow=theme.name == "light")


def _on_photo(face: Face, image: Rgb8, *, rect: Rect) -> list[Placed]:
    """The part of the photo round the face, as it was taken, with its box and its points."""
    side = max(face.box.width, face.box.height) * CONTEXT
    scale = rect.height / side
    cx, cy = face.box.center
    matrix = np.array([[scale, 0, rect.width / 2 - cx * scale], [0, scale, rect.height / 2 - cy * scale]])
    shown = window(image, matrix, width=rect.width, height=rect.height)
    offset = np.array([rect.x, rect.y], np.float32)
    points = (face.points * np.float32(scale) + matrix[:, 2] + offset).astype(np.float32)
    box = Rect(
        rect.x + round(face.box.x0 * scale + matrix[0, 2]), rect.y + round(face.box.y0 * scale + matrix[1, 2]),
        round(face.box.width * scale), round(face.box.height * scale),
    )  # fmt: skip
    return [
        Picture(rect=rect, radius=30, image=shown),
        Outline(rect=box.inset(-1), radius=21, stroke_px=8, color=INK),
        Outline(rect=box, radius=20, stroke_px=6, color=MARK),
        *_dots(points, rect),
    ]


def _straightened(face: Face, image: Rgb8, *, rect: Rect) -> list[Placed]:
    """The square that the network sees, with the places the five points were carried to."""
    side = min(rect.width, rect.height)
    square = straighten(image, face.points, side_px=side)
    place = Rect(rect.x + (rect.width - side) // 2, rect.y + (rect.height - side) // 2, side, side)
    points = ARCFACE_TEMPLATE * np.float32(side / CROP_SIDE_PX) + np.array([place.x, place.y], np.float32)
    return [Picture(rect=place, radius=30, image=square), *_dots(points.astype(np.float32), place)]


def _dots(points: FloatArray, rect: Rect) -> list[Placed]:
    items: list[Placed] = []
    for x, y in points:
        at = Point(float(x), float(y))
        dot = Rect(round(at.x) - DOT_PX // 2, round(at.y) - DOT_PX // 2, DOT_PX, DOT_PX)
        if rect.contains(dot):
            items += [
                Panel(rect=dot, radius=DOT_PX // 2, fill=INK),
                Panel(rect=dot.inset(2), radius=DOT_PX // 2, fill=WHITE),
                Panel(rect=dot.inset(5), radius=DOT_PX // 2, fill=MARK),
            ]
    return items


def _compared(
    answer: FaceAnswer, *, pictures: PictureSource, y: int, theme: Theme, translate: Translate
) -> tuple[list[Placed], int]:
    """What the vector is, and the first and the last of the answer beside each other."""
    panel = Rect(MARGIN, y, WIDTH - 2 * MARGIN, 0)
    inner = Rect(panel.x + PAD, y + PAD + 10, panel.width - 2 * PAD, 0)
    mark = badge("3", x=inner.x + 8, y=inner.y, theme=theme)
    text = translate(
        "A network turns the face into 512 numbers: a direction. "
        "How close two directions are is the similarity, 1 at most."
    )
    box = Rect(inner.x + 8 + BADGE_PX + 14, inner.y + 4, inner.width - BADGE_PX - 30, 0)
    words = paragraph(text, box=box, font=BODY, color=theme.text, over=theme.panel, lines=4)
    items: list[Placed] = [*mark, *words]
    shown = [(translate("nearest"), answer.matches[0])]
    if len(answer.matches) > 1:
        shown.append((translate("farthest of these"), answer.matches[-1]))
    top = box.y + height_of(words) + 18
    bottom = top
    for (label, match), column in zip(shown, row(Rect(inner.x, top, inner.width, 0), count=2, gap=PAD), strict=False):
        placed, end = _tile(label, match, pictures, column=column, theme=theme, translate=translate)
        items += placed
        bottom = max(bottom, end)
    whole = Rect(panel.x, panel.y, panel.width, bottom + PAD + 8 - panel.y)
    return [_back(whole, theme), *items], whole.bottom


def _tile(
    label: str, match: BandedMatch, pictures: PictureSource, *, column: Rect, theme: Theme, translate: Translate
) -> tuple[list[Placed], int]:
    picture = Rect(column.x, column.y, column.width, TILE_PX)
    said = similarity_text(match.match.similarity, translate)
    box = Rect(picture.x + 8, picture.bottom + 10, picture.width - 16, 0)
    note = paragraph(label, box=box, font=BODY, color=theme.muted, over=theme.panel, lines=1)
    below = Rect(box.x, box.y + height_of(note), box.width, 0)
    title = paragraph(
        person_heading(match.match.person, translate),
        box=below,
        font=STRONG,
        color=theme.text,
        over=theme.panel,
        lines=1,
    )
    return [
        portrait_item(match.match.person, pictures, rect=picture, radius=30),
        *badge(said, x=picture.right - 8, y=picture.bottom - 8 - BADGE_PX, theme=theme, anchor="right"),
        *title,
        *note,
    ], below.y + height_of(title) + 8
