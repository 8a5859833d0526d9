"""Exact search by FAISS over float16 vectors: half the memory of float32, and no copy of it when searching.

This module and index.coded_rows are the only ones that import FAISS.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import BinaryIO, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import GalleryDamaged
from index.files import VECTORS
from index.plain_text import readable
from index.types import Mask, Rows, Scores, Vectors

MAX_DIMENSION: Final = 4096
_HEADER: Final = struct.Struct("<4siqqqBiiifQQQQ")
CHUNK_ROWS: Final = 512  # looked at at once: a megabyte
_EXPONENT: Final = np.uint16(0x7C00)  # of a float16: all ones where it is no finite number


class FaissRows:
    """A scalar quantizer index, float16, inner product."""

    SIGNATURE: Final = b"IxSQ"  # the first bytes of a file

    def __init__(self, index: faiss.IndexScalarQuantizer) -> None:
        self.index = index  # for index.coded_rows alone

    @classmethod
    def of(cls, vectors: Vectors) -> FaissRows:
        """Store (N, D) float32 rows; each number is rounded to float16."""
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        index = faiss.IndexScalarQuantizer(rows.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        index.add(rows)
        return cls(index)

    @classmethod
    def from_bytes(cls, data: bytes, *, folder: Path | None = None) -> FaissRows:
        """Read what `to_bytes` made, whoever made it. Raises GalleryDamaged, which speaks of the gallery in `folder`.

        The numbers of the vectors may be anything: see `rows_not_finite`.
        """
        file = VECTORS if folder is None else readable(str(folder / VECTORS))
        if data[:4] != cls.SIGNATURE:
            raise GalleryDamaged(f"{file} is no FAISS index of the right kind", folder=folder)
        if not _is_consistent(data):
            raise GalleryDamaged(f"{file} contradicts itself", folder=folder)
        try:
            index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        except (RuntimeError, MemoryError) as error:
            raise GalleryDamaged(f"{file} can't be read by FAISS", folder=folder) from error
        if not isinstance(index, faiss.IndexScalarQuantizer):
            raise GalleryDamaged(f"{file} is a FAISS index of another kind", folder=folder)
        return cls(index)

    def changed(self, *, stay: Rows, new: Vectors | NDArray[np.float16], order: Rows) -> FaissRows:
        """Other rows: those of `stay` and then `new`, put into `order`. Those that stay are copied bit by bit."""
        bits = np.concatenate([self._bits()[stay], np.asarray(new, np.float16).view(np.uint16)])[order]
        other = FaissRows.of(np.zeros((0, self.dimension), np.float32))
        other.index.add_sa_codes(np.ascontiguousarray(bits).view(np.uint8))
        return other

    def rows_not_finite(self) -> Rows:
        """The rows with a number that is none or infinite; nothing that a search says of them means anything."""
        wrong: list[Rows] = []
        bits = self._bits()
        for first in range(0, len(self), CHUNK_ROWS):
            unusable = (bits[first : first + CHUNK_ROWS] & _EXPONENT) == _EXPONENT
            wrong.append(first + np.flatnonzero(unusable.any(axis=1)))
        return np.concatenate(wrong) if wrong else np.zeros(0, np.int64)

    def _bits(self) -> NDArray[np.uint16]:
        """(N, D), the float16 numbers as they lie in memory; a view."""
        if len(self) == 0:
            return np.zeros((0, self.dimension), np.uint16)
        codes = faiss.rev_swig_ptr(self.index.codes.data(), self.index.codes.size())
        return np.asarray(codes).view(np.uint16).reshape(len(self), self.dimension)

    def to_bytes(self) -> bytes:
        return bytes(faiss.serialize_index(self.index).tobytes())

    def __len__(self) -> int:
        return int(self.index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self.index.d)

    def vectors(self) -> Vectors:
        """(N, D), float16 values in float32."""
        if len(self) == 0:
            return np.zeros((0, self.dimension), np.float32)
        return np.asarray(self.index.reconstruct_n(0, len(self)), dtype=np.float32)

    def rows(self, rows: Rows) -> Vectors:
        """(len(rows), D), some of them."""
        if not len(rows):
            return np.zeros((0, self.dimension), np.float32)
        return np.asarray(self.index.reconstruct_batch(np.ascontiguousarray(rows, np.int64)), np.float32)

    def search(self, vector: NDArray[np.float32], *, count: int, allowed: Mask | None = None) -> tuple[Scores, Rows]:
        """The `count` rows of the largest inner product with `vector` (D,), fewer when there are fewer.

        allowed: (N,), True where a row may be answered. Equal scores come in the order of their rows.
        """
        available = len(self) if allowed is None else int(np.count_nonzero(allowed))
        count = min(count, available)
        if count <= 0:
            return np.zeros(0, np.float32), np.zeros(0, np.int64)
        asked = count
        while True:
            # FAISS leaves the order of equal scores open: ask on until the score behind the last one is smaller.
            asked = min(asked + 8, available)
            scores, rows = nearest(self.index, vector, count=asked, allowed=allowed)
            if asked == available or scores[asked - 1] < scores[count - 1]:
                break
            asked *= 2
        order = np.lexsort((rows, -scores))[:count]
        return scores[order], rows[order]


def nearest(
    index: faiss.IndexScalarQuantizer, vector: NDArray[np.float32], *, count: int, allowed: Mask | None
) -> tuple[Scores, Rows]:
    """Scores and rows of `count` allowed rows, of which there must be as many; equal scores come in any order."""
    query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
    bits = None if allowed is None else np.packbits(allowed, bitorder="little")
    # FAISS's stubs show the C++ constructors; its Python layer takes an array and a keyword.
    selector = None if bits is None else faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg,arg-type]
    parameters = None if selector is None else faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
    # One query is too little to share; and OpenMP's limit belongs to the calling thread, so it is set here.
    faiss.omp_set_num_threads(1)
    scores, rows = index.search(query, count, params=parameters)
    return scores[0], rows[0]


def map_index(file: BinaryIO, *, shown: str, folder: Path, bits: int) -> faiss.IndexScalarQuantizer:
    """Open the index in a file without reading it: its pages come in as they are searched, and go where there is need.

    The file may lose its name afterwards, not its contents. bits: a number's, 16 or 8. Raises GalleryDamaged.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if not (_is_consistent(data) if bits == 16 else _is_consistent_8(data)):
            raise GalleryDamaged(f"{shown} contradicts itself", folder=folder)
    try:
        # By the open file, since another gallery may have taken the name meanwhile.
        index = faiss.read_index(f"/dev/fd/{file.fileno()}", faiss.IO_FLAG_MMAP_IFC)
    except (RuntimeError, MemoryError) as error:
        raise GalleryDamaged(f"{shown} can't be read by FAISS", folder=folder) from error
    if not isinstance(index, faiss.IndexScalarQuantizer):
        raise GalleryDamaged(f"{shown} is a FAISS index of another kind", folder=folder)
    return index


