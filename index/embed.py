"""How pictures become vectors, as far as a gallery has to know: the call that its builder is handed.

`lookalike.cli` ties it to the pipeline; tests hand in arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.source import Picture, Points5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """What one picture gave."""

    vector: NDArray[np.float32]  # (D,), unit length
    size_px: float  # how large the face can be shown: smaller side of the aligned picture, or of the face's box
    box: tuple[float, float, float, float]  # x0, y0, x1, y1 of the face, pixels of the picture
    points: Points5  # (5, 2), same frame
    frame: tuple[int, int]  # width and height of that picture, upright


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A picture that can't be used, and why, in one line."""

    reason: str


class Spread(Protocol):
    """Shares out the pictures of a build, among the workers of a cluster say (index.ray_spread)."""

    def __call__(
        self, folder: Path, pictures: Sequence[Picture]
    ) -> Iterator[Sequence[tuple[Picture, Embedded | Skipped]]]:
        """Every picture once, some at a time, in any order."""
        ...


class Embed(Protocol):
    """Pictures in, vectors out."""

    @property
    def model(self) -> str:
        """SHA-256 of the embedder's file."""
        ...

    @property
    def recipe(self) -> str:
        """What else a vector depends on (which networks find the face, with which limits), as one stable line."""
        ...

    def __call__(self, folder: Path, pictures: Sequence[Picture]) -> list[Embedded | Skipped]:
        """One outcome a picture, in order. Raises only when the set-up is broken, never for a picture."""
        ...
