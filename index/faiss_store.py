"""Exact search by FAISS over float16 vectors: half the memory of float32, and no copy of it when searching.

The only module that imports FAISS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import GalleryDamaged
from index.files import VECTORS
from index.plain_text import readable
from index.store import Mask, Rows, Scores
from index.types import Vectors

MAX_DIMENSION: Final = 4096
CHUNK_ROWS: Final = 512  # looked at at once: a megabyte
# Rounding to float16 moves each number by up to 2^-11 of itself, and so a vector's length by no more.
LENGTH_TOLERANCE: Final = 1e-3


class FaissStore:
    """A scalar quantizer index, float16, inner product."""

    SIGNATURE: Final = b"IxSQ"  # the first bytes of a file

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
    def from_bytes(cls, data: bytes, *, folder: Path | None = None) -> FaissStore:
        """Read what `to_bytes` made, whoever made it. Raises GalleryDamaged, which speaks of the gallery in `folder`.

        The numbers of the vectors may be anything: see `rows_of_wrong_length`.
        """
        file = VECTORS if folder is None else readable(str(folder / VECTORS))
        try:
            index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        except (RuntimeError, MemoryError, AssertionError, ValueError) as error:
            raise GalleryDamaged(f"{file} is no FAISS index", folder=folder) from error
        if (
            not isinstance(index, faiss.IndexScalarQuantizer)
            or index.sq.qtype != faiss.ScalarQuantizer.QT_fp16
            or index.metric_type != faiss.METRIC_INNER_PRODUCT
        ):
            raise GalleryDamaged(f"{file} is a FAISS index of another kind", folder=folder)
        # FAISS takes these numbers of a file as they come and reads beyond the vectors where they contradict it.
        bytes_a_row = 2 * index.d
        sizes = (index.code_size, index.sq.code_size, index.sq.d, index.codes.size())
        if (
            not index.is_trained
            or not 0 < index.d <= MAX_DIMENSION
            or sizes != (bytes_a_row, bytes_a_row, index.d, index.ntotal * bytes_a_row)
        ):
            raise GalleryDamaged(f"{file} contradicts itself", folder=folder)
        return cls(index)

    def rows_of_wrong_length(self) -> Rows:
        """The rows that are no unit vectors, those with numbers that are not finite among them."""
        wrong: list[Rows] = []
        codes = self._codes()
        for first in range(0, len(self), CHUNK_ROWS):
            rows = codes[first : first + CHUNK_ROWS].astype(np.float32)
            with np.errstate(over="ignore", invalid="ignore"):
                squares = np.einsum("nd,nd->n", rows, rows)
                wrong.append(first + np.flatnonzero(~(np.abs(squares - 1.0) <= 2 * LENGTH_TOLERANCE)))
        return np.concatenate(wrong) if wrong else np.zeros(0, np.int64)

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

    def _codes(self) -> NDArray[np.float16]:
        """(N, D), the index's own memory."""
        if len(self) == 0:
            return np.zeros((0, self.dimension), np.float16)
        data = faiss.rev_swig_ptr(self._index.codes.data(), self._index.codes.size())
        return np.asarray(data).view(np.float16).reshape(len(self), self.dimension)

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
