"""Two faces beside each other at one scale and one eye line, so that the eye can compare them. Layout only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from index.types import Person
from lookalike.answers import FaceAnswer
from lookalike.cards.crops import PORTRAIT_ZOOMS, portrait_cut, portrait_zoom
from lookalike.cards.geometry import Rect
from lookalike.cards.pictures import PictureSource
from lookalike.cards.placed import Drawn, Picture, Placed
from lookalike.cards.portrait import Portrait, portrait_of
from lookalike.cards.portrait_shapes import whole_head_zoom
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import PhotoFaces, Points5, Rgb8

RADIUS: Final = 44


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A photograph and the five points of the face on it."""

    image: Rgb8
    points: Points5


@dataclass(frozen=True, slots=True, eq=False)
class Uncut:
    """A picture of somebody whose points nobody knows, by whoever cuts it to a frame."""

    person: Person
    pictures: PictureSource


Side = Shot | Portrait | Uncut


def asked(answer: FaceAnswer, photo: PhotoFaces | None) -> Shot:
    """The asked face, on the photo where it is given, else on the straightened crop."""
    if photo is None:
        return Shot(answer.face.crop, ARCFACE_TEMPLATE)
    return Shot(photo.image, answer.face.points)


def shown(person: Person, pictures: PictureSource, *, side_px: int) -> Side:
    """A person of the gallery: the picture where there is one, else a drawn portrait."""
    found = pictures.face(person, side_px=side_px)
    if found is not None:
        return Shot(*found)
    if pictures.picture(person, width=side_px, height=side_px) is not None:
        return Uncut(person, pictures)
    return portrait_of(person)


def duo(left: Side, right: Side, frames: tuple[Rect, Rect]) -> list[Placed]:
    """Both in frames of one size. The zoom is the least at which both photographs fill theirs.

    A drawn head that would be cut at its top is drawn smaller.
    """
    rect = frames[0]
    zooms = [
        portrait_zoom(side.points, (side.image.shape[1], side.image.shape[0]), width=rect.width, height=rect.height)
        for side in (left, right)
        if isinstance(side, Shot)
    ]
    zoom = max(zooms, default=PORTRAIT_ZOOMS[0])
    return [_placed(side, frame, zoom) for side, frame in zip((left, right), frames, strict=True)]


def drawn(portrait: Portrait, *, rect: Rect, radius: int, zoom: float) -> Drawn:
    """A portrait at a zoom, or at the largest at which its head is whole."""
    return Drawn(rect=rect, radius=radius, portrait=portrait, zoom=min(zoom, whole_head_zoom(portrait)))


def _placed(side: Side, rect: Rect, zoom: float) -> Placed:
    match side:
        case Shot(image, points):
            cut = portrait_cut(image, points, width=rect.width, height=rect.height, zoom=zoom)
            return Picture(rect=rect, radius=RADIUS, image=cut)
        case Uncut(person, pictures):
            fitted = pictures.picture(person, width=rect.width, height=rect.height)
            if fitted is not None:
                return Picture(rect=rect, radius=RADIUS, image=fitted)
            return drawn(portrait_of(person), rect=rect, radius=RADIUS, zoom=zoom)
        case portrait:
            return drawn(portrait, rect=rect, radius=RADIUS, zoom=zoom)
