"""TPR at given FPRs over all pairs of labelled embeddings: the quick check inside a training run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.types import FloatArray


def tpr_at_fpr(embedding: FloatArray, person: NDArray[np.str_], rates: Sequence[float]) -> dict[float, float]:
    """embedding: (N, D), unit length; person: (N,). Every unordered pair counts once.

    The threshold of a rate is the similarity that this share of the strangers' pairs lies above.
    """
    first, second = np.triu_indices(len(embedding), k=1)
    similarity = (embedding @ embedding.T)[first, second]
    same = person[first] == person[second]
    strangers, known = np.sort(similarity[~same]), similarity[same]
    found = {}
    for rate in rates:
        above = int(rate * len(strangers))
        threshold = strangers[len(strangers) - above - 1]
        found[rate] = float((known > threshold).mean())
    return found
