"""Aligned crops -> unit vectors, each with the id of the network that made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from pipeline.batching import to_batch
from pipeline.engine import Engine
from pipeline.errors import EngineFailed
from pipeline.stretched_edges import blacken_stretched
from pipeline.types import Embedding, FloatArray, Rgb8, Vector

MIN_NORM: Final = 1e-6  # under it a vector has no direction; networks give norms of 1 and far more


class Embedder:
    """Embeds faces. Thread-safe as its engine is. `model`: SHA-256 of the network's file."""

    def __init__(self, engine: Engine, *, model: str) -> None:
        self._engine = engine
        self.model = model

    def embed(self, crops: Sequence[Rgb8], *, tight: Sequence[bool] | None = None) -> list[Embedding | None]:
        """See pipeline.parts.FaceEmbedder. Raises EngineFailed.

        What a tight crop shows beyond the edges of its photo, stretched pixels, the network sees as black.
        """
        if not crops:
            return []
        seen = [
            blacken_stretched(crop) if close else crop
            for crop, close in zip(crops, tight or [True] * len(crops), strict=True)
        ]
        (vectors,) = self._engine.run(to_batch(seen, self._engine.spec))
        if vectors.ndim != 2 or len(vectors) != len(crops):
            raise EngineFailed(f"embedder: wants ({len(crops)}, D), got {vectors.shape}")
        units = [unit(vector) for vector in vectors]
        return [None if found is None else Embedding(vector=found, model=self.model) for found in units]


def unit(vector: FloatArray) -> Vector | None:
    """Scale (D,) to length 1; None when it is zero or not finite, since nothing may be divided by that."""
    wide = vector.astype(np.float64)
    norm = float(np.sqrt(wide @ wide))
    if not np.isfinite(norm) or norm < MIN_NORM:
        return None
    return np.asarray(wide / norm, np.float32)
