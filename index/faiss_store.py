"""Exact search by FAISS over float16 vectors: half the memory of float32, and no copy of it when searching.

The only module that imports FAISS.
"""

from __future__ import annotations

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import GalleryDamaged
from index.files import MEND, VECTORS
from index.store import Mask, Rows, Scores
from index.types import Vectors


class FaissStore:
    """A scalar quantizer index, float16, inner product."""

    def __init__(self, index: faiss.IndexScalarQuantizer) -> None:
        self._index = index

    @classmethod
    def of(cls, vectors: Vectors) -> FaissStore:
        """Store (N, D) float32 rows; each number is rounded to float16."""
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        index = faiss.IndexScalarQuantizer(rows.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        index.add(rows)
        return cls(index)

    @classmethod
    def from_bytes(cls, data: bytes) -> FaissStore:
        """Read what `to_bytes` made. The caller has checked the hash. Raises GalleryDamaged for anything else."""
        try:
            index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        except RuntimeError as error:
            raise GalleryDamaged(f"{VECTORS} is no FAISS index; {MEND}") from error
        if (
            not isinstance(index, faiss.IndexScalarQuantizer)
            or index.sq.qtype != faiss.ScalarQuantizer.QT_fp16
            or index.metric_type != faiss.METRIC_INNER_PRODUCT
        ):
            raise GalleryDamaged(f"{VECTORS} is a FAISS index of another kind; {MEND}")
        return cls(index)

    def to_bytes(self) -> bytes:
        return bytes(faiss.serialize_index(self._index).tobytes())

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def vectors(self) -> Vectors:
        """(N, D), float16 values in float32."""
        if len(self) == 0:
            return np.zeros((0, self.dimension), np.float32)
        return np.asarray(self._index.reconstruct_n(0, len(self)), dtype=np.float32)

    def search(self, vector: NDArray[np.float32], *, count: int, allowed: Mask | None = None) -> tuple[Scores, Rows]:
        """See Store.search."""
        available = len(self) if allowed is None else int(np.count_nonzero(allowed))
        count = min(count, available)
        if count <= 0:
            return np.zeros(0, np.float32), np.zeros(0, np.int64)
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        bits = None if allowed is None else np.packbits(allowed, bitorder="little")
        # FAISS's stubs show the C++ constructors; its Python layer takes an array and a keyword.
        selector = None if bits is None else faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg,arg-type]
        parameters = None if selector is None else faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        # One query is too little to share; and OpenMP's limit belongs to the calling thread, so it is set here.
        faiss.omp_set_num_threads(1)
        asked = count
        while True:
            # FAISS leaves the order of equal scores open: ask on until the score behind the last one is smaller.
            asked = min(asked + 8, available)
            scores, rows = self._index.search(query, asked, params=parameters)
            if asked == available or scores[0, asked - 1] < scores[0, count - 1]:
                break
            asked *= 2
        order = np.lexsort((rows[0], -scores[0]))[:count]
        return scores[0][order], rows[0][order]
