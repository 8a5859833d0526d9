"""Exact search in NumPy: the oracle that index.faiss_rows is held against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.types import Mask, Rows, Scores, Vectors


class ExactRows:
    """Every inner product, sorted."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def __len__(self) -> int:
        return len(self._vectors)

    def vectors(self) -> Vectors:
        return self._vectors

    def search(self, vector: NDArray[np.float32], *, count: int, allowed: Mask | None = None) -> tuple[Scores, Rows]:
        """See FaissRows.search."""
        rows = np.arange(len(self)) if allowed is None else np.flatnonzero(allowed)
        scores = self._vectors[rows] @ vector
        order = np.lexsort((rows, -scores))[:count]
        return scores[order].astype(np.float32), rows[order]
