"""Do the answers look like who asked? Agreement of looks between askers and the people answered. NumPy only, no files.

Looks are words by aspect (sex, young, hair, glasses, beard), from labels alone; what nobody labelled counts in no share
and is counted beside it. Intervals are over people: the pictures of one are answered alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import RESAMPLES, Figure, mean_figure

Looks = Mapping[str, str]  # aspect -> word
SEX = "sex"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """Askers and who was answered to them."""

    people: NDArray[np.str_]  # (N,) whose picture each asker is
    looks: Sequence[Looks]  # (N,)
    rows: NDArray[np.int64]  # (N, 8) gallery rows, the first first
    fifty: NDArray[np.int64]  # (N, 50) the nearest rows by other networks

    def where(self, chosen: NDArray[np.bool_]) -> Asked:
        """The askers of a group."""
        keep = np.flatnonzero(chosen)
        return Asked(
            people=self.people[keep],
            looks=[self.looks[k] for k in keep.tolist()],
            rows=self.rows[keep],
            fifty=self.fifty[keep],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One aspect: shares of labelled matches that have the asker's word, of the first and of all eight."""

    askers: int  # whose own word is known
    first: Figure
    eight: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """One group's line."""

    pictures: int
    people: int
    unlabelled_first: float  # share of first matches whose sex nobody labelled
    unlabelled_eight: float
    aspects: dict[str, Agreement]
    other_sex: Figure  # share of cards with somebody labelled as of the other sex among the eight
    of_fifty: Figure  # share of the eight that are among the other networks' fifty


def measure(asked: Asked, gallery: Sequence[Looks], *, resamples: int = RESAMPLES) -> Likeness:
    """gallery: looks by row, an aspect absent where nobody labelled it."""
    aspects = {}
    for aspect in sorted({aspect for looks in asked.looks for aspect in looks}):
        same = agreement(asked, gallery, aspect)
        aspects[aspect] = Agreement(
            askers=sum(aspect in looks for looks in asked.looks),
            first=_mean(same[:, 0], asked.people, resamples=resamples),
            eight=_mean(same.ravel(), np.repeat(asked.people, same.shape[1]), resamples=resamples),
        )
    sex = agreement(asked, gallery, SEX)
    known = np.array([[SEX in gallery[row] for row in rows] for rows in asked.rows.tolist()], bool)
    shared = np.array(
        [np.isin(rows, fifty).mean() for rows, fifty in zip(asked.rows, asked.fifty, strict=True)], np.float64
    )
    return Likeness(
        pictures=len(asked.people),
        people=len(np.unique(asked.people)),
        unlabelled_first=float(1 - known[:, 0].mean()),
        unlabelled_eight=float(1 - known.mean()),
        aspects=aspects,
        other_sex=_mean((sex == 0).any(axis=1).astype(np.float64), asked.people, resamples=resamples),
        of_fifty=_mean(shared, asked.people, resamples=resamples),
    )


def gain_of_first(before: Asked, after: Asked, gallery: Sequence[Looks], *, resamples: int = RESAMPLES) -> Figure:
    """How much more often the first match is of the asker's sex, over askers whose both first matches are labelled."""
    gain = agreement(after, gallery, SEX)[:, 0] - agreement(before, gallery, SEX)[:, 0]
    return _mean(gain, after.people, resamples=resamples)


def agreement(asked: Asked, gallery: Sequence[Looks], aspect: str) -> NDArray[np.float64]:
    """(N, 8): 1 where a match has the asker's word, 0 where another, NaN where either was not labelled."""
    same = np.full(asked.rows.shape, np.nan)
    for k, (looks, rows) in enumerate(zip(asked.looks, asked.rows.tolist(), strict=True)):
        if aspect in looks:
            for rank, row in enumerate(rows):
                if aspect in gallery[row]:
                    same[k, rank] = looks[aspect] == gallery[row][aspect]
    return same


def _mean(values: NDArray[np.float64], people: NDArray[np.str_], *, resamples: int) -> Figure:
    known = np.isfinite(values)
    return mean_figure(values[known], people[known], resamples=resamples)
