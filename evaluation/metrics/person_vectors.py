"""How should several pictures of a person become what is searched? Four ways on the same probes. NumPy only, no files.

Every probe is a picture of the gallery and is taken out of its own person, whatever the way; strangers stay whole.
The rank of a person is one more than the number of people at least as alike: ties count against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import RESAMPLES, SEED, Figure, mean_figure
from evaluation.metrics.verification import Labels

# Way -> what it is. The first ships; the others are compared with it.
WAYS: Final = {
    "mean": "mean of the unit vectors",
    "weighted": "mean weighted by quality",
    "best": "the picture of the best quality alone",
    "every": "every picture's own vector, the nearest counts",
}
CHUNK_ROWS: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class WayFigures:
    """One way's line; intervals over people, of the gain paired: the same people are drawn for both ways."""

    rank_1: Figure
    rank_8: Figure
    gain: Figure  # of rank 1 over the first way, a share
    vectors: int  # how many have to be kept and searched


def ranks(
    vectors: NDArray[np.floating],
    people: Labels,
    quality: NDArray[np.floating],
    rows: Sequence[int] | NDArray[np.integer],
    *,
    probes: NDArray[np.floating] | None = None,
    ways: Sequence[str] = tuple(WAYS),
) -> dict[str, NDArray[np.int64]]:
    """Rank of the right person for each probe, by way.

    vectors: (N, D) unit rows, all pictures of the gallery. people: (N,). quality: (N,), larger is better, > 0.
    rows: which of them ask; each has another picture of its person. probes: (len(rows), D) to ask with instead of the
    gallery's own vectors of these pictures (an averaged one, say). ways: those of WAYS that are wanted.
    """
    unit = np.asarray(vectors, np.float32)
    owner = np.unique(np.asarray(people), return_inverse=True)[1]
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(owner.max() + 1))
    ends = np.append(starts[1:], len(order))
    weight = np.asarray(quality, np.float32)
    wide = {"mean": unit, "weighted": unit * weight[:, None]}
    sums = {way: np.add.reduceat(rows_of[order], starts, axis=0) for way, rows_of in wide.items()}
    means = {way: _unit(total) for way, total in sums.items()}
    best_row = np.array([order[a + int(np.argmax(weight[order[a:b]]))] for a, b in zip(starts, ends, strict=True)])
    asked = np.asarray(rows, np.int64)
    found: dict[str, list[NDArray[np.int64]]] = {way: [] for way in ways}
    for start in range(0, len(asked), CHUNK_ROWS):
        part = asked[start : start + CHUNK_ROWS]
        probe = unit[part] if probes is None else np.asarray(probes, np.float32)[start : start + CHUNK_ROWS]
        with_all = probe @ unit.T  # (rows, N)
        mine = owner[part]
        own_pictures = [order[starts[p] : ends[p]] for p in mine]
        rest = [pictures[pictures != row] for pictures, row in zip(own_pictures, part, strict=True)]
        for way in ways:
            if way in means:
                others = probe @ means[way].T
                left = _unit(sums[way][mine] - wide[way][part])
                own = (left * probe).sum(axis=1)
            elif way == "best":
                others = with_all[:, best_row]
                own = np.array([with_all[k, r[int(np.argmax(weight[r]))]] for k, r in enumerate(rest)])
            else:
                others = np.maximum.reduceat(with_all[:, order], starts, axis=1)
                own = np.array([with_all[k, r].max() for k, r in enumerate(rest)])
            others[np.arange(len(part)), mine] = -2.0
            found[way].append(1 + (others >= own[:, None]).sum(axis=1))
    return {way: np.concatenate(parts) for way, parts in found.items()}


def compare(
    by_way: dict[str, NDArray[np.int64]],
    owners: Labels,
    *,
    vectors: dict[str, int],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, WayFigures]:
    """Fold the ranks of each way; owners (K,) says whose each probe is."""
    owner = np.unique(np.asarray(owners), return_inverse=True)[1]
    first = next(iter(by_way.values())) == 1

    def figure(values: NDArray[np.generic]) -> Figure:
        return mean_figure(np.asarray(values, np.float64), owner, resamples=resamples, seed=seed)

    return {
        way: WayFigures(
            rank_1=figure(rank == 1),
            rank_8=figure(rank <= 8),
            gain=figure((rank == 1).astype(np.float64) - first),
            vectors=vectors[way],
        )
        for way, rank in by_way.items()
    }


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return np.asarray(rows / lengths, np.float32)
