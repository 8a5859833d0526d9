"""Chunked, sorted, weighted metrics against the full matrix and against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import draw
from evaluation.metrics.verification import PairScores, _resampled, all_pairs, hardest, paired_gain, tpr_at, verify


def _set(people: int, pictures: int, *, spread: float, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Synthetic identities: a unit centre each, pictures scattered around it. (N, 16), (N,)."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), rng.integers(1, pictures + 1, size=people))
    vectors = rng.normal(size=(people, 16))[owner] + spread * rng.normal(size=(len(owner), 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), owner


def _pairs_by_hand(
    vectors: NDArray[np.float32], owner: NDArray[np.int64]
) -> tuple[list[tuple[float, int]], list[tuple[float, int, int]]]:
    """Same pairs (similarity, person) and different pairs (similarity, person, person), one by one."""
    matrix = vectors @ vectors.T
    same, different = [], []
    for i in range(len(owner)):
        for j in range(i + 1, len(owner)):
            if owner[i] == owner[j]:
                same.append((float(matrix[i, j]), int(owner[i])))
            else:
                different.append((float(matrix[i, j]), int(owner[i]), int(owner[j])))
    return same, different


@pytest.mark.parametrize("chunk_rows", [1, 7, 64, 10_000])
def test_every_pair_is_seen_once_whatever_the_chunk(chunk_rows: int) -> None:
    """A pair lost or doubled at a chunk's edge would shift every figure."""
    vectors, owner = _set(12, 6, spread=0.5)
    scores = all_pairs(vectors, owner, chunk_rows=chunk_rows)
    same, different = _pairs_by_hand(vectors, owner)
    assert scores.same == pytest.approx(sorted((s for s, _ in same), reverse=True), abs=1e-6)
    assert scores.different == pytest.approx(sorted((s for s, *_ in different), reverse=True), abs=1e-6)
    assert scores.different_total == len(different)


def test_the_threshold_is_the_least_that_keeps_the_false_positive_rate() -> None:
    """One step lower and the FPR would be exceeded; the TPR is counted at that very threshold."""
    vectors, owner = _set(30, 5, spread=0.9)
    same, different = _pairs_by_hand(vectors, owner)
    strangers = np.array([s for s, *_ in different], np.float32)
    result = verify(all_pairs(vectors, owner), fprs=(0.3, 0.1, 0.01), resamples=0)
    for point in result.points:
        threshold = np.float32(point.threshold)
        assert (strangers >= threshold).mean() <= point.fpr
        assert (strangers >= np.nextafter(threshold, np.float32(-1))).mean() > point.fpr
        assert point.tpr.value == pytest.approx(np.mean([np.float32(s) >= threshold for s, _ in same]))
        assert point.false_matches == (strangers >= threshold).sum()


def test_ties_at_the_threshold_are_all_rejected() -> None:
    """Five of seven stranger pairs are equally alike: at FPR 0.4 (two pairs) none of the five may pass."""
    vectors = np.eye(2, dtype=np.float32)[[0, 0, 0, 1, 0]]
    result = verify(all_pairs(vectors, ["a", "b", "c", "a", "a"]), fprs=(0.4,), resamples=0)
    assert result.points[0].false_matches == 0
    assert result.points[0].threshold > 1.0


def test_a_resample_equals_the_set_with_its_people_copied_out() -> None:
    """The weighted sums are checked against really repeating the drawn people and comparing every pair."""
    vectors, owner = _set(9, 6, spread=0.8, seed=4)
    weights = draw(9, resamples=6, seed=11)
    levels = np.array([0.2, 0.05])
    tprs, thresholds = _resampled(all_pairs(vectors, owner), levels, weights)
    same, different = _pairs_by_hand(vectors, owner)
    for r, row in enumerate(weights.astype(int)):
        copies_same = np.array([s for s, p in same for _ in range(row[p])], np.float32)
        copies_different = np.array([s for s, p, q in different for _ in range(row[p] * row[q])], np.float32)
        falling = np.sort(copies_different)[::-1]
        for k, level in enumerate(levels):
            bound = falling[int(level * len(falling) + 1e-9)]
            assert thresholds[r, k] == pytest.approx(float(bound), abs=1e-6)
            assert tprs[r, k] == pytest.approx((copies_same > bound).mean())


