"""Pictures become vectors by arithmetic on their bytes: no networks, the same every time."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embed import Embedded, Skipped
from index.source import Picture
from index.types import Person

BAD = b"not a picture"


def vector_of(data: bytes, *, dimension: int = 16) -> NDArray[np.float32]:
    """A unit vector (dimension,) that hangs on every byte."""
    raw = np.random.default_rng(zlib.crc32(data)).standard_normal(dimension)
    return np.asarray(raw / np.linalg.norm(raw), np.float32)


class ArithmeticEmbed:
    """index.embed.Embed for tests. A file that holds BAD is skipped; its size is what a file's length says."""

    def __init__(self, *, model: str = "e" * 64, recipe: str = "arithmetic", fails_after: int | None = None) -> None:
        self.model = model
        self.recipe = recipe
        self.seen: list[str] = []
        self._fails_after = fails_after

    def __call__(self, folder: Path, pictures: Sequence[Picture]) -> list[Embedded | Skipped]:
        if self._fails_after is not None and len(self.seen) >= self._fails_after:
            raise RuntimeError("the engine broke")
        self.seen += [picture.file for picture in pictures]
        return [self._one((folder / picture.file).read_bytes(), picture) for picture in pictures]

    def preview(self, folder: Path, person: Person) -> None:
        """These files show nobody."""

    def _one(self, data: bytes, picture: Picture) -> Embedded | Skipped:
        if data == BAD:
            return Skipped(reason="these bytes are no picture")
        points = np.arange(10, dtype=np.float32).reshape(5, 2) if picture.points is None else picture.points
        size = float(len(data))
        return Embedded(vector=vector_of(data), size_px=size, box=(1.0, 2.0, 3.0, 4.0), points=points, frame=(64, 48))


def people_folder(folder: Path, *, people: int = 5, pictures: int = 3) -> Path:
    """One folder a person, "person 0" and so on, with files of distinct bytes."""
    for person in range(people):
        place = folder / f"person {person}"
        place.mkdir(parents=True)
        for picture in range(pictures):
            (place / f"{picture}.jpg").write_bytes(f"{person}-{picture}".encode())
    return folder
