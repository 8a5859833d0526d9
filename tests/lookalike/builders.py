"""Answers' ingredients made by hand: faces with chosen vectors, a calibration, a gallery that always answers."""

from __future__ import annotations

import itertools

import numpy as np

from index.types import GalleryInfo, Match, Person
from lookalike.calibration import Band, Calibration, Rate, Table
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.types import Box, DecodedPhoto, Embedding, Face, PhotoFaces, Quality, Refusal, RefusalCode, Vector

MODEL = "e" * 64


def unit(*values: float, dimension: int = 8) -> Vector:
    """A unit vector that starts with `values`."""
    vector = np.zeros(dimension, np.float32)
    vector[: len(values)] = values
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def face(vector: Vector | None, *, size_px: float = 80.0, refusal: RefusalCode = RefusalCode.TOO_SMALL) -> Face:
    """A face of `size_px`; without a vector it is refused for `refusal`."""
    centre = np.array([[-15, -10], [15, -10], [0, 5], [-12, 20], [12, 20]], np.float32)
    return Face(
        box=Box(10.0, 10.0, 10.0 + size_px, 10.0 + size_px),
        points=centre + np.float32(10 + size_px / 2),
        quality=Quality(
            score=0.9,
            size_px=size_px,
            eye_distance_px=30.0,
            sharpness=300.0,
            light=120.0,
            yaw_deg=0.0,
            roll_deg=0.0,
            points_error=0.03,
        ),
        crop=np.full((112, 112, 3), 127, np.uint8),
        refusal=None if vector is not None else Refusal(refusal, 7.0, 12.0),
        embedding=None if vector is None else Embedding(vector=vector, model=MODEL),
    )


def photo(*faces: Face, scale: float = 1.0) -> PhotoFaces:
    """A grey photo with these faces."""
    return PhotoFaces(image=np.full((240, 320, 3), 90, np.uint8), faces=faces, scale=scale, timing_ms={"decode": 1.0})


def table(*floors: float) -> Table:
    """A table with the given floors, the last band below them, and a rate at each floor."""
    keys = ("same", "striking", "strong", "fair")[: len(floors)]
    bands = [Band(key=key, floor=floor) for key, floor in zip(keys, floors)]  # noqa: B905
    last = Band(key="faint", floor=-1.0)
    shares = (0.001, 0.01, 0.1, 0.5)[: len(floors)]
    rates = [Rate(share=share, similarity=floor) for share, floor in zip(shares, floors)]  # noqa: B905
    return Table(
        bands=(*bands, last), rates=tuple(reversed(rates)), people=100, pictures=400, pairs=10_000, same_low=0.55
    )


def calibration() -> Calibration:
    """Pair floors at 0.6, 0.4, 0.2; gallery floors at 0.6, 0.5, 0.4, 0.3."""
    return Calibration(
        embedder=MODEL,
        pair=table(0.6, 0.4, 0.2),
        gallery=table(0.6, 0.5, 0.4, 0.3),
        gallery_people=20,
        crowding=0.9,
    )


def person(number: str, *, name: str | None = None, attributes: dict[str, bool] | None = None) -> Person:
    return Person(number=number, name=name, image=f"{number}.jpg", images=3, attributes=attributes or {})


class ScriptedReader:
    """Answers known bytes with the given photos; other bytes are not a picture."""

    def __init__(self, photos: dict[bytes, PhotoFaces]) -> None:
        self._photos = photos

    def read(self, photo: bytes | DecodedPhoto) -> PhotoFaces:
        if isinstance(photo, DecodedPhoto) or photo not in self._photos:
            raise BadPhoto(BadPhotoCode.NOT_A_PICTURE, "this is not a picture; send a JPEG, PNG or WebP")
        return self._photos[photo]


class EightPeople:
    """A gallery that answers everybody with the people 1, 2, 3, ..., similarity falling from 0.62 by 0.04 a rank.

    People with odd numbers are men, with even ones women.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, tuple[str, bool] | None]] = []

    @property
    def info(self) -> GalleryInfo:
        return GalleryInfo(
            people=20,
            pictures=60,
            embedder=MODEL,
            dimension=8,
            vector_kind="mean",
            source="made up",
            created="2026-01-01T00:00:00Z",
        )

    def search(
        self, vector: Vector, *, model: str, top: int = 8, skip: int = 0, attribute: tuple[str, bool] | None = None
    ) -> tuple[Match, ...]:
        assert vector.shape == (8,)
        self.asked.append((model, skip, attribute))
        everybody = (person(str(number), attributes={"Male": number % 2 == 1}) for number in itertools.count(1))
        wanted = (one for one in everybody if attribute is None or one.attributes[attribute[0]] == attribute[1])
        shown = itertools.islice(wanted, skip, skip + top)
        return tuple(
            Match(rank=rank, person=one, similarity=0.66 - 0.04 * rank)
            for rank, one in enumerate(shown, start=skip + 1)
        )
