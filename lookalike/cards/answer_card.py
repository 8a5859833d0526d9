"""The answer card: one verdict, two faces, one reason, one colour; seven more faces small. A picture to send on."""

from __future__ import annotations

from typing import Final

from index.types import GalleryInfo, Person
from lookalike.answers import BandedMatch, FaceAnswer
from lookalike.cards.blocks import (
    BODY,
    HEADLINES,
    LEAD,
    LEADS,
    MARGIN,
    STRONG,
    TITLES,
    WIDTH,
    fitting,
    height_of,
    line,
    meter,
    paragraph,
)
from lookalike.cards.duo import asked, drawn, duo, shown
from lookalike.cards.geometry import Rect, row
from lookalike.cards.pictures import PictureSource
from lookalike.cards.placed import Canvas, Drawn, Panel, Picture, Placed, Text
from lookalike.cards.portrait import portrait_of
from lookalike.cards.text import ellipsise
from lookalike.cards.theme import Style, Theme
from lookalike.verdicts import headline, overline, sentence
from lookalike.wording import Translate, person_footnote, person_heading
from pipeline.types import PhotoFaces

HEIGHT: Final = 1350  # 4:5, as feeds show it; more where the words need it
GAP: Final = 16
PORTRAIT_PX: Final = 560
CIRCLES: Final = 7
CIRCLE_PX: Final = 122
RING_PX: Final = 8
CIRCLE_ZOOM: Final = 1.45
INNER: Final = WIDTH - 2 * MARGIN


def layout(
    answer: FaceAnswer,
    *,
    gallery: GalleryInfo,
    pictures: PictureSource,
    photo: PhotoFaces | None,
    style: Style,
    translate: Translate,
    reason: str = "",
    signature: str = "",
) -> Canvas:
    """Place everything on 1080 x 1350 px, or higher. reason: "It's in the eyes and nose", where it was measured.
    signature: where the card comes from, the bot's @name.
    """
    step = answer.matches[0].band.step if answer.matches else 0
    theme = style.colors.tinted(step)
    several = answer.number > 1 or (photo is not None and len(photo.usable) > 1)
    y = MARGIN
    above = overline(answer, people=gallery.people, several=several, translate=translate)
    over = fitting(above, LEADS, Rect(MARGIN, y, INNER, 0), color=theme.muted, over=theme.page) if above else ()
    items: list[Placed] = [*over]
    y += height_of(over) + 2 if over else 0
    said = headline(answer, people=gallery.people, translate=translate)
    title = fitting(said, HEADLINES, Rect(MARGIN, y, INNER, 0), color=theme.text, over=theme.page)
    y += height_of(title) + 22
    frame = Rect(MARGIN, y, INNER, PORTRAIT_PX)
    items += [*title, *_faces(answer, photo, pictures, frame=frame, theme=theme)]
    y = frame.bottom + (64 if answer.matches else 30)
    words = _words(answer, reason, y=y, step=step, theme=theme, translate=translate)
    items += words
    y = max((word.rect.bottom for word in words), default=y)
    rest = answer.matches[1 : 1 + CIRCLES]
    footer = BODY.line_px
    below = (CIRCLE_PX + 34 if rest else 0) + footer + MARGIN - 8
    height = max(HEIGHT, y + 36 + below)
    y = height - below
    for match, left in zip(rest, _lefts(), strict=False):
        items += _circle(match, pictures, x=left, y=y, theme=theme)
    items += _footer(items, signature, y=height - MARGIN + 8 - footer, theme=theme, translate=translate)
    return Canvas(width=WIDTH, height=height, background=theme.page, items=tuple(items))


def portrait_item(person: Person, pictures: PictureSource, *, rect: Rect, radius: int) -> Placed:
    """A person's picture where there is one, else a drawn portrait."""
    image = pictures.picture(person, width=rect.width, height=rect.height)
    if image is None:
        return Drawn(rect=rect, radius=radius, portrait=portrait_of(person))
    return Picture(rect=rect, radius=radius, image=image)


