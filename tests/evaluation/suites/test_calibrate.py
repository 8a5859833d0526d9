"""The two tables: what a share means, who weighs what, and a file that the product's reader takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.metrics.verification import PairScores, all_pairs
from evaluation.suites.calibrate import (
    GALLERY_BANDS,
    PAIR_BANDS,
    CalibrationImpossible,
    Strangers,
    bands_on_cards,
    document,
    gallery_table,
    pair_reach,
    pair_table,
    person_weights,
    same_people_by_consensus,
    weighted_reach,
)
from lookalike.calibration import load_calibration

MODEL = "f" * 64


def _people(people: int, pictures: int, *, seed: int, shared: float = 0.0) -> PairScores:
    """Synthetic identities; `shared` is a direction all have in common, so that strangers look more alike."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), pictures)
    vectors = rng.normal(size=(people, 32))[owner] + 0.4 * rng.normal(size=(len(owner), 32))
    vectors[:, 0] += shared * 6
    return all_pairs(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), owner)


def _strangers(name: str, people: int, *, seed: int, shift: float = 0.0) -> Strangers:
    rng = np.random.default_rng(seed)
    best = -np.sort(-rng.normal(0.33 + shift, 0.05, size=(people * 3, 8)), axis=1)
    return Strangers(
        name=name,
        people=np.repeat(np.arange(people), 3),
        best=best.astype(np.float32),
        own=rng.normal(0.65, 0.08, size=people * 3),
    )


@pytest.fixture(name="sets")
def _sets() -> dict[str, PairScores]:
    return {"plain": _people(60, 4, seed=1), "alike": _people(50, 4, seed=2, shared=0.3)}


@pytest.mark.parametrize("share", [0.1, 0.01, 0.002])
def test_at_its_similarity_the_mean_share_over_the_sets_is_the_one_promised(
    sets: dict[str, PairScores], share: float
) -> None:
    """Every set weighs the same: neither the mean over pairs nor the kinder set alone."""
    similarity = pair_reach(sets, share)
    reached = [float((one.different >= similarity).sum()) / one.different_total for one in sets.values()]
    assert np.mean(reached) == pytest.approx(share, abs=1e-4)
    assert min(reached) < share < max(reached)


def test_a_rate_without_enough_pairs_is_not_claimed(sets: dict[str, PairScores]) -> None:
    with pytest.raises(CalibrationImpossible, match="too few pairs"):
        pair_reach(sets, 1e-6)
    shares = [rate["share"] for rate in pair_table(sets, resamples=0)["rates"]]
    assert min(shares) >= 10 / max(one.different_total for one in sets.values())


def test_a_person_with_many_pictures_weighs_as_much_as_one_with_few() -> None:
    people = np.array(["a"] * 9 + ["b"])
    weights = person_weights(people)
    assert weights[people == "a"].sum() == pytest.approx(weights[people == "b"].sum())
    values = np.array([0.1] * 9 + [0.9])
    assert weighted_reach(values, weights, [0.5, 0.51]).tolist() == [0.9, 0.1]


def test_with_equal_weights_a_share_is_the_plain_percentile() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    got = weighted_reach(values, np.ones(1000), [0.1])[0]
    assert (values >= got).mean() == pytest.approx(0.1)


def test_the_product_reads_what_is_written_and_finds_the_floors_in_it(
    sets: dict[str, PairScores], tmp_path: Path
) -> None:
    """The writer and lookalike.calibration must agree on the schema: bands fall, rates rise, shares hold."""
    strangers = [_strangers("clear", 20, seed=3), _strangers("small", 80, seed=4, shift=0.02)]
    written = document(
        embedder=MODEL,
        gallery_people=100,
        crowding=0.9,
        pair=pair_table(sets, resamples=5),
        gallery=gallery_table(strangers, resamples=5),
        measured_on="synthetic people",
    )
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    read = load_calibration(path, embedder=MODEL)
    assert [band.key for band in read.gallery.bands] == list(GALLERY_BANDS)
    assert {band.key for band in read.pair.bands} <= set(PAIR_BANDS)
    assert (read.gallery.people, read.gallery.pictures, read.gallery_people) == (100, 300, 100)
    alike = next(band for band in read.pair.bands if band.key == "alike")
    assert read.pair.stranger_share(alike.floor) == pytest.approx(0.01)
    striking = next(band for band in read.gallery.bands if band.key == "striking")
    assert read.gallery.stranger_share(striking.floor) == pytest.approx(0.1)


def test_strangers_hardly_reach_the_top_band_and_the_person_mostly_does() -> None:
    table = gallery_table([_strangers("clear", 50, seed=5)], resamples=5)
    top = table["bands"][0]
    assert top["share_of_strangers_best"] <= 0.02
    assert top["share_of_own_person"] > 0.9
    assert sum(band["share_of_strangers_best"] for band in table["bands"]) == pytest.approx(1.0, abs=1e-3)


def test_the_top_band_never_reaches_into_the_strangers_when_the_person_is_hard_to_know() -> None:
    """With poor pictures the same person's 5th percentile lies among strangers; the larger floor wins."""
    poor = _strangers("poor", 50, seed=6)
    poor = Strangers(name=poor.name, people=poor.people, best=poor.best, own=np.full(150, 0.1))
    table = gallery_table([poor], resamples=5)
    assert table["bands"][0]["floor"] > table["bands"][1]["floor"] > 0.3


def test_every_set_weighs_the_same_whatever_its_size() -> None:
    """900 strangers at 0.3 and 10 at 0.5: half of the weight lies at each."""

    def one(people: int, best: float) -> Strangers:
        tiles: NDArray[np.float32] = np.full((people, 8), best, np.float32)
        return Strangers(name=str(people), people=np.arange(people), best=tiles, own=np.array([0.7]))

    table = gallery_table([one(900, 0.3), one(10, 0.5)], resamples=5)
    by_share = {rate["share"]: rate["similarity"] for rate in table["rates"]}
    assert by_share[0.5] == pytest.approx(0.5)
    assert by_share[0.75] == pytest.approx(0.3)


def test_cards_of_one_band_are_told_from_cards_of_two() -> None:
    floors = [0.5, 0.4, 0.3, -1.0]
    best = np.array([[0.45] * 8, [0.45] * 7 + [0.35], [0.29] * 8])
    assert bands_on_cards(best, floors, np.ones(3)) == pytest.approx(1 / 3, abs=1e-3)


def test_a_person_whom_most_pictures_name_alike_is_taken_for_one_of_the_gallery() -> None:
    rows = np.array([7, 7, 7, 2, 1, 2, 3, 4])
    alike = np.array([0.6, 0.7, 0.5, 0.3, 0.4, 0.4, 0.4, 0.4])
    people = ["in"] * 4 + ["out"] * 4
    assert same_people_by_consensus(rows, alike, people, share=0.5, at=0.0) == {"in": 7}
    assert same_people_by_consensus(rows, alike, people, share=0.5, at=0.65) == {}


def test_nothing_measured_is_a_sentence_and_not_a_table() -> None:
    with pytest.raises(CalibrationImpossible):
        gallery_table([])
    with pytest.raises(CalibrationImpossible):
        pair_table({"few": _people(2, 2, seed=0)})
