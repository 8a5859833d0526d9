"""How far predicted face points lie from the true ones. NumPy only, no files.

The error of a face is the mean distance of its five points from the true ones, divided by the distance of the two
true eye centres. NME is the mean error over the faces that were found. A missed face (no prediction, NaN) has no
points to measure: it counts as failed in the failure rates and as never reached in the area under the curve, it is
counted beside the NME, and `nme_with_missed` takes every missed face as an error of 1.0, one whole eye distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import RESAMPLES, SEED, Figure, mean_figure

FAILURE_SHARES: Final = (0.08, 0.10)
AUC_LIMIT: Final = 0.10
MISSED_ERROR: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkScores:
    """Errors are shares of the eye distance (0.04 is 4 %), intervals over pictures."""

    faces: int
    missed: int
    nme: Figure  # found faces only
    nme_with_missed: Figure  # a missed face is an error of 1.0
    failures: dict[float, Figure]  # limit -> share of all faces with a larger error or missed
    auc: Figure  # area under the cumulative error curve up to 0.10, of 1; missed faces never arrive


def normalised_errors(predicted: NDArray[np.floating], truth: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean point distance by the distance of the eye centres.

    predicted, truth: (N, 5, 2) in one frame, eyes first. Returns (N,); NaN where the prediction is (a missed face).
    Raises ValueError when shapes differ or two true eyes coincide.
    """
    guess, true = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if guess.shape != true.shape or true.ndim != 3 or true.shape[1:] != (5, 2):
        raise ValueError(f"want two arrays (N, 5, 2), got {guess.shape} and {true.shape}")
    eyes = np.linalg.norm(true[:, 1] - true[:, 0], axis=-1)
    if (eyes <= 0).any():
        raise ValueError("a true face has both eyes on one point")
    return np.asarray(np.linalg.norm(guess - true, axis=-1).mean(axis=1) / eyes, dtype=np.float64)


def summarise(errors: NDArray[np.floating], *, resamples: int = RESAMPLES, seed: int = SEED) -> LandmarkScores:
    """Fold errors (N,), NaN for missed faces, into the figures of the table."""
    values = np.asarray(errors, dtype=np.float64)
    missed = ~np.isfinite(values)
    worst = np.where(missed, np.inf, values)

    def figure(numbers: NDArray[np.floating] | NDArray[np.bool_]) -> Figure:
        return mean_figure(numbers, resamples=resamples, seed=seed)

    return LandmarkScores(
        faces=len(values),
        missed=int(missed.sum()),
        nme=figure(values[~missed]),
        nme_with_missed=figure(np.where(missed, MISSED_ERROR, values)),
        failures={share: figure(worst > share) for share in FAILURE_SHARES},
        # The area under the cumulative curve up to L is the mean of max(0, 1 - error / L).
        auc=figure(np.maximum(0.0, 1.0 - worst / AUC_LIMIT)),
    )
