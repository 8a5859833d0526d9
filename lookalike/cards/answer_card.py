"""The answer card: one face and the people most like it, as one picture for a phone."""

from __future__ import annotations

from typing import Final

from index.types import GalleryInfo, Person
from lookalike.answers import BandedMatch, FaceAnswer
from lookalike.calibration import Calibration
from lookalike.cards.blocks import (
    BADGE_PX,
    BODY,
    CHIP_PX,
    DIAL_PX,
    MARGIN,
    STRONG,
    TITLE,
    WIDTH,
    badge,
    chip,
    dial,
    fitting,
    height_of,
    legend,
    line,
    paragraph,
)
from lookalike.cards.crops import cut_out
from lookalike.cards.fontfiles import Weight
from lookalike.cards.geometry import Rect, row
from lookalike.cards.pictures import PictureSource
from lookalike.cards.placed import Canvas, Drawn, Panel, Picture, Placed
from lookalike.cards.portrait import portrait_of
from lookalike.cards.text import Font
from lookalike.cards.theme import Style, Theme
from lookalike.wording import (
    Translate,
    below_measured,
    beyond_measured,
    describe_person,
    number,
    person_title,
    share_sentence,
    similarity_text,
)
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import PhotoFaces, Rgb8

GAP: Final = 20
PAD: Final = 12
PANEL_RADIUS: Final = 40
PICTURE_RADIUS: Final = 30
HERO_PX: Final = 392  # height of the two large pictures
PODIUM: Final = 3  # tiles in the row below, larger than the rest
PODIUM_PX: Final = 188
SMALL_PX: Final = 146
SENTENCE: Final = Font(Weight.MEDIUM, 34)


def layout(
    answer: FaceAnswer,
    *,
    calibration: Calibration,
    gallery: GalleryInfo,
    pictures: PictureSource,
    photo: PhotoFaces | None,
    style: Style,
    translate: Translate,
) -> Canvas:
    """Place everything. The height follows from what is said; the width is always 1080 px."""
    theme = style.colors
    table = calibration.gallery
    items: list[Placed] = []
    y = MARGIN
    if answer.matches:
        hero, y = _hero(
            answer, calibration=calibration, pictures=pictures, photo=photo, y=y, theme=theme, translate=translate
        )
        items += hero
        rest = answer.matches[1:]
        if rest:
            placed, y = _podium(rest[:PODIUM], pictures=pictures, y=y + GAP, theme=theme, translate=translate)
            items += placed
        for start in range(PODIUM, len(rest), 2):
            pair = rest[start : start + 2]
            placed, y = _small(pair, pictures=pictures, y=y + GAP, theme=theme, translate=translate)
            items += placed
    else:
        placed, y = _nobody(answer, photo=photo, y=y, theme=theme, translate=translate)
        items += placed
    heading = translate("How many strangers find somebody this alike among {people} people:")
    if gallery.people != calibration.gallery_people:  # another gallery than the one that was measured
        heading = translate("How many strangers find somebody this alike among {people} people (here are {here}):")
    heading = heading.format(
        people=number(calibration.gallery_people, translate), here=number(gallery.people, translate)
    )
    scale, y = legend(table, heading=heading, y=y + GAP + 6, theme=theme, translate=translate)
    items += scale
    return Canvas(width=WIDTH, height=y + MARGIN - 6, background=theme.page, items=tuple(items))


def probe_picture(answer: FaceAnswer, photo: PhotoFaces | None, *, width: int, height: int) -> Rgb8:
    """The asked face upright, from the photo where it is given, else from the straightened crop."""
    if photo is None:
        return cut_out(answer.face.crop, ARCFACE_TEMPLATE, width=width, height=height)
    return cut_out(photo.image, answer.face.points, width=width, height=height)


def portrait_item(person: Person, pictures: PictureSource, *, rect: Rect, radius: int) -> Placed:
    """A person's picture where there is one, else a drawn portrait."""
    image = pictures.picture(person, width=rect.width, height=rect.height)
    if image is None:
        return Drawn(rect=rect, radius=radius, portrait=portrait_of(person))
    return Picture(rect=rect, radius=radius, image=image)


