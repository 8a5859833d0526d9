"""What a store of vectors has to do for a gallery: give rows, and say which are near."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.types import Vectors

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Store(Protocol):
    """Vectors by row number, and who is near. `search` may be called from several threads."""

    def __len__(self) -> int: ...

    def vectors(self) -> Vectors:
        """All rows, (N, D), as they are compared."""
        ...

    def search(self, vector: NDArray[np.float32], *, count: int, allowed: Mask | None = None) -> tuple[Scores, Rows]:
        """The `count` rows of the largest inner product with `vector` (D,), fewer when there are fewer.

        allowed: (N,), True where a row may be answered. Equal scores come in the order of their rows.
        """
        ...
