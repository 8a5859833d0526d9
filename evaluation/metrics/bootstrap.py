"""Intervals by resampling groups: people, or pictures where every picture stands for itself. NumPy only.

One resample draws as many groups as there are, with replacement; a group drawn twice counts twice. Groups and not
single pairs are drawn because the pairs of one person are not independent: an interval over pairs would be far too
narrow. Every interval here is the 2.5th to the 97.5th percentile of the resamples (percentile bootstrap, Efron 1979).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]  # (R, G): how often each of G groups was drawn in each of R resamples

RESAMPLES: Final = 500
SEED: Final = 20260101


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured number with its 95 % interval; `low` and `high` are NaN where nothing was resampled."""

    value: float
    low: float
    high: float


def draw(groups: int, *, resamples: int = RESAMPLES, seed: int = SEED) -> Weights:
    """Draw (resamples, groups) multiplicities; each row sums to `groups`."""
    if groups < 1:
        raise ValueError(f"want at least one group to draw from, got {groups}")
    rng = np.random.default_rng(seed)
    return rng.multinomial(groups, np.full(groups, 1.0 / groups), size=resamples).astype(np.float64)


def interval(samples: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % percentile interval of a statistic over resamples (R,); NaN (no value) is passed over."""
    known = samples[np.isfinite(samples)]
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def mean_figure(
    values: NDArray[np.floating] | NDArray[np.bool_],
    groups: NDArray[np.generic] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Figure:
    """The mean of `values` (N,) with an interval over `groups` (N,), or over single values without them.

    Every value weighs the same, so a group with more values weighs more. NaN and an empty interval for no values.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.size == 0:
        return Figure(float("nan"), float("nan"), float("nan"))
    index = np.arange(len(numbers)) if groups is None else np.unique(groups, return_inverse=True)[1]
    if len(index) != len(numbers):
        raise ValueError(f"groups: want one a value ({len(numbers)}), got {len(index)}")
    sums = np.bincount(index, weights=numbers)
    counts = np.bincount(index).astype(np.float64)
    weights = draw(len(sums), resamples=resamples, seed=seed)
    low, high = interval((weights @ sums) / (weights @ counts))
    return Figure(float(numbers.mean()), low, high)
