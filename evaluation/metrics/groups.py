"""Does one threshold serve everybody alike? TPR and FPR of a group's pairs at the threshold of all. NumPy only.

A product has one threshold, so groups are compared at one: that of the whole set at an FPR, taken as fixed. Two sorts
of groups. Of people (women, kpop): pairs of which both pictures belong to it, so that strangers within the group count.
Of pictures (glasses, small ones): pairs of which at least one does. Intervals are over people, as everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import RESAMPLES, SEED, Figure, draw, interval
from evaluation.metrics.verification import Labels

Pairing = Literal["both", "either"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """One group's line."""

    pictures: int
    people: int
    same_pairs: int
    different_pairs: int
    threshold: float
    tpr: Figure  # NaN where there is no such pair
    fpr: Figure


def at_threshold(
    vectors: NDArray[np.floating],
    people: Labels,
    chosen: NDArray[np.bool_],
    *,
    threshold: float,
    pairing: Pairing = "both",
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> GroupFigures:
    """Count the group's pairs; vectors (N, D) unit rows, people (N,), chosen (N,). Holds N x N similarities."""
    unit = np.asarray(vectors, np.float32)
    owner = np.unique(np.asarray(people), return_inverse=True)[1]
    count = int(owner.max()) + 1
    inside = np.outer(chosen, chosen) if pairing == "both" else chosen[:, None] | chosen[None, :]
    inside = np.triu(inside, k=1)
    accepted = inside & (unit @ unit.T >= np.float32(threshold))
    taken, all_of = (_by_people(mask, owner, count) for mask in (accepted, inside))
    same_taken, same_all = np.diag(taken), np.diag(all_of)
    different_taken = taken - np.diag(same_taken)
    different_all = all_of - np.diag(same_all)
    weights = draw(count, resamples=resamples, seed=seed) if resamples else np.empty((0, count))
    tprs = _ratio(weights @ same_taken, weights @ same_all)
    fprs = _ratio(
        np.einsum("rp,rp->r", weights @ different_taken, weights),
        np.einsum("rp,rp->r", weights @ different_all, weights),
    )
    return GroupFigures(
        pictures=int(chosen.sum()),
        people=len(np.unique(owner[chosen])),
        same_pairs=int(same_all.sum()),
        different_pairs=int(different_all.sum()),
        threshold=float(threshold),
        tpr=Figure(float(_ratio(same_taken.sum(), same_all.sum())), *interval(tprs)),
        fpr=Figure(float(_ratio(different_taken.sum(), different_all.sum())), *interval(fprs)),
    )


def _by_people(mask: NDArray[np.bool_], owner: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """How many pairs of the mask (N, N) fall on each two people: (P, P)."""
    rows, columns = np.nonzero(mask)
    flat = np.bincount(owner[rows] * count + owner[columns], minlength=count * count)
    return flat.reshape(count, count).astype(np.float64)


def _ratio(part: NDArray[np.float64] | np.float64, whole: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0))
