"""Is the rarity that cards of other galleries claim true? Strangers asked in galleries of several sizes.

A card derives the share of strangers who find somebody this alike among n people from the table of pairs (lookalike.
scale); its exponent is fitted here, on held-out people of the training's. Then val people really are asked: in random
galleries drawn from that of CelebA, and in galleries of other people. NumPy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.embeddings import Embedded
from evaluation.datasets.held_out import held_out_people, held_out_pictures
from evaluation.metrics.bootstrap import RESAMPLES, SEED, Figure, draw, interval
from evaluation.suites.calibrate import person_weights
from lookalike.calibration import Calibration
from lookalike.scale import Scale, share_among

if TYPE_CHECKING:
    from evaluation.suites.shipped import Evaluation

SIZES: Final = (6, 77, 856)
DRAWS: Final = {6: 400, 77: 100}  # galleries of a size: which six people they are matters more
MANY_DRAWS: Final = 40
SHARES: Final = (0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97)
CURVE_SHARES: Final = (0.97, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01)  # of other galleries in calibration.json
EXPONENTS: Final = np.round(np.arange(0.6, 1.0001, 0.005), 3)
# By name: vectors (N, D), whose picture each is (N,), and the gallery's rows that are that person.
Sets = Mapping[str, tuple[NDArray[np.float32], NDArray[np.generic], Sequence[set[int]]]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Elsewhere:
    """Another gallery that comes along, in which nobody is who asks."""

    source: str  # GalleryInfo.source
    vectors: NDArray[np.float32]  # (P, D), unit rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What every picture's nearest person was, gallery by gallery."""

    people: int  # in each gallery
    best: NDArray[np.float32]  # (galleries, N)
    weights: NDArray[np.float64]  # (N,): every set weighs the same, in it every person; the sum is 1
    person: NDArray[np.int64]  # (N,) whose picture it is, counted through all sets
    set_of: NDArray[np.int64]  # (people asked,) the set of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One size and one measured share."""

    people: int  # in the gallery
    measured: float  # share of strangers whose best is at least `similarity`
    similarity: float
    said: float  # share that a card derives for it
    bound: str  # "at_most" or "at_least" where the card gives but a limit
    ratio: Figure  # said over measured; the interval is over people

    @property
    def factor(self) -> float:
        """How far off, 1 or more. A limit is off only by what lies on its wrong side."""
        if (self.bound == "at_most" and self.measured <= self.said) or (
            self.bound == "at_least" and self.measured >= self.said
        ):
            return 1.0
        return max(self.said / self.measured, self.measured / self.said)


def ask(sets: Sets, gallery: NDArray[np.float32], people: int, *, draws: int = 0) -> Asked:
    """Ask everybody in `draws` random galleries of `gallery` (P, D), unit rows; once where all of it is meant.

    draws: those of DRAWS without it.
    """
    rng = np.random.default_rng(SEED + people)
    count = 1 if people >= len(gallery) else draws or DRAWS.get(people, MANY_DRAWS)
    galleries = [rng.choice(len(gallery), min(people, len(gallery)), replace=False) for _ in range(count)]
    best: list[NDArray[np.float32]] = []
    weights: list[NDArray[np.float64]] = []
    person: list[NDArray[np.intp]] = []
    set_of: list[NDArray[np.int_]] = []
    for number, (vectors, owners, own_rows) in enumerate(sets.values()):
        found = np.empty((len(galleries), len(vectors)), np.float32)
        for k, rows in enumerate(galleries):
            similarity = vectors @ gallery[rows].T
            place = {int(row): column for column, row in enumerate(rows)}
            for asker, own in enumerate(own_rows):
                for row in own & place.keys():
                    similarity[asker, place[row]] = -1.0
            found[k] = similarity.max(axis=1)
        best.append(found)
        weight = person_weights(owners)
        weights.append(weight / weight.sum() / len(sets))
        names, owner = np.unique(owners, return_inverse=True)
        person.append(owner + sum(len(one) for one in set_of))
        set_of.append(np.full(len(names), number))
    return Asked(
        people=min(people, len(gallery)),
        best=np.concatenate(best, axis=1),
        weights=np.concatenate(weights),
        person=np.concatenate(person),
        set_of=np.concatenate(set_of),
    )


def similarity_at(asked: Asked, shares: Sequence[float] = SHARES) -> NDArray[np.float64]:
    """The similarity that each share of the strangers reaches: (shares,)."""
    best = asked.best.ravel()
    order = np.argsort(-best)
    reached = np.cumsum(np.tile(asked.weights, len(asked.best))[order])
    reached /= reached[-1]
    return best[order][np.minimum(np.searchsorted(reached, shares), len(best) - 1)].astype(np.float64)


def cells(asked: Asked, scale: Scale, *, resamples: int = RESAMPLES) -> list[Cell]:
    """All SHARES of one size: what strangers measure beside what `scale` says of the same similarity."""
    at = similarity_at(asked)
    reached = np.stack([(asked.best >= similarity).mean(axis=0) for similarity in at], axis=1)  # (N, shares)
    resampled = _resampled(asked, reached, resamples=resamples)
    found = []
    for k, (share, similarity) in enumerate(zip(SHARES, at, strict=True)):
        said = scale.share(float(similarity))
        low, high = interval(said.value / np.maximum(resampled[:, k], 1e-9))
        found.append(
            Cell(
                people=asked.people,
                measured=share,
                similarity=float(similarity),
                said=said.value,
                bound=said.bound,
                ratio=Figure(said.value / share, low, high),
            )
        )
    return found


