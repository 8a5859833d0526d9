"""The right person first: against a gallery that is really built anew for every probe."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.metrics.identification import ask, fold_people, identify, likeness_of_own, strangers_of


def _set(people: int, *, spread: float, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), rng.integers(1, 6, size=people))
    vectors = rng.normal(size=(people, 12))[owner] + spread * rng.normal(size=(len(owner), 12))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.array([f"p{k}" for k in owner])


def _rank_by_hand(vectors: NDArray[np.float32], people: NDArray[np.str_], probe: int) -> int | None:
    """Build the gallery without the probe, search it, find the person."""
    kept = np.arange(len(people)) != probe
    similarity = {}
    for person in set(people[kept]):
        mean = vectors[kept & (people == person)].astype(np.float64).mean(axis=0)
        similarity[person] = float(mean @ vectors[probe] / np.linalg.norm(mean))
    if people[probe] not in similarity:
        return None
    return 1 + sum(s >= similarity[people[probe]] for p, s in similarity.items() if p != people[probe])


def test_taking_a_picture_out_of_the_sum_equals_building_the_gallery_without_it() -> None:
    vectors, people = _set(40, spread=0.9)
    asked = ask(fold_people(vectors, people), vectors, people)
    by_hand = [_rank_by_hand(vectors, people, probe) for probe in range(len(people))]
    assert asked.rank.tolist() == [rank for rank in by_hand if rank is not None]
    assert asked.probe.tolist() == [k for k, rank in enumerate(by_hand) if rank is not None]
    assert len(set(asked.rank.tolist())) > 2  # the set is hard enough to tell ranks apart


def test_the_eight_strangers_are_the_nearest_others_falling() -> None:
    vectors, people = _set(30, spread=0.9)
    gallery = fold_people(vectors, people)
    asked = ask(gallery, vectors, people)
    for row, probe in enumerate(asked.probe):
        others = [k for k, label in enumerate(gallery.labels) if label != people[probe]]
        want = np.sort(gallery.unit[others] @ vectors[probe])[::-1][:8]
        assert asked.strangers[row] == pytest.approx(want, abs=1e-6)


def test_a_picture_never_finds_itself() -> None:
    """Two pictures of one person that share nothing: with the probe left in, each would be first."""
    vectors = np.eye(3, dtype=np.float32)[[0, 1, 2]]
    asked = ask(fold_people(vectors, ["a", "a", "b"]), vectors, ["a", "a", "b"], top=1)
    assert asked.own.tolist() == [0.0, 0.0]
    assert asked.rank.tolist() == [2, 2]  # tied with b: a tie counts against


def test_people_with_one_picture_are_left_out_and_counted() -> None:
    vectors, people = _set(25, spread=0.4)
    gallery = fold_people(vectors, people)
    result = identify(gallery, ask(gallery, vectors, people), probes=len(people), resamples=50)
    single = sum((people == person).sum() == 1 for person in set(people))
    assert single > 0
    assert result.left_out == single
    assert result.probes + result.left_out == len(people)
    assert result.rank_1.low <= result.rank_1.value <= result.rank_1.high <= 1.0
    assert result.rank_8.value >= result.rank_1.value


def test_people_taken_out_answer_to_nobody() -> None:
    vectors, people = _set(10, spread=0.2)
    gallery = fold_people(vectors, people)
    similarity = strangers_of(gallery, vectors[:2], [{0}, {0, 1}])
    assert (similarity[0, 0], similarity[1, 0], similarity[1, 1]) == (-2.0, -2.0, -2.0)
    assert similarity[0, 1] == pytest.approx(float(vectors[0] @ gallery.unit[1]))


@pytest.mark.parametrize("others", [1, 2])
def test_likeness_of_the_own_person_is_with_the_mean_of_the_next_pictures(others: int) -> None:
    """Three pictures of one person and a single one: the single one is passed over."""
    vectors = np.array([[1, 0, 0], [0.6, 0.8, 0], [0.2, 0, np.sqrt(0.96)], [0, 0, 1]], np.float64)
    found = likeness_of_own(vectors, ["a", "a", "a", "b"], others=others)
    mean = vectors[1] if others == 1 else vectors[1] + vectors[2]
    assert len(found) == 3
    assert found[0] == pytest.approx(float(mean[0] / np.linalg.norm(mean)))
