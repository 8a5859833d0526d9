"""A person's pictures folded into one vector and one picture to show. Arrays only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from index.embed import Embedded

VectorKind = Literal["mean", "best"]
# Faces that show more than twice as much are another class; from 160 px on a tile of a card shows no difference.
SIZE_CLASSES_PX: Final = (80.0, 160.0)
MIN_LENGTH: Final = 1e-3  # a mean shorter than this points nowhere


def fold(pictures: Sequence[Embedded], *, kind: VectorKind) -> tuple[NDArray[np.float32], int] | None:
    """One person's pictures -> their vector (D,), unit length, and the position of the best one to show.

    "mean": the mean of the unit vectors, re-normalised. "best": the vector of the best picture.
    The best picture is of the largest size class there is and, among those, the nearest to the mean; the first of
    equally near ones. None when the vectors cancel out.
    """
    vectors = np.stack([picture.vector for picture in pictures]).astype(np.float64)
    mean = vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    if length < MIN_LENGTH:
        return None
    mean /= length
    classes = np.digitize([picture.size_px for picture in pictures], SIZE_CLASSES_PX)
    nearness = np.where(classes == classes.max(), vectors @ mean, -np.inf)
    best = int(np.argmax(nearness))
    return (mean if kind == "mean" else vectors[best]).astype(np.float32), best
