"""Same person or not: all pairs of a set of vectors, TPR and threshold at given FPRs. NumPy only, no files.

Definitions. Every unordered pair of two pictures is counted once; a pair of one person is a same pair, any other a
different pair. A pair is accepted when its similarity (cosine) is >= the threshold. The threshold at FPR f is the
least one at which the share of accepted different pairs is <= f: the float32 number just above the highest different
pair that must be rejected. TPR is the share of accepted same pairs at that threshold.

Intervals: people are drawn with replacement (bootstrap.draw). With multiplicities w, a same pair of person p weighs
w[p], a different pair of p and q weighs w[p] * w[q]; two copies of one person are never paired with each other.
Threshold and TPR are found anew in every resample, so the interval holds the uncertainty of both. This is the
bootstrap of single pictures' owners, not of pairs, and exact: pairs are sorted once and only their weights change.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import RESAMPLES, SEED, Figure, draw, interval

FPRS: Final = (0.2, 0.1, 0.05, 0.01, 0.001)
Labels = Sequence[Hashable] | NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairScores:
    """All pairs of a set, each kind sorted by falling similarity."""

    people: int
    pictures: int
    same: NDArray[np.float32]  # (S,)
    same_person: NDArray[np.int32]  # (S,) 0..people-1
    different: NDArray[np.float32]  # (D,) those at `floor` and above
    different_people: NDArray[np.int32]  # (2, D)
    different_total: int  # with those below `floor`
    floor: float  # different pairs below it were counted but not kept
    pictures_of: NDArray[np.int64]  # (people,)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """One row of the table."""

    fpr: float
    threshold: float
    tpr: Figure
    threshold_interval: tuple[float, float]
    false_matches: int  # different pairs accepted: how many the threshold rests on


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A set's table and what it was counted on."""

    people: int
    pictures: int
    same_pairs: int
    different_pairs: int
    points: tuple[OperatingPoint, ...]

    def at(self, fpr: float) -> OperatingPoint:
        """The row of one FPR. Raises KeyError when it was not asked for."""
        for point in self.points:
            if point.fpr == fpr:
                return point
        raise KeyError(fpr)


