"""People in memory as a store: exact, by FAISS. What a gallery's folder is read into (index.folder_store)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.coded_rows import for_size
from index.errors import EmptyGallery
from index.faiss_rows import FaissRows
from index.source import person_order
from index.store import Attribute, Hit, Row
from index.types import GalleryInfo, Mask, Person, Vectors

UNIT_TOLERANCE: Final = 1e-3


class LocalPeople:
    """One state of a store: people in `index.source.person_order`, row k of the vectors is the k-th person's.

    Immutable but for masks that are made as they are asked for; may be searched from several threads.
    """

    def __init__(self, info: GalleryInfo, people: tuple[Person, ...], rows: FaissRows) -> None:
        self.info = info
        self.people = people
        self.rows = rows
        self._masks: dict[Attribute, Mask] = {}

    def search(self, vector: NDArray[np.float32], *, count: int, attribute: Attribute | None = None) -> tuple[Hit, ...]:
        """See Store.search."""
        allowed = None if attribute is None else self._mask(attribute)
        scores, rows = self.rows.search(vector, count=count, allowed=allowed)
        return tuple(
            Hit(person=self.people[row], vector=vector, similarity=score)
            for row, score, vector in zip(rows.tolist(), scores.tolist(), self.rows.rows(rows), strict=True)
        )

    def changed(self, *, upsert: Sequence[Row] = (), remove: Collection[str] = ()) -> LocalPeople:
        """Another state, without the people of `remove` and with those of `upsert`. Raises EmptyGallery."""
        new = {row.person.number: row for row in upsert}
        gone = {*remove, *new}
        stay = [k for k, person in enumerate(self.people) if person.number not in gone]
        people = [*(self.people[k] for k in stay), *(row.person for row in new.values())]
        if not people:
            raise EmptyGallery
        vectors = [row.vector for row in new.values()] or np.zeros((0, self.rows.dimension))
        order = sorted(range(len(people)), key=lambda k: person_order(people[k].number))
        ordered = tuple(people[k] for k in order)
        info = replace(self.info, people=len(ordered), pictures=sum(person.images for person in ordered))
        rows = self.rows.changed(
            stay=np.array(stay, np.int64), new=np.asarray(vectors, np.float32), order=np.array(order, np.int64)
        )
        return LocalPeople(info, ordered, for_size(rows))

    def _mask(self, attribute: Attribute) -> Mask:
        """(people,), made once an attribute; two threads may make the same one, which does no harm."""
        if attribute not in self._masks:
            name, value = attribute
            mask = np.array([person.attributes.get(name) is value for person in self.people], dtype=np.bool_)
            if not mask.any():
                return mask  # misspelt or unknown: not kept, so that asking for nonsense takes no memory
            self._masks[attribute] = mask
        return self._masks[attribute]


class MemoryStore:
    """index.store.Store over one state after the other; nothing is written anywhere."""

    def __init__(self, state: LocalPeople) -> None:
        self._held = state
        self._changing = Lock()

    @property
    def state(self) -> LocalPeople:
        """What is answered from just now; a change puts another one in its place."""
        return self._held

    def search(self, vector: NDArray[np.float32], *, count: int, attribute: Attribute | None = None) -> tuple[Hit, ...]:
        return self.state.search(vector, count=count, attribute=attribute)

    def upsert(self, rows: Sequence[Row]) -> None:
        check_rows(rows, self.describe())
        if rows:
            self._change(upsert=rows)

    def remove(self, numbers: Collection[str]) -> int:
        there = {person.number for person in self.state.people} & set(numbers)
        if there:
            self._change(remove=there)
        return len(there)

    def count(self) -> int:
        return len(self.state.people)

    def describe(self) -> GalleryInfo:
        return self.state.info

    def vectors(self) -> Vectors:
        """(people, D) in the order of `state.people`; a copy."""
        return self.state.rows.vectors()

    def _change(self, *, upsert: Sequence[Row] = (), remove: Collection[str] = ()) -> None:
        with self._changing:
            self._held = self._held.changed(upsert=upsert, remove=remove)


def check_rows(rows: Sequence[Row], info: GalleryInfo) -> None:
    """Raise ValueError unless every vector is a unit vector of the gallery's length."""
    for row in rows:
        length = float(np.linalg.norm(row.vector))
        if row.vector.shape != (info.dimension,) or not abs(length - 1.0) <= UNIT_TOLERANCE:
            raise ValueError(
                f"{row.person.number}: want a unit vector of {info.dimension} numbers, got shape {row.vector.shape} "
                f"and length {length:.4g}"
            )
