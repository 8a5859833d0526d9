"""Labelled pictures as files through the whole product: a face that is not answered is a pair that is not matched.

No given point or box is used. The product's own rule picks the face (the largest usable one); where that is another
face of the picture than the labelled one, its vector is what counts, right or wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.pack import FacePicture
from evaluation.metrics.verification import PairScores
from pipeline.errors import BadPhoto
from pipeline.types import FloatArray, PhotoFaces

Outcome = Literal["answered", "refused", "not found"]
UNMATCHED: Final = -1.0  # similarity of a same pair of which a face was not answered: no threshold lets it pass


class PhotoReader(Protocol):
    """pipeline.face_pipeline.FacePipeline, as far as it is needed here."""

    def read(self, data: bytes, /) -> PhotoFaces: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """What became of every picture, in order."""

    outcomes: tuple[Outcome, ...]
    vectors: FloatArray  # (A, D), of the answered ones
    other_face: int  # answered with a face on which the labelled eyes do not lie

    @property
    def rows(self) -> NDArray[np.int64]:
        """The answered pictures."""
        return np.flatnonzero(np.array(self.outcomes) == "answered")


def answer(
    pictures: Sequence[FacePicture], reader: PhotoReader, *, advance: Callable[[int], None] = lambda _done: None
) -> Answered:
    """Read every file as a photo that a user sent."""
    outcomes: list[Outcome] = []
    vectors = []
    other = 0
    for picture in pictures:
        try:
            photo = reader.read(picture.file.read_bytes())
        except BadPhoto:
            photo = None
        if photo is None or not photo.faces:
            outcomes.append("not found")
        elif not photo.usable:
            outcomes.append("refused")
        else:
            face = photo.usable[0]
            box = photo.box_as_sent(face.box)
            x, y = picture.points[:2].mean(axis=0)
            other += not (box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1)
            outcomes.append("answered")
            if face.embedding is not None:
                vectors.append(face.embedding.vector)
        advance(1)
    return Answered(
        outcomes=tuple(outcomes),
        vectors=np.stack(vectors) if vectors else np.empty((0, 1), np.float32),
        other_face=other,
    )


def with_misses(scores: PairScores, *, found: Sequence[Hashable], everybody: Sequence[Hashable]) -> PairScores:
    """Add the same pairs that were never compared, as unmatched ones.

    found: whose the compared pictures are, in the order that `scores` were made from; everybody: of all pictures.
    Different pairs that were never compared are left out, so that misses do not lower the threshold.
    """
    have, want = Counter(found), Counter(everybody)
    numbers = {person: k for k, person in enumerate(dict.fromkeys(found))}
    for person in want:
        numbers.setdefault(person, len(numbers))
    lost = np.concatenate(
        [np.full(_pairs(want[person]) - _pairs(have[person]), k, np.int32) for person, k in numbers.items()]
    )
    return replace(
        scores,
        people=len(numbers),
        same=np.concatenate([scores.same, np.full(len(lost), UNMATCHED, np.float32)]),
        same_person=np.concatenate([scores.same_person, lost]),
        pictures_of=np.array([have[person] for person in numbers], np.int64),
    )


def _pairs(count: int) -> int:
    return count * (count - 1) // 2