def all_pairs(
    vectors: NDArray[np.floating],
    people: Labels,
    *,
    others: NDArray[np.floating] | None = None,
    floor: float = -np.inf,
    chunk_rows: int = 512,
) -> PairScores:
    """Compare every two rows of `vectors` (N, D), unit length, `people` (N,) saying whose they are.

    others: (N, D), the same pictures seen otherwise (spoilt, say). Then every pair takes one of its pictures from
    `vectors` and one from `others`, in turn the earlier and the later one, so that each pair is still counted once.

    Works by chunks of rows, so the N x N matrix never exists. A kept different pair takes 12 bytes: for very large
    sets give a `floor`, below which different pairs are counted but not kept (thresholds above it stay exact).
    """
    unit = np.ascontiguousarray(vectors, dtype=np.float32)
    second_look = unit if others is None else np.ascontiguousarray(others, dtype=np.float32)
    owner, pictures_of = _number_people(people)
    if unit.ndim != 2 or len(unit) != len(owner) or second_look.shape != unit.shape:
        raise ValueError(f"vectors: want ({len(owner)}, D), one row a label, got {unit.shape}, {second_look.shape}")
    same: list[NDArray[np.float32]] = []
    same_person: list[NDArray[np.int32]] = []
    different: list[NDArray[np.float32]] = []
    first: list[NDArray[np.int32]] = []
    second: list[NDArray[np.int32]] = []
    for start in range(0, len(unit), chunk_rows):
        rows = slice(start, start + chunk_rows)
        similarity = unit[rows] @ second_look[start:].T  # (rows, N - start)
        if others is not None:
            odd = (np.arange(similarity.shape[0])[:, None] + np.arange(similarity.shape[1])[None, :]) % 2 == 1
            similarity = np.where(odd, second_look[rows] @ unit[start:].T, similarity)
        row_owner, column_owner = owner[rows], owner[start:]
        later = np.arange(len(column_owner))[None, :] > np.arange(len(row_owner))[:, None]
        equal = row_owner[:, None] == column_owner[None, :]
        i, j = np.nonzero(later & equal)
        same.append(similarity[i, j])
        same_person.append(row_owner[i])
        i, j = np.nonzero(later & ~equal & (similarity >= floor))
        different.append(similarity[i, j])
        first.append(row_owner[i])
        second.append(column_owner[j])
    same_all, different_all = _join(same, np.float32), _join(different, np.float32)
    by_same, by_different = np.argsort(-same_all, kind="stable"), np.argsort(-different_all, kind="stable")
    pictures = len(unit)
    same_total = int((pictures_of * (pictures_of - 1) // 2).sum())
    return PairScores(
        people=len(pictures_of),
        pictures=pictures,
        same=same_all[by_same],
        same_person=_join(same_person, np.int32)[by_same],
        different=different_all[by_different],
        different_people=np.stack([_join(first, np.int32)[by_different], _join(second, np.int32)[by_different]]),
        different_total=pictures * (pictures - 1) // 2 - same_total,
        floor=floor,
        pictures_of=pictures_of,
    )


def hardest(scores: PairScores, share: float) -> PairScores:
    """The same set with only the most alike `share` of its different pairs kept; the others are still counted.

    Resampling costs what is kept. Give several times the largest FPR asked for: a resample in which even that share
    is too small has no threshold.
    """
    kept = min(len(scores.different), int(np.ceil(share * scores.different_total)))
    if kept == len(scores.different):
        return scores
    return replace(
        scores,
        different=scores.different[:kept],
        different_people=scores.different_people[:, :kept],
        floor=float(scores.different[kept - 1]) if kept else float("inf"),
    )


def verify(
    scores: PairScores,
    *,
    fprs: Sequence[float] = FPRS,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Verification:
    """TPR and threshold at each FPR, with 95 % intervals over people; resamples=0 leaves the intervals NaN.

    Raises ValueError when a kind of pair is missing, or when an FPR's threshold lies below scores.floor.
    """
    if len(scores.same) == 0 or scores.different_total == 0:
        raise ValueError(f"want same and different pairs, got {len(scores.same)} and {scores.different_total}")
    levels = np.asarray(fprs, dtype=np.float64)
    rejected = np.floor(levels * scores.different_total + 1e-9).astype(np.int64)  # the first that is rejected
    if scores.different_total > len(scores.different) and rejected.max() >= len(scores.different):
        raise ValueError(
            f"FPR {levels.max()} needs {rejected.max() + 1} different pairs, {len(scores.different)} lie at the "
            f"floor {scores.floor} or above; lower the floor"
        )
    bounds = _bounds(scores.different, rejected)
    tprs = np.count_nonzero(scores.same[None, :] > bounds[:, None], axis=1) / len(scores.same)
    falses = np.count_nonzero(scores.different[None, :] > bounds[:, None], axis=1)
    samples, thresholds = _resampled(scores, levels, _weights(scores, resamples, seed))
    points = []
    for k, fpr in enumerate(fprs):
        low, high = interval(samples[:, k])
        points.append(
            OperatingPoint(
                fpr=float(fpr),
                threshold=_just_above(bounds[k]),
                tpr=Figure(float(tprs[k]), low, high),
                threshold_interval=interval(thresholds[:, k]),
                false_matches=int(falses[k]),
            )
        )
    return Verification(
        people=scores.people,
        pictures=scores.pictures,
        same_pairs=len(scores.same),
        different_pairs=scores.different_total,
        points=tuple(points),
    )


def tpr_at(vectors: NDArray[np.floating], people: Labels, *, fprs: Sequence[float] = FPRS) -> dict[float, float]:
    """TPR at each FPR and nothing else: what a training loop watches. Milliseconds for a thousand pictures."""
    result = verify(all_pairs(vectors, people), fprs=fprs, resamples=0)
    return {point.fpr: point.tpr.value for point in result.points}


def paired_gain(
    before: PairScores,
    after: PairScores,
    *,
    fprs: Sequence[float] = FPRS,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> tuple[Figure, ...]:
    """TPR of `after` minus TPR of `before`, two networks' vectors of the same pictures in the same order.

    Every resample draws the same people for both, so what is common to both cancels out: an interval that does not
    reach zero is a gain (or a loss) that other people would have shown too.
    """
    if not np.array_equal(before.pictures_of, after.pictures_of):
        raise ValueError("a paired bootstrap wants the same people and pictures in both sets")
    old, new = (verify(s, fprs=fprs, resamples=0) for s in (before, after))
    levels = np.asarray(fprs, dtype=np.float64)
    weights = _weights(before, resamples, seed)
    gain = _resampled(after, levels, weights)[0] - _resampled(before, levels, weights)[0]
    return tuple(
        Figure(b.tpr.value - a.tpr.value, *interval(gain[:, k]))
        for k, (a, b) in enumerate(zip(old.points, new.points, strict=True))
    )


def _number_people(people: Labels) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Labels -> 0..P-1 in order of first appearance, and the number of pictures of each."""
    numbers: dict[Hashable, int] = {}
    owner = np.array([numbers.setdefault(label, len(numbers)) for label in people], dtype=np.int32)
    return owner, np.bincount(owner, minlength=len(numbers)).astype(np.int64)


def _join(
    parts: list[NDArray[np.generic]] | list[NDArray[np.float32]] | list[NDArray[np.int32]], kind: type
) -> NDArray:  # type: ignore[type-arg]
    return np.concatenate(parts) if parts else np.empty(0, kind)


def _bounds(different: NDArray[np.float32], rejected: NDArray[np.int64]) -> NDArray[np.float32]:
    """The similarity that must be exceeded; -inf where every different pair may be accepted."""
    padded = np.append(different, np.float32(-np.inf))
    return padded[np.minimum(rejected, len(different))]


def _just_above(bound: np.float32) -> float:
    return -1.0 if np.isneginf(bound) else float(np.nextafter(bound, np.float32(np.inf)))


def _weights(scores: PairScores, resamples: int, seed: int) -> NDArray[np.float64]:
    return draw(scores.people, resamples=resamples, seed=seed) if resamples else np.empty((0, scores.people))


def _resampled(
    scores: PairScores, levels: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """TPR and threshold (R, levels) under each row of multiplicities; NaN where a resample lacks a kind of pair."""
    shape = (len(weights), len(levels))
    tprs, thresholds = np.full(shape, np.nan), np.full(shape, np.nan)
    p, q = scores.different_people
    padded = np.append(scores.different, np.float32(-np.inf))
    rising_same = -scores.same  # ascending, for searchsorted
    for r, row in enumerate(weights):
        drawn = row * scores.pictures_of
        total = (drawn.sum() ** 2 - (drawn**2).sum()) / 2  # weight of all different pairs, kept or not
        same_weight = np.concatenate([[0.0], np.cumsum(row[scores.same_person])])
        if total <= 0 or same_weight[-1] <= 0:
            continue
        accepted = np.cumsum(row[p] * row[q])
        # The first pair whose acceptance would carry the weighted share above the level.
        first = np.searchsorted(accepted, levels * total + 1e-9, side="right")
        reachable = (first < len(accepted)) | (len(accepted) == scores.different_total)
        bounds = padded[np.minimum(first, len(accepted))]
        taken = np.searchsorted(rising_same, -bounds, side="left")  # same pairs strictly above the bound
        tprs[r] = np.where(reachable, same_weight[taken] / same_weight[-1], np.nan)
        thresholds[r] = np.where(reachable, np.maximum(bounds, -1.0), np.nan)
    return tprs, thresholds
