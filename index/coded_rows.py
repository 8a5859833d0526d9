"""A large gallery's vectors twice: 8 bits a number, which are looked at first, and float16, which decide.

Both lie in files that are mapped, not read (index.faiss_rows.map_index), so that a million people take half a gigabyte
of memory that several processes share. What it costs and what it misses: docs/gallery.md, `lookalike evaluate sizes`.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import GalleryDamaged
from index.faiss_rows import CHUNK_ROWS, FaissRows, map_index, nearest
from index.files import CODES, VECTORS
from index.plain_text import readable
from index.types import Mask, Rows, Scores

EXACT_PEOPLE: Final = 200_000  # up to here every question looks at every vector in float16
SAMPLE: Final = 65_536  # rows that a number's range is taken of
SPARE: Final = 24  # candidates beside twice as many as are wanted


class CodedRows(FaissRows):
    """FaissRows whose search goes over 8-bit codes; scores and their order are those of the float16 vectors.

    Approximate: somebody may be missed whom the codes put behind twice as many people and SPARE more.
    """

    def __init__(self, index: faiss.IndexScalarQuantizer, codes: faiss.IndexScalarQuantizer) -> None:
        super().__init__(index)
        self._codes = codes

    @classmethod
    def over(cls, rows: FaissRows) -> CodedRows:
        """Make the codes of exact rows. Each number's range is that of a sample, so no forgotten vector is in it."""
        codes = faiss.IndexScalarQuantizer(rows.dimension, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
        codes.train(rows.rows(np.arange(0, len(rows), -(-len(rows) // SAMPLE))))
        for first in range(0, len(rows), 64 * CHUNK_ROWS):
            codes.add(rows.rows(np.arange(first, min(first + 64 * CHUNK_ROWS, len(rows)))))
        return cls(rows.index, codes)

    @classmethod
    def mapped(cls, vectors: BinaryIO, codes: BinaryIO, *, folder: Path) -> CodedRows:
        """Open what `to_bytes` and `codes_to_bytes` made. Raises GalleryDamaged, which speaks of `folder`."""
        exact = map_index(vectors, shown=readable(str(folder / VECTORS)), folder=folder, bits=16)
        coded = map_index(codes, shown=readable(str(folder / CODES)), folder=folder, bits=8)
        if (exact.ntotal, exact.d) != (coded.ntotal, coded.d):
            raise GalleryDamaged(f"{readable(str(folder))}: {CODES} and {VECTORS} don't belong together", folder=folder)
        return cls(exact, coded)

    def codes_to_bytes(self) -> bytes:
        """What stands in index.files.CODES."""
        return bytes(faiss.serialize_index(self._codes).tobytes())

    def search(self, vector: NDArray[np.float32], *, count: int, allowed: Mask | None = None) -> tuple[Scores, Rows]:
        """See FaissRows.search; exact where few rows are allowed, or where many are wanted."""
        available = len(self) if allowed is None else int(np.count_nonzero(allowed))
        asked = 2 * count + SPARE
        if count <= 0 or available <= asked:
            return super().search(vector, count=count, allowed=allowed)
        _, rows = nearest(self._codes, vector, count=asked, allowed=allowed)
        scores = (self.rows(rows).astype(np.float64) @ vector.astype(np.float64)).astype(np.float32)
        order = np.lexsort((rows, -scores))[:count]
        return scores[order], rows[order]


def for_size(rows: FaissRows) -> FaissRows:
    """The same rows with codes where there are too many to look at each of them."""
    return CodedRows.over(rows) if len(rows) > EXACT_PEOPLE else rows


def vector_files(rows: FaissRows) -> dict[str, bytes]:
    """Name -> contents of the files that a gallery keeps its vectors in."""
    files = {VECTORS: rows.to_bytes()}
    return files | {CODES: rows.codes_to_bytes()} if isinstance(rows, CodedRows) else files
