"""Groups, neighbours and ways to make a person's vector, each against a slow count by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.datasets.end_to_end import with_misses
from evaluation.metrics.groups import at_threshold
from evaluation.metrics.nearest import accuracy_at_1
from evaluation.metrics.verification import all_pairs, verify

Vectors = NDArray[np.float32]


def _set(people: int, *, spread: float = 0.8, seed: int = 0) -> tuple[Vectors, NDArray[np.str_]]:
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), rng.integers(1, 6, size=people))
    vectors = rng.normal(size=(people, 12))[owner] + spread * rng.normal(size=(len(owner), 12))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), np.array(
        [f"p{k}" for k in owner]
    )


@pytest.mark.parametrize("pairing", ["both", "either"])
def test_a_group_s_pairs_are_those_with_both_pictures_in_it_or_with_one(pairing: str) -> None:
    vectors, people = _set(20)
    chosen = np.arange(len(people)) % 3 == 0
    got = at_threshold(
        vectors,
        people,
        chosen,
        threshold=0.3,
        pairing=pairing,  # type: ignore[arg-type]  # pytest hands over plain text
        resamples=20,
    )
    same: list[bool] = []
    different: list[bool] = []
    for i in range(len(people)):
        for j in range(i + 1, len(people)):
            if (chosen[i] and chosen[j]) if pairing == "both" else (chosen[i] or chosen[j]):
                (same if people[i] == people[j] else different).append(float(vectors[i] @ vectors[j]) >= 0.3)
    assert (got.same_pairs, got.different_pairs) == (len(same), len(different))
    assert got.tpr.value == pytest.approx(np.mean(same))
    assert got.fpr.value == pytest.approx(np.mean(different))
    assert got.tpr.low <= got.tpr.value <= got.tpr.high
    assert got.fpr.low <= got.fpr.value <= got.fpr.high


def test_a_group_without_a_pair_has_no_figure_and_no_warning() -> None:
    vectors, people = _set(5)
    got = at_threshold(vectors, people, np.zeros(len(people), bool), threshold=0.3, resamples=5)
    assert np.isnan(got.tpr.value)
    assert (got.pictures, got.same_pairs) == (0, 0)


def test_accuracy_at_1_asks_every_picture_whose_person_has_another() -> None:
    vectors, people = _set(25, spread=1.2)
    right, probes = 0, 0
    for k in range(len(people)):
        if (people == people[k]).sum() < 2:
            continue
        probes += 1
        similarity = vectors @ vectors[k]
        similarity[k] = -2
        right += people[similarity.argmax()] == people[k]
    got = accuracy_at_1(vectors, people, resamples=10)
    assert got.probes == probes < len(people)
    assert got.picture.value == pytest.approx(right / probes)
    assert 0.2 < got.picture.value < 1  # hard enough that a wrong count would show


def _rank_by_hand(vectors: Vectors, people: NDArray[np.str_], quality: Vectors, probe: int, way: str) -> int:
    """Make the gallery anew without the probe and search it."""
    kept = np.arange(len(people)) != probe
    best: dict[str, float] = {}
    for person in set(people[kept].tolist()):
        mine = kept & (people == person)
        rows, weight = vectors[mine].astype(np.float64), quality[mine].astype(np.float64)
        similarity = rows @ vectors[probe]
        if way == "every":
            best[person] = float(similarity.max())
        elif way == "best":
            best[person] = float(similarity[weight.argmax()])
        else:
            mean = (rows * (weight[:, None] if way == "weighted" else 1.0)).sum(axis=0)
            best[person] = float(mean @ vectors[probe] / np.linalg.norm(mean))
    own = best.pop(str(people[probe]))
    return 1 + sum(value >= own for value in best.values())


def test_a_face_that_was_not_found_costs_its_own_pairs_and_leaves_the_threshold() -> None:
    """Two of a person's four pictures are missed: five of its six pairs can never match."""
    vectors, people = _set(15, spread=0.3, seed=5)
    person = next(str(p) for p in people if (people == p).sum() >= 4)
    lost = np.flatnonzero(people == person)[:2]
    kept = np.setdiff1d(np.arange(len(people)), lost)
    found = all_pairs(vectors[kept], people[kept])
    whole = with_misses(found, found=list(people[kept]), everybody=list(people))
    count = int((people == person).sum())
    missed = count * (count - 1) // 2 - (count - 2) * (count - 3) // 2
    before, after = (verify(one, fprs=(0.05,), resamples=10).points[0] for one in (found, whole))
    assert len(whole.same) == len(found.same) + missed
    assert after.threshold == before.threshold
    assert after.tpr.value == pytest.approx(before.tpr.value * len(found.same) / len(whole.same))


def test_a_person_wholly_missed_still_counts() -> None:
    vectors, people = np.eye(3, dtype=np.float32)[[0, 0, 1, 1]], ["a", "a", "b", "b"]
    whole = with_misses(all_pairs(vectors, people), found=people, everybody=[*people, "c", "c", "c"])
    assert (whole.people, len(whole.same)) == (3, 5)
    assert verify(whole, fprs=(0.2,), resamples=5).points[0].tpr.value == pytest.approx(2 / 5)


@pytest.mark.parametrize("chunk_rows", [1, 5, 1000])
def test_of_every_pair_one_picture_is_the_spoilt_one(chunk_rows: int) -> None:
    """Neither both nor none, the earlier and the later one in turn, and each pair once."""
    vectors, people = _set(10, seed=7)
    others = np.roll(vectors, 3, axis=1)
    scores = all_pairs(vectors, people, others=others, chunk_rows=chunk_rows)
    want = []
    for i in range(len(people)):
        for j in range(i + 1, len(people)):
            a, b = (others[i], vectors[j]) if (i + j) % 2 else (vectors[i], others[j])
            if people[i] != people[j]:
                want.append(float(a @ b))
    assert scores.different == pytest.approx(np.sort(want)[::-1], abs=1e-6)
