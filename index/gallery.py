"""The gallery as it is used: opened once, checked, asked for the nearest distinct people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import GalleryDamaged, GalleryOfAnotherEmbedder
from index.faiss_rows import FaissRows
from index.files import MANIFEST, PEOPLE, VECTORS, read_checked, read_manifest
from index.looks import SEX, Looks, penalties, sexes
from index.people_table import decode_people
from index.plain_text import counted, readable
from index.store import Mask, Rows, Scores, Store
from index.types import GalleryInfo, Match, Person, Vectors

UNIT_TOLERANCE = 1e-2  # a probe's length; float16 alone shifts a stored vector's by up to 5e-4


class Gallery:
    """People and their vectors. Immutable: `search` may be called from several threads.

    looks: what tells women from men in a vector of this gallery's embedder; without it the cosine alone decides.
    """

    def __init__(
        self, info: GalleryInfo, people: tuple[Person, ...], store: Store, *, looks: Looks | None = None
    ) -> None:
        self._info = info
        self._people = people
        self._store = store
        self._looks = looks
        self._allowed: dict[tuple[str, bool], Mask] = {}
        certainty = None if looks is None else looks.certainty(store.vectors())[:, looks.traits.index(SEX)]
        self._sexes = sexes(people, certainty)

    @classmethod
    def open(cls, folder: Path, *, embedder: str | None, looks: Looks | None = None) -> Gallery:
        """Open the gallery in `folder` and check every file that is needed against its hash.

        embedder: SHA-256 of the network whose probes will come; None only where none will (`index info`).
        looks: passed over where another embedder's vectors are meant.
        Raises GalleryMissing, GalleryDamaged or GalleryOfAnotherEmbedder.
        """
        try:
            return cls._open(folder, embedder=embedder, looks=looks)
        except GalleryDamaged:
            # A rebuild may have put another gallery in place between two reads; a damaged one fails again.
            return cls._open(folder, embedder=embedder, looks=looks)

    @classmethod
    def _open(cls, folder: Path, *, embedder: str | None, looks: Looks | None) -> Gallery:
        manifest = read_manifest(folder)
        info = manifest.info
        if embedder is not None and info.embedder != embedder:
            raise GalleryOfAnotherEmbedder(want=embedder, got=info.embedder, folder=folder)
        people = decode_people(read_checked(folder, PEOPLE, manifest.files[PEOPLE]), folder=folder)
        store = FaissRows.from_bytes(read_checked(folder, VECTORS, manifest.files[VECTORS]), folder=folder)
        if not len(store) == len(people) == info.people or store.dimension != info.dimension:
            raise GalleryDamaged(
                f"{readable(str(folder))}: {len(store)} vectors of {store.dimension} numbers, {len(people)} people; "
                f"{MANIFEST} says {info.people} of {info.dimension}",
                folder=folder,
            )
        wrong = store.rows_not_finite()
        if len(wrong):
            raise GalleryDamaged(
                f"{readable(str(folder / VECTORS))}: {counted(len(wrong), 'vector has', 'vectors have')} numbers that "
                f"are not finite, the first is person {people[int(wrong[0])].number}'s",
                folder=folder,
            )
        fits = looks is not None and looks.embedder == info.embedder and len(looks.inner) == info.dimension
        return cls(info, people, store, looks=looks if fits else None)

    @property
    def info(self) -> GalleryInfo:
        return self._info

    @property
    def people(self) -> tuple[Person, ...]:
        """Row k of `vectors()` is the k-th person's."""
        return self._people

    def vectors(self) -> Vectors:
        """(people, dimension), as they are compared; a copy."""
        return self._store.vectors()

    def similarities(self, vector: NDArray[np.float32], *, model: str) -> NDArray[np.float32]:
        """(people,) cosines of one unit vector with everybody, in the order of `people`."""
        if model != self._info.embedder:
            raise GalleryOfAnotherEmbedder(want=model, got=self._info.embedder)
        return np.asarray(self._store.vectors() @ vector, np.float32)

    def vector_of(self, number: str) -> NDArray[np.float32]:
        """(D,) of one person, by Person.number. Raises KeyError."""
        row = next((k for k, person in enumerate(self._people) if person.number == number), None)
        if row is None:
            raise KeyError(number)
        return np.asarray(self._store.vectors()[row], np.float32)

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        model: str,
        top: int = 8,
        skip: int = 0,
        attribute: tuple[str, bool] | None = None,
    ) -> tuple[Match, ...]:
        """Find the nearest distinct people, nearest first; equally near ones in the order of their numbers.

        vector: (D,), unit length, made by `model`. skip: people passed over, for "the next eight"; ranks count them.
        attribute: keeps people known to have that value; who is unlabelled has none.
        Where there are looks, somebody of the other sex than the asker's stands as if less alike by a part of
        `index.looks.PENALTY`, so that the cosines that are told may rise from one rank to the next.
        Fewer than `top` come back when there are no more. Exact: no approximation, filtered or not.
        Raises GalleryOfAnotherEmbedder, or ValueError when `vector` is no unit vector of this dimension.
        """
        if model != self._info.embedder:
            raise GalleryOfAnotherEmbedder(want=model, got=self._info.embedder)
        if vector.shape != (self._info.dimension,):
            raise ValueError(f"want a vector of shape ({self._info.dimension},), got {vector.shape}")
        length = float(np.linalg.norm(vector))
        if not abs(length - 1.0) <= UNIT_TOLERANCE:  # also when it is not a number
            raise ValueError(f"want a unit vector, got one of length {length:.3g}")
        if top < 0 or skip < 0:
            raise ValueError(f"want top and skip from 0 up, got {top} and {skip}")
        scores, rows = self._nearest(vector, count=skip + top, attribute=attribute)
        return tuple(
            Match(rank=rank, person=self._people[row], similarity=min(max(score, -1.0), 1.0))
            for rank, (score, row) in enumerate(
                zip(scores[skip:].tolist(), rows[skip:].tolist(), strict=True), start=skip + 1
            )
        )

    def _nearest(
        self, vector: NDArray[np.float32], *, count: int, attribute: tuple[str, bool] | None
    ) -> tuple[Scores, Rows]:
        """Cosines and rows of the first `count`, with looks by cosine less penalty.

        Nobody's place is better than the cosine: who is not among the `asked` nearest stands behind the last of them.
        """
        allowed = None if attribute is None else self._mask(attribute)
        if self._looks is None or count == 0:
            return self._store.search(vector, count=count, allowed=allowed)
        by_sex = penalties(self._looks.of(vector)[SEX])
        penalty = np.array([by_sex[sex] for sex in (-1, 0, 1)], np.float32)
        asked = 4 * count
        while True:
            scores, rows = self._store.search(vector, count=asked, allowed=allowed)
            placed = scores - penalty[self._sexes[rows] + 1]
            order = np.lexsort((rows, -placed))[:count]
            if len(rows) < asked or placed[order[-1]] > scores[-1]:
                return scores[order], rows[order]
            asked *= 4

    def _mask(self, attribute: tuple[str, bool]) -> Mask:
        """(people,), made once an attribute; two threads may make the same one, which does no harm."""
        if attribute not in self._allowed:
            name, value = attribute
            mask = np.array([person.attributes.get(name) is value for person in self._people], dtype=np.bool_)
            if not mask.any():
                return mask  # misspelt or unknown: not kept, so that asking for nonsense takes no memory
            self._allowed[attribute] = mask
        return self._allowed[attribute]