def _is_consistent(data: bytes | mmap.mmap) -> bool:
    """Whether a file says of itself what its length allows: FAISS allocates and reads what a file asks it to."""
    if len(data) < _HEADER.size:
        return False
    dimension, count = struct.unpack_from("<iq", data, 4)
    if not 0 < dimension <= MAX_DIMENSION or not 0 <= count <= len(data):
        return False
    codes = 2 * dimension * count
    header = data[: len(data) - codes] if codes else data[:]
    return header in {_header(dimension, count), _header_of_this_faiss(dimension, count)}


def _is_consistent_8(data: bytes | mmap.mmap) -> bool:
    """Likewise for numbers of 8 bits, whose ranges stand before the vectors."""
    if len(data) < _HEADER.size:
        return False
    dimension, count = struct.unpack_from("<iq", data, 4)
    if not 0 < dimension <= MAX_DIMENSION or not 0 < count <= len(data):
        return False
    ranges = 2 * dimension
    head = _HEADER.size - 8
    if len(data) != head + 4 * ranges + 8 + dimension * count:
        return False
    wanted = _HEADER.pack(
        FaissRows.SIGNATURE, dimension, count, 1 << 20, 1 << 20, 1, 0, faiss.ScalarQuantizer.QT_8bit,
        0, 0.0, dimension, dimension, ranges, dimension * count,
    )  # fmt: skip
    if not np.isfinite(np.frombuffer(data[head : head + 4 * ranges], "<f4")).all():
        return False  # a search would answer no rows at all
    return data[:head] == wanted[:head] and data[head + 4 * ranges :][:8] == wanted[head:]


def _header(dimension: int, count: int) -> bytes:
    """What FAISS 1.7 to 1.15 write before the vectors (impl/index_write.cpp, IndexScalarQuantizer)."""
    unused, trained, metric, range_kind, range_value, ranges = 1 << 20, 1, 0, 0, 0.0, 0
    return _HEADER.pack(
        FaissRows.SIGNATURE, dimension, count, unused, unused, trained, metric, faiss.ScalarQuantizer.QT_fp16,
        range_kind, range_value, dimension, 2 * dimension, ranges, 2 * dimension * count,
    )  # fmt: skip


def _header_of_this_faiss(dimension: int, count: int) -> bytes:
    """Likewise for the installed one, should its format have changed: that of an index without vectors, filled in."""
    empty = FaissRows.of(np.zeros((0, dimension), np.float32)).to_bytes()
    return empty[:8] + struct.pack("<q", count) + empty[16:-8] + struct.pack("<Q", 2 * dimension * count)
