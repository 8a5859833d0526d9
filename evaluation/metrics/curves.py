"""Lines for the report: ROC, distributions of similarities, promised against measured shares. NumPy only, no files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.verification import PairScores

ROC_FPRS: Final = tuple(float(share) for share in np.geomspace(1e-5, 1.0, 61))
BINS: Final = 60
RANGE: Final = (-0.4, 1.0)  # similarities shown; the few outside are counted into the end bins


def roc(scores: PairScores, fprs: Sequence[float] = ROC_FPRS) -> list[tuple[float, float]]:
    """(FPR, TPR) at each rate that rests on one different pair or more."""
    points = []
    for fpr in fprs:
        accepted = int(fpr * scores.different_total + 1e-9)
        if accepted < 1:
            continue
        bound = scores.different[accepted] if accepted < len(scores.different) else -np.inf
        points.append((fpr, float((scores.same > bound).mean())))
    return points


def density(values: NDArray[np.floating]) -> list[float]:
    """Shares of `values` in BINS equal bins over RANGE; they sum to 1."""
    edges = np.linspace(*RANGE, BINS + 1)
    counts = np.histogram(np.clip(values, RANGE[0], RANGE[1] - 1e-6), bins=edges)[0]
    return [float(share) for share in counts / max(len(values), 1)]


def share_at_or_above(scores: PairScores, similarity: float) -> float:
    """The share of different pairs at least this alike. Exact while `similarity` is not under scores.floor."""
    return float(np.searchsorted(-scores.different, -similarity, side="right") / scores.different_total)


def same_at_or_above(scores: PairScores, similarity: float) -> float:
    """The share of same pairs at least this alike."""
    return float((scores.same >= similarity).mean())
