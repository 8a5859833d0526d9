"""What keeps a gallery's people with their vectors: five methods, whichever engine is behind them.

Stores there are: a gallery's folder (index.folder_store, over FAISS) and a collection of Milvus (index.milvus_store).
All pass one suite, tests/index/test_stores.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.previews import Preview
from index.types import GalleryInfo, Person

Attribute = tuple[str, bool]  # a name in CelebA's spelling, and the value that a person is known to have


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """Somebody to be kept."""

    person: Person
    vector: NDArray[np.float32]  # (D,), unit length
    preview: Preview | None = None  # their picture or a small one of it, as the gallery keeps those of its people


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hit:
    """Somebody who was found."""

    person: Person
    vector: NDArray[np.float32]  # (D,), as it is compared: each number rounded to float16
    similarity: float  # inner product with the vector that was asked for


class Store(Protocol):
    """People by Person.number, and who is near. Every method may be called from several threads.

    What `upsert` and `remove` have done counts for every question that is asked after they returned.
    """

    def search(self, vector: NDArray[np.float32], *, count: int, attribute: Attribute | None = None) -> tuple[Hit, ...]:
        """The `count` people of the largest inner product with `vector` (D,), fewer when there are fewer.

        attribute: keeps people known to have that value. Equal similarities come in the order of
        `index.source.person_order`: numbers by value, then names.
        """
        ...

    def upsert(self, rows: Sequence[Row]) -> None:
        """Keep these people, in the place of those with the same number. Raises GalleryError."""
        ...

    def remove(self, numbers: Collection[str]) -> int:
        """Forget people by number; how many of them there were. Raises GalleryError."""
        ...

    def count(self) -> int:
        """How many people there are."""
        ...

    def describe(self) -> GalleryInfo:
        """What the gallery says of itself, the embedder of its vectors among it."""
        ...
