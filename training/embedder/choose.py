"""How good a network is on people it never saw, and how far to go from the start weights to the trained ones.

Choices are made on held-out train people (`dev_sets`); the official val people (`val_sets`) only report. Metrics are
those that ship, evaluation; crops are the cache's, points as given, one crop, no flip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from evaluation.metrics.verification import PairScores, all_pairs, paired_gain, tpr_at, verify
from pipeline.types import FloatArray
from training.data.augment import middle
from training.data.people import HeldOut, People
from training.processor import has_bf16, keep_freed_memory

FPRS: Final = (0.01, 0.001)
Sets = Mapping[str, NDArray[np.int64]]  # name -> rows of People
VectorsOf = Callable[[NDArray[np.int64]], FloatArray]  # rows of People -> their unit vectors


def embed_rows(
    network: nn.Module, people: People, rows: NDArray[np.int64], *, batch: int = 128, precise: bool = False
) -> FloatArray:
    """Embed unmoved crops: (len(rows), D), unit length. `precise`: in float32, as reported; else in bf16 if it pays."""
    keep_freed_memory()
    network.eval()
    device = next(network.parameters()).device
    parts = []
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=not precise and has_bf16(device)):
        for start in range(0, len(rows), batch):
            crops = np.stack([people.crops[row] for row in rows[start : start + batch]])
            images = middle(torch.from_numpy(crops).to(device)).contiguous(memory_format=torch.channels_last)
            parts.append(functional.normalize(network(images).float(), dim=1).cpu().numpy())
    return np.concatenate(parts)


def dev_sets(people: People, held: HeldOut, *, most_a_person: int = 40) -> dict[str, NDArray[np.int64]]:
    """Rows of the held-out train people, by kind of picture, at most 40 a person as `wild` val has them."""
    out = held.mask(people.person) & (people.split == "train")
    kinds = {
        "aligned": ("celeba/aligned", "celeba/wild"),
        "half": ("celeba/half",),
        "small": ("celeba/small",),
        "wild": ("wild/pins", "wild/kpop"),
    }
    return {
        name: _at_most(people, np.flatnonzero(out & np.isin(people.source, kind)), most_a_person)
        for name, kind in kinds.items()
    }


def val_sets(people: People) -> dict[str, NDArray[np.int64]]:
    """Rows of the official val people as the data's README counts them: reported, never chosen by."""
    val = people.split == "val"
    kinds = {
        "celeba_aligned": ("celeba/aligned",),
        "celeba_small": ("celeba/small",),
        "wild": ("wild/pins", "wild/kpop"),
    }
    return {name: np.flatnonzero(val & np.isin(people.source, kind)) for name, kind in kinds.items()}


def scores(
    network: nn.Module, people: People, sets: Mapping[str, NDArray[np.int64]], *, precise: bool = False
) -> dict[str, float]:
    """TPR at FPR 0.01 and 0.001 over all pairs of each set, points as given, one crop, no flip."""
    return scores_of(lambda rows: embed_rows(network, people, rows, precise=precise), people, sets)


def scores_of(vectors_of: VectorsOf, people: People, sets: Sets) -> dict[str, float]:
    """The same of vectors that are asked for by their rows.

    A set without two people and a pair of one person is passed over: not every collection has every kind of picture.
    """
    found: dict[str, float] = {}
    for name, rows in sets.items():
        if not has_pairs(people, rows):
            continue
        for rate, tpr in tpr_at(vectors_of(rows), people.person[rows], fprs=FPRS).items():
            found[f"{name}@{rate:g}"] = tpr
    return found


def has_pairs(people: People, rows: NDArray[np.int64]) -> bool:
    """Whether there is a pair of one person and a pair of strangers among the rows."""
    persons = np.unique(people.person[rows])
    return 1 < len(persons) < len(rows)


def mix_weights(
    start: Mapping[str, torch.Tensor], end: Mapping[str, torch.Tensor], share: float
) -> dict[str, torch.Tensor]:
    """Weights on the line from `start` (0) to `end` (1). Wortsman et al. (WiSE-FT), CVPR 2022, eq. 1."""
    return {name: torch.lerp(value, end[name], share) for name, value in start.items()}


def choose_share(
    network: nn.Module,
    start: Mapping[str, torch.Tensor],
    end: Mapping[str, torch.Tensor],
    people: People,
    sets: Sets,
    *,
    shares: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0),
    ready: Callable[[nn.Module], nn.Module] = lambda mixed: mixed,
) -> tuple[float, dict[str, dict[str, float]]]:
    """Score the networks on the line between two sets of weights; return the best share and every share's scores.

    Best is the highest mean over all sets and rates; share 0, the start weights, wins where nothing is better.
    `network` is left with the best weights. ready: what is done to a network with mixed weights before it is scored.
    """
    table: dict[str, dict[str, float]] = {}
    for share in shares:
        network.load_state_dict(mix_weights(start, end, share))
        table[f"{share:g}"] = scores(ready(network), people, sets)
    best = max(shares, key=lambda share: (float(np.mean(list(table[f"{share:g}"].values()))), -share))
    network.load_state_dict(mix_weights(start, end, best))
    return best, table


def report(before: nn.Module, after: nn.Module, people: People, sets: Sets) -> dict[str, Any]:
    """TPR of `after` with 95 % intervals over people, and its paired gain over `before`, in float32, for a record."""
    old, new = (partial(embed_rows, network, people, precise=True) for network in (before, after))
    return report_of(new, people, sets, over={"start": old})


def report_of(vectors_of: VectorsOf, people: People, sets: Sets, *, over: Mapping[str, VectorsOf]) -> dict[str, Any]:
    """The same of vectors that are asked for by their rows. over: what the gain is over, by name; one or nothing."""
    found: dict[str, Any] = {}
    for name, rows in sets.items():
        if not has_pairs(people, rows):
            continue
        new = _pairs(vectors_of(rows), people.person[rows])
        result = verify(new, fprs=FPRS)
        row: dict[str, Any] = {"people": result.people, "pictures": result.pictures}
        for point in result.points:
            row[f"tpr@{point.fpr:g}"] = {
                "value": _short(point.tpr.value),
                "interval": [_short(point.tpr.low), _short(point.tpr.high)],
            }
        for other, before in over.items():
            gains = paired_gain(_pairs(before(rows), people.person[rows]), new, fprs=FPRS)
            for fpr, gain in zip(FPRS, gains, strict=True):
                row[f"tpr@{fpr:g}"] |= {
                    f"gain_over_{other}": _short(gain.value),
                    "gain_interval": [_short(gain.low), _short(gain.high)],
                }
        found[name] = row
    return found


def _pairs(embedding: FloatArray, person: NDArray[np.str_]) -> PairScores:
    """All pairs; of a large set only the more alike fifth is kept, far more than the highest rate asks for."""
    if len(embedding) < 400:
        return all_pairs(embedding, person)
    some = embedding[np.random.default_rng(0).permutation(len(embedding))[:1500]]
    floor = float(np.quantile((some @ some.T)[np.triu_indices(len(some), k=1)], 0.8))
    return all_pairs(embedding, person, floor=floor)


def _short(value: float) -> float:
    return round(value, 4)


def _at_most(people: People, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    kept = [rows[people.person[rows] == person][:most] for person in np.unique(people.person[rows])]
    return np.sort(np.concatenate(kept)) if kept else rows
