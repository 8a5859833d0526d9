"""The gallery as it is used: opened once, checked, asked for the nearest distinct people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import GalleryOfAnotherEmbedder
from index.faiss_rows import FaissRows
from index.folder_store import FolderStore
from index.looks import Looks
from index.memory_store import LocalPeople, MemoryStore
from index.search import PeopleSearch
from index.types import GalleryInfo, Person, Vectors


class Gallery(PeopleSearch):
    """A gallery whose people are all in memory: that of a folder, or one that was handed over."""

    store: MemoryStore

    def __init__(self, store: MemoryStore, *, looks: Looks | None = None) -> None:
        super().__init__(store, looks=looks)

    @classmethod
    def of(
        cls, info: GalleryInfo, people: tuple[Person, ...], rows: FaissRows, *, looks: Looks | None = None
    ) -> Gallery:
        """A gallery that lies nowhere. people: row k of `rows` is the k-th person's."""
        return cls(MemoryStore(LocalPeople(info, people, rows)), looks=looks)

    @classmethod
    def open(cls, folder: Path, *, embedder: str | None, looks: Looks | None = None) -> Gallery:
        """Open the gallery in `folder` and check every file that is needed against its hash.

        embedder: SHA-256 of the network whose probes will come; None only where none will (`index info`).
        looks: passed over where another embedder's vectors are meant.
        Raises GalleryMissing, GalleryDamaged or GalleryOfAnotherEmbedder.
        """
        return cls(FolderStore(folder, embedder=embedder), looks=looks)

    @property
    def people(self) -> tuple[Person, ...]:
        """Row k of `vectors()` is the k-th person's."""
        return self.store.state.people

    def vectors(self) -> Vectors:
        """(people, dimension), as they are compared; a copy."""
        return self.store.vectors()

    def similarities(self, vector: NDArray[np.float32], *, model: str) -> NDArray[np.float32]:
        """(people,) cosines of one unit vector with everybody, in the order of `people`."""
        if model != self.info.embedder:
            raise GalleryOfAnotherEmbedder(want=model, got=self.info.embedder)
        return np.asarray(self.vectors() @ vector, np.float32)

    def vector_of(self, number: str) -> NDArray[np.float32]:
        """(D,) of one person, by Person.number. Raises KeyError."""
        state = self.store.state
        row = next((k for k, person in enumerate(state.people) if person.number == number), None)
        if row is None:
            raise KeyError(number)
        return np.asarray(state.rows.rows(np.array([row]))[0], np.float32)