def _hero(
    answer: FaceAnswer,
    *,
    calibration: Calibration,
    pictures: PictureSource,
    photo: PhotoFaces | None,
    y: int,
    theme: Theme,
    translate: Translate,
) -> tuple[list[Placed], int]:
    """The asked face and the nearest person side by side, the similarity on a dial between them."""
    best = answer.matches[0]
    panel = Rect(MARGIN, y, WIDTH - 2 * MARGIN, 0)
    left, right = row(Rect(panel.x + PAD, y + PAD, panel.width - 2 * PAD, HERO_PX), count=2, gap=PAD)
    radius = PICTURE_RADIUS
    items: list[Placed] = [
        Picture(rect=left, radius=radius, image=probe_picture(answer, photo, width=left.width, height=left.height)),
        portrait_item(best.match.person, pictures, rect=right, radius=radius),
        *badge(str(best.match.rank), x=right.x + 10, y=right.y + 10, theme=theme),
    ]
    if answer.number > 1 or (photo is not None and len(photo.usable) > 1):
        label = translate("Face {number}").format(number=answer.number)
        items += badge(label, x=left.x + 10, y=left.y + 10, theme=theme)
    items += dial(
        best.match.similarity,
        best.band,
        x=WIDTH // 2,
        y=left.bottom - DIAL_PX - 18,
        theme=theme,
        translate=translate,
    )

    text_y = left.bottom + 20
    sentence = share_sentence(
        best.stranger_share,
        translate,
        at_most=beyond_measured(calibration.gallery, best.match.similarity),
        at_least=below_measured(calibration.gallery, best.match.similarity),
    )
    said = paragraph(
        sentence,
        box=Rect(left.x + 14, text_y + 6, left.width - 30, 0),
        font=SENTENCE, color=theme.muted, over=theme.panel, lines=4, even=True,
    )  # fmt: skip
    column = Rect(right.x + 14, text_y, right.width - 28, 0)
    title = paragraph(
        person_title(best.match.person, translate),
        box=column, font=TITLE, color=theme.text, over=theme.panel, lines=3,
    )  # fmt: skip
    below = Rect(column.x, text_y + height_of(title), column.width, 0)
    details = paragraph(
        describe_person(best.match.person, translate),
        box=below, font=BODY, color=theme.muted, over=theme.panel, lines=2,
    )  # fmt: skip
    chip_y = below.y + height_of(details) + 14
    band = chip(best.band, x=column.x, y=chip_y, max_width=column.width, theme=theme, translate=translate)
    bottom = max(chip_y + CHIP_PX, text_y + 6 + height_of(said)) + PAD + 12
    whole = Rect(panel.x, panel.y, panel.width, bottom - panel.y)
    back = Panel(rect=whole, radius=PANEL_RADIUS, fill=theme.panel, shadow=theme.name == "light")
    return [back, *items, *said, *title, *details, *band], bottom


def _nobody(
    answer: FaceAnswer, *, photo: PhotoFaces | None, y: int, theme: Theme, translate: Translate
) -> tuple[list[Placed], int]:
    """The asked face alone: a small gallery may hold nobody who passes a filter."""
    panel = Rect(MARGIN, y, WIDTH - 2 * MARGIN, HERO_PX + 2 * PAD)
    left, right = row(panel.inset(PAD), count=2, gap=PAD)
    probe = probe_picture(answer, photo, width=left.width, height=left.height)
    said = paragraph(
        translate("Nobody in this gallery fits."),
        box=Rect(right.x + 20, right.y + 20, right.width - 40, 0),
        font=TITLE, color=theme.text, over=theme.panel, lines=4,
    )  # fmt: skip
    back = Panel(rect=panel, radius=PANEL_RADIUS, fill=theme.panel, shadow=theme.name == "light")
    return [back, Picture(rect=left, radius=PICTURE_RADIUS, image=probe), *said], panel.bottom