def test_the_interval_holds_the_figure_and_narrows_with_more_people() -> None:
    """More people, less doubt: an interval over pairs or pictures would not show it."""
    few = verify(all_pairs(*_set(8, 6, spread=0.9, seed=1)), fprs=(0.1,), resamples=200).at(0.1).tpr
    many = verify(all_pairs(*_set(150, 6, spread=0.9, seed=1)), fprs=(0.1,), resamples=200).at(0.1).tpr
    assert few.low <= few.value <= few.high
    assert many.low <= many.value <= many.high
    assert many.high - many.low < few.high - few.low


def test_a_floor_keeps_fewer_pairs_and_the_same_figures() -> None:
    """Large sets drop the low pairs; what is counted above them must not change."""
    vectors, owner = _set(40, 5, spread=0.8)
    whole, cut = all_pairs(vectors, owner), all_pairs(vectors, owner, floor=0.2)
    assert len(cut.different) < len(whole.different)
    assert verify(cut, fprs=(0.05, 0.01), resamples=20) == verify(whole, fprs=(0.05, 0.01), resamples=20)
    with pytest.raises(ValueError, match="lower the floor"):
        verify(cut, fprs=(0.9,))


def test_the_hardest_pairs_alone_give_the_same_figures_and_intervals() -> None:
    """What resampling leaves away must not be asked for; where it is, that is said."""
    whole = all_pairs(*_set(40, 5, spread=0.8))
    cut = hardest(whole, 0.4)
    assert len(cut.different) == pytest.approx(0.4 * len(whole.different), abs=1)
    assert cut.different_total == whole.different_total
    assert verify(cut, fprs=(0.05, 0.01), resamples=30) == verify(whole, fprs=(0.05, 0.01), resamples=30)
    assert hardest(cut, 0.9) is cut
    with pytest.raises(ValueError, match="lower the floor"):
        verify(cut, fprs=(0.5,))


def test_one_person_or_single_pictures_are_refused() -> None:
    vectors = np.eye(3, dtype=np.float32)
    with pytest.raises(ValueError, match="same and different"):
        verify(all_pairs(vectors, ["a", "a", "a"]))
    with pytest.raises(ValueError, match="same and different"):
        verify(all_pairs(vectors, ["a", "b", "c"]))


def test_a_better_network_gains_and_a_network_gains_nothing_on_itself() -> None:
    """The paired interval of a real gain lies above zero; that of nothing is zero."""
    clean, owner = _set(60, 5, spread=0.5, seed=2)
    rng = np.random.default_rng(5)
    noisy = clean + 0.25 * rng.normal(size=clean.shape).astype(np.float32)
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    good, bad = all_pairs(clean, owner), all_pairs(noisy, owner)
    (gain,) = paired_gain(bad, good, fprs=(0.05,), resamples=100)
    assert gain.low > 0
    (none,) = paired_gain(good, good, fprs=(0.05,), resamples=100)
    assert (none.value, none.low, none.high) == (0.0, 0.0, 0.0)


def test_a_paired_bootstrap_of_two_different_sets_is_refused() -> None:
    one: PairScores = all_pairs(*_set(5, 4, spread=0.5, seed=1))
    other: PairScores = all_pairs(*_set(6, 4, spread=0.5, seed=1))
    with pytest.raises(ValueError, match="same people"):
        paired_gain(one, other)


def test_the_short_form_gives_the_table_s_figures() -> None:
    vectors, owner = _set(20, 5, spread=0.7)
    assert tpr_at(vectors, owner, fprs=(0.01,)) == {
        0.01: verify(all_pairs(vectors, owner), fprs=(0.01,), resamples=0).at(0.01).tpr.value
    }