def curve(asked: Asked, *, source: str) -> dict[str, Any]:
    """What calibration.json has of another gallery: how it is known, and the similarity of each of CURVE_SHARES."""
    at = similarity_at(asked, CURVE_SHARES)
    return {
        "people": asked.people,
        "source": source,
        "rates": [
            {"share": share, "similarity": round(float(one), 4)} for share, one in zip(CURVE_SHARES, at, strict=True)
        ],
    }


def fitted_crowding(asked: Sequence[Asked], rates: Sequence[tuple[float, float]]) -> float:
    """The exponent with the least mean squared log ratio over all sizes and SHARES.

    rates: similarity and share of the table of pairs, rising. Without anybody asked it is 1: people unlike one another.
    """
    if not asked:
        return 1.0
    alike, log_share = np.array(rates).T
    log_share = np.log(log_share)
    errors = []
    for exponent in EXPONENTS:
        off = []
        for one in asked:
            pair = np.exp(np.interp(similarity_at(one), alike, log_share))
            off += [share_among(p, one.people, exponent) / share for p, share in zip(pair, SHARES, strict=True)]
        errors.append(float(np.square(np.log(off)).mean()))
    return float(EXPONENTS[int(np.argmin(errors))])


def sizes_of(gallery: NDArray[np.float32]) -> tuple[int, ...]:
    """The SIZES that random galleries can be drawn of."""
    return tuple(people for people in SIZES if people < len(gallery))


def held_out(run: Evaluation) -> Sets:
    """Held-out people of the training's by kind of picture, as `Evaluation.strangers`: choices are made on them."""
    rest = run.celeba_rest
    rows = held_out_pictures(rest.pictures, held_out_people())
    sources = np.array([rest.pictures[row].source for row in rows])
    found = {}
    for source in dict.fromkeys(sources.tolist()):
        mine = [row for row, other in zip(rows, sources, strict=True) if other == source]
        one = Embedded(pictures=tuple(rest.pictures[row] for row in mine), vectors=rest.vectors[mine])
        found[source] = (one.vectors, np.asarray(one.people), run.own_rows(one))
    return found


def elsewhere(sets: Sets) -> Sets:
    """The same people for a gallery that holds none of them."""
    return {name: (vectors, owners, [set[int]()] * len(owners)) for name, (vectors, owners, _own) in sets.items()}


def crowding_of(run: Evaluation, rates: Sequence[Mapping[str, float]]) -> float:
    """The exponent for this run's gallery and the rates of its table of pairs, fitted on held-out people."""
    askers, gallery = held_out(run), run.gallery.unit
    asked = [ask(askers, gallery, people) for people in sizes_of(gallery)] if askers else []
    return fitted_crowding(asked, [(rate["similarity"], rate["share"]) for rate in rates])


def measure(run: Evaluation, calibration: Calibration) -> dict[str, Any]:
    """The document's part: val people, and those on whom the exponent was fitted."""
    gallery, fitted_on = run.gallery.unit, held_out(run)
    tables = {}
    for name, sets in (("val people", run.strangers()), ("held-out people", fitted_on)):
        asked = [ask(sets, gallery, people) for people in sizes_of(gallery)] if sets else []
        tables[f"{name}, random galleries"] = _table(asked, calibration, sets, resamples=run.resamples)
    # The curve of such a gallery is of val people; so whether it is true of others.
    for name, other in run.other_galleries.items() if fitted_on else ():
        sets = elsewhere(fitted_on)
        asked = [ask(sets, other.vectors, len(other.vectors))]
        tables[f"held-out people, {name}"] = _table(
            asked, calibration, sets, resamples=run.resamples, source=other.source
        )
    return {"crowding": calibration.crowding, "tables": tables}


def _table(
    asked: Sequence[Asked], calibration: Calibration, sets: Sets, *, resamples: int, source: str = ""
) -> dict[str, Any]:
    return {
        "pictures": sum(len(vectors) for vectors, _owners, _own in sets.values()),
        "people": len({str(owner) for _vectors, owners, _own in sets.values() for owner in owners}),
        "galleries": [len(one.best) for one in asked],
        "cells": [
            {
                "people": cell.people, "measured": cell.measured, "similarity": cell.similarity, "said": cell.said,
                "bound": cell.bound, "ratio": cell.ratio, "factor": cell.factor,
            }
            for one in asked
            for cell in cells(one, Scale(calibration, people=one.people, source=source), resamples=resamples)
        ],
    }  # fmt: skip


def _resampled(asked: Asked, reached: NDArray[np.float64], *, resamples: int) -> NDArray[np.float64]:
    """The weighted mean of `reached` (N, shares) with the people of each set drawn with replacement: (R, shares)."""
    count = np.bincount(asked.person)
    of_person = np.stack([np.bincount(asked.person, weights=column) for column in reached.T], axis=1) / count[:, None]
    sets = np.unique(asked.set_of)
    total = np.zeros((resamples, reached.shape[1]))
    for number in sets:
        mine = of_person[asked.set_of == number]
        total += draw(len(mine), resamples=resamples, seed=SEED + int(number)) @ mine / len(mine)
    return total / len(sets)
