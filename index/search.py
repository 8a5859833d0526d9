"""The nearest distinct people, asked of any store, and who of those about equally alike comes first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.errors import GalleryOfAnotherEmbedder
from index.looks import SEX, Looks, penalties, sexes
from index.source import person_order
from index.store import Attribute, Hit, Store
from index.types import GalleryInfo, Match

UNIT_TOLERANCE: Final = 1e-2  # a probe's length; float16 alone shifts a stored vector's by up to 5e-4


class PeopleSearch:
    """Asks a store for the people nearest to a vector. `search` may be called from several threads.

    looks: what tells women from men in a vector of this gallery's embedder; without it the cosine alone decides.
    """

    def __init__(self, store: Store, *, looks: Looks | None = None) -> None:
        """looks: passed over where another embedder's vectors, or of another length, are meant."""
        info = store.describe()
        fits = looks is not None and looks.embedder == info.embedder and len(looks.inner) == info.dimension
        self.store = store
        self._looks = looks if fits else None

    @property
    def info(self) -> GalleryInfo:
        """What the gallery says of itself now."""
        return self.store.describe()

    def search(
        self,
        vector: NDArray[np.float32],
        *,
        model: str,
        top: int = 8,
        skip: int = 0,
        attribute: Attribute | None = None,
    ) -> tuple[Match, ...]:
        """Find the nearest distinct people, nearest first; equally near ones in the order of their numbers.

        vector: (D,), unit length, made by `model`. skip: people passed over, for "the next eight"; ranks count them.
        attribute: keeps people known to have that value; who is unlabelled has none.
        Where there are looks, somebody of the other sex than the asker's stands as if less alike by a part of
        `index.looks.PENALTY`, so that the cosines that are told may rise from one rank to the next; not where women or
        men were asked for.
        Fewer than `top` come back when there are no more. Exact: no approximation, filtered or not.
        Raises GalleryOfAnotherEmbedder, or ValueError when `vector` is no unit vector of this dimension.
        """
        info = self.info
        if model != info.embedder:
            raise GalleryOfAnotherEmbedder(want=model, got=info.embedder)
        if vector.shape != (info.dimension,):
            raise ValueError(f"want a vector of shape ({info.dimension},), got {vector.shape}")
        length = float(np.linalg.norm(vector))
        if not abs(length - 1.0) <= UNIT_TOLERANCE:  # also when it is not a number
            raise ValueError(f"want a unit vector, got one of length {length:.3g}")
        if top < 0 or skip < 0:
            raise ValueError(f"want top and skip from 0 up, got {top} and {skip}")
        hits = self._nearest(vector, count=skip + top, attribute=attribute)
        return tuple(
            Match(rank=rank, person=hit.person, similarity=min(max(hit.similarity, -1.0), 1.0))
            for rank, hit in enumerate(hits[skip:], start=skip + 1)
        )

    def _nearest(self, vector: NDArray[np.float32], *, count: int, attribute: Attribute | None) -> tuple[Hit, ...]:
        """The first `count`, with looks by cosine less penalty.

        Nobody's place is better than the cosine: who is not among the `asked` nearest stands behind the last of them.
        """
        chosen_by_sex = attribute is not None and attribute[0] == SEX  # whoever asked for women gets the nearest ones
        if self._looks is None or count == 0 or chosen_by_sex:
            return self.store.search(vector, count=count, attribute=attribute)
        by_sex = penalties(self._looks.of(vector)[SEX])
        penalty = np.array([by_sex[sex] for sex in (-1, 0, 1)], np.float32)
        asked = 4 * count
        while True:
            hits = self.store.search(vector, count=asked, attribute=attribute)
            scores = np.array([hit.similarity for hit in hits], np.float32)
            placed = scores - penalty[self._sexes(hits) + 1]
            order = sorted(range(len(hits)), key=lambda k: (-placed[k], person_order(hits[k].person.number)))[:count]
            if len(hits) < asked or placed[order[-1]] > scores[-1]:
                return tuple(hits[k] for k in order)
            asked *= 4

    def _sexes(self, hits: Sequence[Hit]) -> NDArray[np.int8]:
        """(hits,), see index.looks.sexes."""
        if self._looks is None or not hits:
            return np.zeros(len(hits), np.int8)
        certainty = self._looks.certainty(np.stack([hit.vector for hit in hits]))[:, self._looks.traits.index(SEX)]
        return sexes([hit.person for hit in hits], certainty)