def _faces(
    answer: FaceAnswer, photo: PhotoFaces | None, pictures: PictureSource, *, frame: Rect, theme: Theme
) -> list[Placed]:
    """The asked face and the nearest person; the asked one alone where nobody is left to show."""
    shot = asked(answer, photo)
    left, right = row(frame, count=2, gap=GAP)
    if not answer.matches:
        return duo(shot, shot, (frame, frame))[:1]
    nearest = shown(answer.matches[0].person, pictures, side_px=frame.height)
    step = answer.matches[0].band.step
    return [*duo(shot, nearest, (left, right)), *meter(step, x=WIDTH // 2, y=frame.bottom - 38, theme=theme)]


def _words(answer: FaceAnswer, reason: str, *, y: int, step: int, theme: Theme, translate: Translate) -> list[Text]:
    """Who that is, why, and how rare it is."""
    if not answer.matches:
        return []
    person = answer.matches[0].person
    said: list[Text] = []

    def add(lines: tuple[Text, ...], gap: int) -> None:
        nonlocal y
        if lines:
            said.extend(lines)
            y += height_of(lines) + gap

    def box() -> Rect:
        return Rect(MARGIN, y, INNER, 0)

    add(fitting(person_heading(person, translate), TITLES, box(), color=theme.text, over=theme.page, lines=2), 0)
    add(paragraph(person_footnote(person, translate), box=box(), font=BODY, color=theme.muted, over=theme.page,
                  lines=2, even=True), 12)  # fmt: skip
    if reason:
        add(fitting(reason, LEADS, box(), color=theme.accent(step), over=theme.page), 4)
    add(paragraph(sentence(answer, translate), box=box(), font=LEAD, color=theme.text, over=theme.page, lines=2,
                  even=True), 0)  # fmt: skip
    return said


def _lefts() -> list[int]:
    """Left edges of the small faces, spread over the width."""
    return [MARGIN + round(i * (INNER - CIRCLE_PX) / (CIRCLES - 1)) for i in range(CIRCLES)]


def _circle(match: BandedMatch, pictures: PictureSource, *, x: int, y: int, theme: Theme) -> list[Placed]:
    """One of the other people: a face in a ring of its band's colour."""
    ring = Rect(x, y, CIRCLE_PX, CIRCLE_PX)
    gap = ring.inset(RING_PX)
    face = gap.inset(4)
    wide = round(face.width * CIRCLE_ZOOM)
    image = pictures.picture(match.person, width=wide, height=wide)
    placed: Placed
    if image is None:
        placed = drawn(portrait_of(match.person), rect=face, radius=face.width // 2, zoom=CIRCLE_ZOOM)
    else:
        cut = (wide - face.width) // 2
        tight = image[cut : cut + face.width, cut : cut + face.width]
        placed = Picture(rect=face, radius=face.width // 2, image=tight)
    return [
        Panel(rect=ring, radius=CIRCLE_PX // 2, fill=theme.band(match.band.step)),
        Panel(rect=gap, radius=gap.width // 2, fill=theme.page),
        placed,
    ]


def _footer(items: list[Placed], signature: str, *, y: int, theme: Theme, translate: Translate) -> list[Placed]:
    """Where portraits come from, if any is drawn, and where the card does."""
    signed = ellipsise(signature, STRONG, INNER // 2)
    right = line(signed, x=WIDTH - MARGIN, y=y, font=STRONG, color=theme.text, over=theme.page, align="right")
    placed: list[Placed] = [right] if signed else []
    if any(isinstance(item, Drawn) and item.portrait.traits is not None for item in items):
        room = INNER - (right.rect.width + 24 if signed else 0)
        said = ellipsise(translate("Drawn from descriptions"), BODY, room)
        placed.append(line(said, x=MARGIN, y=y, font=BODY, color=theme.muted, over=theme.page))
    return placed
