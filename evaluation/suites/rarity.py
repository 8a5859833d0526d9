"""Is the rarity that cards of other galleries claim true? Strangers asked in random galleries of several sizes.

A card derives the share of strangers who find somebody this alike among n people from the table of pairs (lookalike.
scale). Here held-out strangers really are asked, in galleries drawn from the shipped one. NumPy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import SEED
from evaluation.suites.calibrate import person_weights
from lookalike.scale import Scale

SIZES: Final = (6, 77, 856)
DRAWS: Final = 40  # galleries of each size
SHARES: Final = (0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One size and one measured share."""

    people: int  # in the gallery
    measured: float  # share of strangers whose best is at least `similarity`
    similarity: float
    said: float  # share that a card derives for it
    bound: str  # "at_most" or "at_least" where the card gives but a limit

    @property
    def factor(self) -> float:
        """How far off, 1 or more. A limit is off only by what lies on its wrong side."""
        if (self.bound == "at_most" and self.measured <= self.said) or (
            self.bound == "at_least" and self.measured >= self.said
        ):
            return 1.0
        return max(self.said / self.measured, self.measured / self.said)


def cells(
    sets: Mapping[str, tuple[NDArray[np.float32], NDArray[np.generic], Sequence[set[int]]]],
    gallery: NDArray[np.float32],
    scale_for: Mapping[int, Scale],
    *,
    draws: int = DRAWS,
) -> list[Cell]:
    """All sizes of `scale_for` with all SHARES.

    sets: by name vectors (N, D), whose picture each is (N,), and the gallery's rows that are that person; every set
    weighs the same, in it every person. gallery: (P, D) unit vectors.
    """
    rng = np.random.default_rng(SEED)
    found: list[Cell] = []
    for people, scale in scale_for.items():
        values, weights = [], []
        for vectors, owners, own_rows in sets.values():
            weight = person_weights(owners)
            for _ in range(draws):
                rows = rng.choice(len(gallery), people, replace=False)
                similarity = vectors @ gallery[rows].T
                place = {int(row): k for k, row in enumerate(rows)}
                for k, own in enumerate(own_rows):
                    for row in own & place.keys():
                        similarity[k, place[row]] = -1.0
                values.append(similarity.max(axis=1))
                weights.append(weight / weight.sum())
        best, weight = np.concatenate(values), np.concatenate(weights)
        order = np.argsort(-best)
        reached = np.cumsum(weight[order]) / weight.sum()
        for share in SHARES:
            similarity_at = float(best[order][min(int(np.searchsorted(reached, share)), len(best) - 1)])
            said = scale.share(similarity_at)
            found.append(
                Cell(people=people, measured=share, similarity=similarity_at, said=said.value, bound=said.bound)
            )
    return found
