"""Why an answer came out as it did: what carries the likeness, and how close everybody else came. On demand only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.answers import FaceAnswer
from lookalike.regions import Carriers, CropEmbedder, carriers


class PeopleVectors(Protocol):
    """index.gallery.Gallery, as far as it is needed here."""

    def similarities(self, vector: NDArray[np.float32], *, model: str) -> NDArray[np.float32]: ...

    def vector_of(self, number: str) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Why:
    """The reasons for one face's answer."""

    carriers: Carriers | None  # None where the network gave no direction
    everybody: NDArray[np.float32]  # (people,) similarities of the face to the whole gallery, in no order


class Explainer:
    """May be called from several threads; costs thirteen embeddings."""

    def __init__(self, embedder: CropEmbedder, people: PeopleVectors) -> None:
        self._embedder = embedder
        self.people: Final = people

    def why(self, answer: FaceAnswer) -> Why | None:
        """None for a face that nobody was found for."""
        embedding = answer.face.embedding
        if embedding is None or not answer.matches:
            return None
        nearest = self.people.vector_of(answer.matches[0].person.number)
        return Why(
            carriers=carriers(answer.face.crop, nearest, self._embedder),
            everybody=self.people.similarities(embedding.vector, model=embedding.model),
        )
