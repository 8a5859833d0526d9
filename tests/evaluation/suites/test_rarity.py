"""Asked strangers against what cards derive: synthetic people whose similarities are known."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.suites.rarity import Sets, ask, cells, curve, fitted_crowding, similarity_at
from lookalike.calibration import Calibration, OtherGallery, Rate
from lookalike.scale import Scale
from tests.lookalike.builders import MODEL, table


def _unit(count: int, *, seed: int, dimension: int = 32) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = np.random.default_rng(seed).normal(size=(count, dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


GALLERY = _unit(400, seed=1)
ASKERS = _unit(300, seed=2)
SETS: Sets = {"one": (ASKERS, np.repeat(np.arange(100), 3), [set()] * 300)}
# Of unlike people the share of pairs itself, measured on the very vectors.
ALIKE = np.sort((ASKERS @ GALLERY.T).ravel())
RATES = tuple(
    Rate(share=share, similarity=float(np.quantile(ALIKE, 1 - share)))
    for share in (0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005)
)


def _calibration(*, crowding: float = 1.0, galleries: tuple[OtherGallery, ...] = ()) -> Calibration:
    pair = table(0.6, 0.4, 0.2)
    return Calibration(
        embedder=MODEL,
        pair=type(pair)(bands=pair.bands, rates=RATES, people=1, pictures=1, pairs=1, same_low=0.5),
        gallery=pair,
        gallery_people=9_999,
        crowding=crowding,
        galleries=galleries,
    )


def test_people_unlike_one_another_are_found_to_be_so() -> None:
    asked = [ask(SETS, GALLERY, people, draws=10) for people in (6, 77)]
    fitted = fitted_crowding(asked, [(rate.similarity, rate.share) for rate in RATES])
    assert fitted == pytest.approx(1.0, abs=0.03)


def test_people_who_come_in_crowds_count_for_fewer() -> None:
    """Ten copies of everybody: among 77 of them are some 70 people, and whoever is near is near ten times."""
    crowd = np.repeat(GALLERY[:40], 10, axis=0)
    fitted = fitted_crowding([ask(SETS, crowd, 200, draws=10)], [(rate.similarity, rate.share) for rate in RATES])
    assert fitted < 0.8
    assert fitted_crowding([], []) == 1.0


def test_what_a_card_says_is_near_what_strangers_measure_and_has_an_interval() -> None:
    found = cells(ask(SETS, GALLERY, 77, draws=10), Scale(_calibration(), people=77), resamples=50)
    assert [cell.people for cell in found] == [77] * 12
    assert all(cell.factor < 1.25 for cell in found)
    assert all(cell.ratio.low < cell.ratio.high for cell in found)
    assert all(cell.ratio.low <= cell.ratio.value * 1.02 for cell in found)
    wrong = cells(ask(SETS, GALLERY, 77, draws=10), Scale(_calibration(crowding=0.6), people=77), resamples=5)
    assert max(cell.factor for cell in wrong) > 3


def test_a_gallery_s_own_curve_says_what_was_measured_in_it() -> None:
    asked = ask(SETS, GALLERY, len(GALLERY))
    written = curve(asked, source="all")
    assert asked.best.shape == (1, 300)
    own = OtherGallery(people=400, source="all", rates=tuple(Rate(**rate) for rate in written["rates"]))
    found = cells(asked, Scale(_calibration(galleries=(own,)), people=400, source="all"), resamples=5)
    assert all(cell.factor < 1.3 for cell in found if cell.bound == "")


def test_nobody_is_asked_about_themselves() -> None:
    own: Sets = {"one": (GALLERY[:50], np.arange(50), [{row} for row in range(50)])}
    assert ask(own, GALLERY, 400).best.max() < 0.9
    strangers: Sets = {"one": (GALLERY[:50], np.arange(50), [set()] * 50)}
    assert ask(strangers, GALLERY, 400).best.min() > 0.99


def test_every_set_and_in_it_every_person_weighs_the_same() -> None:
    """Two hundred pictures of one person beside one picture of each of ten others weigh a hundredth of the set."""
    close, far = np.eye(32, dtype=np.float32)[0], np.eye(32, dtype=np.float32)[1]
    asked = ask(
        {
            "many": (np.stack([close] * 200 + [far] * 3), np.array([0] * 200 + [1, 2, 3]), [set()] * 203),
            "few": (np.stack([far]), np.array([0]), [set()]),
        },
        close[None, :],
        1,
    )
    assert asked.weights[:200].sum() == pytest.approx(1 / 8)
    assert similarity_at(asked, (0.12, 0.13)) == pytest.approx([1.0, 0.0], abs=1e-6)
