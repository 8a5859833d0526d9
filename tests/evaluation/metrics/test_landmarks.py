"""Errors by the eye distance, failures, and what a missed face does to each."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.metrics.landmarks import normalised_errors, summarise
from pipeline.similarity import ARCFACE_TEMPLATE


def _faces(n: int, scale: float = 1.0) -> NDArray[np.float64]:
    return np.repeat(ARCFACE_TEMPLATE[None].astype(np.float64), n, axis=0) * scale


@pytest.mark.parametrize("scale", [0.2, 1.0, 9.0])
def test_a_shift_by_a_tenth_of_the_eye_distance_is_an_error_of_a_tenth_at_any_size(scale: float) -> None:
    truth = _faces(3, scale)
    eyes = np.linalg.norm(truth[0, 1] - truth[0, 0])
    assert normalised_errors(truth + np.array([0.1 * eyes, 0.0]), truth) == pytest.approx([0.1] * 3)


def test_the_error_is_the_mean_of_the_five_distances_and_not_of_their_squares() -> None:
    truth = _faces(1)
    eyes = np.linalg.norm(truth[0, 1] - truth[0, 0])
    guess = truth.copy()
    guess[0, 2] += [3 * eyes / 5, 4 * eyes / 5]  # one point off by a whole eye distance
    assert normalised_errors(guess, truth) == pytest.approx([0.2])


def test_a_missed_face_is_a_failure_and_stands_beside_the_nme() -> None:
    scores = summarise(np.array([0.02, 0.04, 0.09, np.nan]), resamples=50)
    assert (scores.faces, scores.missed) == (4, 1)
    assert scores.nme.value == pytest.approx(0.05)
    assert scores.nme_with_missed.value == pytest.approx((0.15 + 1.0) / 4)
    assert scores.failures[0.08].value == pytest.approx(2 / 4)
    assert scores.failures[0.10].value == pytest.approx(1 / 4)


def test_the_area_under_the_curve_equals_the_counted_area() -> None:
    """Against a fine sum of the cumulative error curve from 0 to 10 %."""
    errors = np.abs(np.random.default_rng(3).normal(0.04, 0.03, size=200))
    errors[::17] = np.nan
    limits = (np.arange(100_000) + 0.5) / 100_000 * 0.10
    curve = np.searchsorted(np.sort(errors[np.isfinite(errors)]), limits, side="right") / len(errors)
    assert summarise(errors, resamples=2).auc.value == pytest.approx(float(curve.mean()), abs=1e-5)


def test_the_interval_holds_the_mean() -> None:
    scores = summarise(np.linspace(0.01, 0.09, 81), resamples=200)
    assert scores.nme.low < scores.nme.value < scores.nme.high


def test_eyes_on_one_point_and_other_shapes_are_refused() -> None:
    truth = _faces(1)
    truth[0, 1] = truth[0, 0]
    with pytest.raises(ValueError, match="both eyes"):
        normalised_errors(_faces(1), truth)
    with pytest.raises(ValueError, match="N, 5, 2"):
        normalised_errors(_faces(1)[:, :4], _faces(1)[:, :4])