def _podium(
    matches: tuple[BandedMatch, ...], *, pictures: PictureSource, y: int, theme: Theme, translate: Translate
) -> tuple[list[Placed], int]:
    """Up to three tiles beside each other: the picture above, the words below."""
    columns = row(Rect(MARGIN, y, WIDTH - 2 * MARGIN, 0), count=max(2, len(matches)), gap=GAP)
    tiles = []
    bottom = y
    for match, column in zip(matches, columns, strict=False):
        picture = Rect(column.x + PAD, y + PAD, column.width - 2 * PAD, PODIUM_PX)
        words = Rect(picture.x + 8, picture.bottom + 14, picture.width - 12, 0)
        placed, height = _words(match, box=words, theme=theme, translate=translate)
        tiles.append((column, picture, match, placed))
        bottom = max(bottom, words.y + height)
    chip_y = bottom + 10
    end = chip_y + CHIP_PX + PAD + 6
    items: list[Placed] = []
    for column, picture, match, placed in tiles:
        whole = Rect(column.x, y, column.width, end - y)
        items.append(Panel(rect=whole, radius=PANEL_RADIUS, fill=theme.panel, shadow=theme.name == "light"))
        items += _face(match, pictures, rect=picture, theme=theme, translate=translate)
        items += placed
        items += chip(match.band, x=picture.x + 8, y=chip_y, max_width=picture.width - 12, theme=theme,
                      translate=translate)  # fmt: skip
    return items, end


def _small(
    matches: tuple[BandedMatch, ...], *, pictures: PictureSource, y: int, theme: Theme, translate: Translate
) -> tuple[list[Placed], int]:
    """Up to two tiles beside each other: the picture on the left, the words on the right."""
    columns = row(Rect(MARGIN, y, WIDTH - 2 * MARGIN, SMALL_PX + 2 * PAD), count=2, gap=GAP)
    items: list[Placed] = []
    for match, column in zip(matches, columns, strict=False):
        picture = Rect(column.x + PAD, y + PAD, SMALL_PX, SMALL_PX)
        words = Rect(picture.right + 18, picture.y + 2, column.right - picture.right - 18 - 20, 0)
        placed, _ = _words(match, box=words, theme=theme, translate=translate)
        chip_y = picture.bottom - CHIP_PX - 1
        band = chip(match.band, x=words.x, y=chip_y, max_width=words.width, theme=theme, translate=translate)
        said = line(
            similarity_text(match.match.similarity, translate),
            x=words.right, y=chip_y + (CHIP_PX - STRONG.line_px) // 2, font=STRONG, color=theme.text,
            over=theme.panel, align="right",
        )  # fmt: skip
        beside = band[0].rect.right + 12 <= said.rect.x  # the similarity finds room beside a short word
        items.append(Panel(rect=column, radius=PANEL_RADIUS, fill=theme.panel, shadow=theme.name == "light"))
        items += _face(match, pictures, rect=picture, theme=theme, translate=translate, with_similarity=not beside)
        items += [*placed, *band]
        if beside:
            items.append(said)
    return items, y + SMALL_PX + 2 * PAD


def _words(match: BandedMatch, *, box: Rect, theme: Theme, translate: Translate) -> tuple[list[Placed], int]:
    """Two lines at most: a long name takes both, a short one leaves the second to the description."""
    title = paragraph(
        person_title(match.match.person, translate), box=box, font=STRONG, color=theme.text, over=theme.panel, lines=2
    )
    details = fitting(match.match.person, BODY, box.width, translate=translate)
    if len(title) > 1 or not details:
        return list(title), 2 * STRONG.line_px
    below = Rect(box.x, box.y + height_of(title), box.width, 0)
    second = paragraph(details, box=below, font=BODY, color=theme.muted, over=theme.panel, lines=1)
    return [*title, *second], 2 * STRONG.line_px


def _face(
    match: BandedMatch,
    pictures: PictureSource,
    *,
    rect: Rect,
    theme: Theme,
    translate: Translate,
    with_similarity: bool = True,
) -> list[Placed]:
    """The picture with its rank in the upper left corner and the similarity in the lower right one."""
    items: list[Placed] = [
        portrait_item(match.match.person, pictures, rect=rect, radius=PICTURE_RADIUS),
        *badge(str(match.match.rank), x=rect.x + 6, y=rect.y + 6, theme=theme),
    ]
    if with_similarity:
        said = similarity_text(match.match.similarity, translate)
        items += badge(said, x=rect.right - 6, y=rect.bottom - 6 - BADGE_PX, theme=theme, anchor="right")
    return items
