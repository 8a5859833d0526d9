"""Who is in the gallery and what a search says. No files, no FAISS, no wording."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

POINT_NUMBERS: Final = 10  # five points, x and y of each

Vectors = NDArray[np.float32]  # (N, D), rows of unit length
Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One identity of the gallery."""

    number: str  # the data set's own identifier: CelebA's identity number, or a folder's name
    name: str | None  # None where nobody told it
    name_inferred: bool = False  # guessed from a look-alike in another set, to be shown as a guess
    image: str  # the person's best picture, relative to the folder the gallery was built from
    images: int  # pictures the person's vector was made of
    # Attributes in CelebA's own spelling ("Male", "Eyeglasses", "Blond_Hair"); True and False as labelled in most of
    # the person's pictures, absent where nobody labelled any.
    attributes: dict[str, bool] = field(repr=False)
    attributes_predicted: bool = False  # read off the person's vector (index.probes) instead of told by people
    # Where the face is on `image`: x and y of eyes, nose and mouth corners, left to right as seen, in pixels of the
    # whole picture turned upright by its EXIF. None in galleries that were built before it was kept.
    points: tuple[float, ...] | None = field(default=None, repr=False)
    # Width and height of the picture that the points are pixels of: another copy of it may be larger. None as points.
    frame: tuple[int, int] | None = field(default=None, repr=False)
    # x and y of the five points' mean shape over the person's pictures (index.shape): what portraits are drawn by.
    # None in galleries that were built before it was kept.
    mean_shape: tuple[float, ...] | None = field(default=None, repr=False)
    joined: bool = False  # came after the build (`lookalike index add`, the API): no folder that is built from has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One person near the vector that was asked for."""

    rank: int  # 1 is the nearest
    person: Person
    similarity: float  # cosine, -1..1


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryInfo:
    """What a gallery says of itself."""

    people: int
    pictures: int
    embedder: str  # SHA-256 of the network whose vectors these are
    dimension: int
    vector_kind: str  # how a person's vector was made, e.g. "mean"
    source: str  # one line on where the pictures came from
    created: str  # ISO 8601, UTC
