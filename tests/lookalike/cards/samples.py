"""Calibrations, people and answers to lay out and paint: drawn faces and astronaut() only, no data set."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import numpy as np

from index.types import GalleryInfo, Match, Person
from lookalike.answers import BandedMatch, Compared, FaceAnswer
from lookalike.calibration import Band, Calibration, Rate, Table
from lookalike.cards import CardRenderer
from lookalike.cards.crops import fit_gallery
from lookalike.cards.face_shape import FaceShape
from lookalike.cards.portrait import portrait_of
from lookalike.cards.portrait_paint import paint_portrait
from pipeline.similarity import align_face
from pipeline.types import Box, Embedding, Face, PhotoFaces, Points5, Quality, Refusal, RefusalCode, Rgb8

MODEL: Final = "0" * 64
GALLERY: Final = GalleryInfo(
    people=9324, pictures=29033, embedder=MODEL, dimension=512, vector_kind="mean", source="CelebA",
    created=datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
)  # fmt: skip


def _table(keys: tuple[str, ...], floors: tuple[float, ...], rates: dict[float, float]) -> Table:
    bands = tuple(Band(key=key, floor=floor) for key, floor in zip(keys, floors, strict=True))
    return Table(
        bands=bands, rates=tuple(Rate(share=share, similarity=at) for share, at in rates.items()),
        people=849, pictures=2073, pairs=2_147_628, same_low=floors[0],
    )  # fmt: skip


CALIBRATION: Final = Calibration(
    embedder=MODEL,
    gallery=_table(
        ("same", "striking", "strong", "fair", "faint"),
        (0.59, 0.49, 0.44, 0.38, -1.0),
        {0.99: 0.31, 0.9: 0.36, 0.5: 0.40, 0.1: 0.44, 0.01: 0.49, 0.001: 0.55},
    ),
    pair=_table(
        ("same", "close", "alike", "slight", "none"),
        (0.45, 0.34, 0.27, 0.19, -1.0),
        {0.5: 0.02, 0.1: 0.13, 0.01: 0.24, 0.001: 0.34, 0.0001: 0.42},
    ),
    gallery_people=9324,
    crowding=0.865,
)


def person(number: str, name: str | None = None, *traits: str, inferred: bool = False, known: bool = True) -> Person:
    """Somebody with the given CelebA labels; a leading "-" says that a label does not apply."""
    attributes = {t.removeprefix("-"): not t.startswith("-") for t in traits} if known else {}
    return Person(number=number, name=name, name_inferred=inferred, image="", images=3, attributes=attributes)


PEOPLE: Final = (
    person("2880", None, "-Male", "Black_Hair", "Eyeglasses", "Wavy_Hair"),
    person("7331", "amanda crew", "-Male", "Brown_Hair", "Bangs", "Straight_Hair", inferred=True),
    person("41", None, "Male", "Brown_Hair", "-No_Beard"),
    person("9164", "Maria Guadalupe Gonzalez-Echeverria y Fernandez", "-Male", "Blond_Hair"),
    person("5012"),
    person("388", "Алексей Преображенский-Вознесенский", "Male", "Gray_Hair", "Receding_Hairline", "Eyeglasses"),
    person("10177", None, "Male", "Wearing_Hat", "Goatee", "Mustache", "Black_Hair"),
    person("624", "Ли"),
)
SIMILARITIES: Final = (0.497, 0.462, 0.447, 0.441, 0.412, 0.398, 0.383, 0.371)


class NoPictures:
    """A gallery whose pictures may not be shipped."""

    def picture(self, person: Person, *, width: int, height: int) -> Rgb8 | None:
        return None

    def face(self, person: Person, *, side_px: int) -> tuple[Rgb8, Points5] | None:
        return None


def renderer() -> CardRenderer:
    """The renderer of a gallery without pictures."""
    return CardRenderer(calibration=CALIBRATION, gallery=lambda: GALLERY, pictures=NoPictures())


class DrawnPictures:
    """A gallery with pictures, which are drawn: upright ones in CelebA's proportions."""

    def picture(self, person: Person, *, width: int, height: int) -> Rgb8 | None:
        drawn = np.asarray(paint_portrait(portrait_of(person), 178, 218))
        return fit_gallery(drawn, width=width, height=height)

    def face(self, person: Person, *, side_px: int) -> tuple[Rgb8, Points5] | None:
        drawn = np.asarray(paint_portrait(portrait_of(person), 178, 218))
        points = np.array(FaceShape().parts(), np.float32) * np.float32(2.18) + np.array([178 / 2 - 109, 0], np.float32)
        return drawn, points


def drawn_photo(*, width: int = 640, height: int = 480, faces: int = 1) -> PhotoFaces:
    """A photo of drawn people in a row, with the boxes and points a pipeline would find; every third one refused."""
    image = np.full((height, width, 3), (214, 224, 229), np.uint8)
    side = min(width // faces, height)
    found = []
    for i in range(faces):
        portrait = paint_portrait(portrait_of(PEOPLE[i % 4]), side, side)
        x, y = i * (width // faces), height - side
        image[y : y + side, x : x + side] = np.asarray(portrait)
        found.append(_face(image, x, y, side, refused=faces > 2 and i % 3 == 2))
    return PhotoFaces(image=image, faces=tuple(found))


def _face(image: Rgb8, x: int, y: int, side: int, *, refused: bool) -> Face:
    unit = side / 100
    points: Points5 = np.array([[42, 46.2], [58, 46.2], [50, 56], [43.3, 63.2], [56.7, 63.2]], np.float32) * np.float32(
        unit
    ) + np.array([x, y], np.float32)
    vector = np.zeros(512, np.float32)
    vector[0] = 1
    return Face(
        box=Box(x + 32 * unit, y + 22 * unit, x + 68 * unit, y + 69 * unit),
        points=points,
        quality=Quality(score=0.9, size_px=36 * unit, eye_distance_px=16 * unit, sharpness=200.0, light=130.0,
                        yaw_deg=0.0, roll_deg=0.0, points_error=0.03),
        crop=align_face(image, points),
        refusal=Refusal(code=RefusalCode.TOO_SMALL, value=12.0, limit=20.0) if refused else None,
        embedding=None if refused else Embedding(vector=vector, model=MODEL),
    )  # fmt: skip


def answer(photo: PhotoFaces, *, matches: int = 8, number: int = 1, people: tuple[Person, ...] = PEOPLE) -> FaceAnswer:
    """One usable face of the photo and the first of PEOPLE."""
    table = CALIBRATION.gallery
    banded = tuple(
        BandedMatch(
            match=Match(rank=i + 1, person=who, similarity=similarity),
            band=table.band(similarity),
            stranger_share=table.stranger_share(similarity),
        )
        for i, (who, similarity) in enumerate(zip(people[:matches], SIMILARITIES, strict=False))
    )
    return FaceAnswer(number=number, face=photo.usable[number - 1], matches=banded)


def comparison(similarity: float) -> Compared:
    """Two drawn photos, as alike as told."""
    a, b = drawn_photo(), drawn_photo(faces=2)
    table = CALIBRATION.pair
    return Compared(
        photo_a=a, photo_b=b, face_a=0, face_b=1, similarity=similarity, band=table.band(similarity),
        false_match_rate=table.stranger_share(similarity), all_pairs=((0.1, similarity),),
    )  # fmt: skip
