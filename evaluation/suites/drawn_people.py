"""Vectors of people who don't exist, drawn like a real gallery's, to fill one of any size.

A drawn vector is the mean of six real people near one another (one by chance and five of the fifty nearest, random
weights), made a unit vector, times 0.7, plus a normal vector with the real covariance times sqrt(1 - 0.7^2), made a
unit vector again. The mean keeps groups of people alike, the normal part fills the space between them. A normal
distribution alone has nobody near: its nearest cosines lie 0.07 below the real ones, and every index looks better.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

PARENTS: Final = 6
NEAREST: Final = 50
SHARE: Final = 0.7
BATCH: Final = 10_000


class DrawnPeople:
    """Draws from what it is given; the same seed gives the same people."""

    def __init__(self, real: Vectors) -> None:
        """real: (N, D) unit vectors of more than NEAREST people."""
        self._real = real
        near = np.argpartition(-(real @ real.T), NEAREST + 1, axis=1)[:, : NEAREST + 1]
        self._near = near.astype(np.int32)
        spread, axes = np.linalg.eigh(np.cov(real.T))
        self._mixing = (axes * np.sqrt(spread.clip(0.0))).T.astype(np.float32)  # (D, D)

    def draw(self, count: int, *, seed: int) -> Vectors:
        """(count, D), unit length; at most BATCH at once."""
        random = np.random.default_rng(seed)
        centre = random.integers(len(self._real), size=count)
        others = np.argpartition(random.random((count, NEAREST + 1), np.float32), PARENTS - 1, axis=1)[:, : PARENTS - 1]
        parents = np.concatenate([centre[:, None], np.take_along_axis(self._near[centre], others, axis=1)], axis=1)
        weights = random.dirichlet(np.ones(PARENTS), size=count).astype(np.float32)
        mean = np.zeros((count, self._real.shape[1]), np.float32)
        for k in range(PARENTS):
            mean += weights[:, k, None] * self._real[parents[:, k]]
        noise = random.standard_normal(mean.shape, np.float32) @ self._mixing
        return _unit(SHARE * _unit(mean) + np.float32(np.sqrt(1.0 - SHARE**2)) * noise)

    def gallery(self, count: int, *, seed: int) -> NDArray[np.float16]:
        """(count, D), as a gallery keeps them; the first ones of a larger gallery are those of a smaller one."""
        rows = np.empty((count, self._real.shape[1]), np.float16)
        for first in range(0, count, BATCH):
            rows[first : first + BATCH] = self.draw(BATCH, seed=seed + first)[: count - first]
        return rows


def _unit(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
