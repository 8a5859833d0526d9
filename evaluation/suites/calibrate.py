"""Measured similarities -> the two tables of weights/calibration.json. NumPy only; lookalike.calibration reads them.

Two questions, two tables.
`pair`, for comparing two photos: how often do two strangers look this alike? Each set of held-out people (clear
pictures, 64 px pictures, pictures from the web) has its own share of stranger pairs above a similarity; the table is
their mean, every set weighing the same, so that the set with the most pairs does not speak alone.
`gallery`, for cards: somebody among thousands is always alike. How alike is the best (and each of the eight) for
people who are not in the gallery? Every probe's own person is taken out; every person weighs the same. On top lies
the range that strangers almost never reach and in which the gallery really holds the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import SEED, draw, interval
from evaluation.metrics.verification import PairScores, verify
from lookalike.calibration import SCHEMA

PAIR_SHARES: Final = (
    0.95,
    0.9,
    0.8,
    0.65,
    0.5,
    0.35,
    0.2,
    0.1,
    0.05,
    0.02,
    0.01,
    0.005,
    0.002,
    0.001,
    0.0005,
    0.0002,
    0.0001,
)
PAIR_FLOORS: Final = (0.0001, 0.001, 0.01, 0.1)  # false-match rates at which the bands of a pair begin
MIN_FALSE_MATCHES: Final = 10  # a rate that rests on fewer pairs in a set is left to the sets with more
GALLERY_SHARES: Final = (0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01)
# The top band begins where at most this share of strangers arrives. Not less: the few beyond are mostly people whom
# CelebA holds under two numbers, so a smaller share would measure its labels.
SAME_STRANGERS: Final = 0.01
SAME_LOW_PERCENTILE: Final = 5.0
TILES: Final = 8
RESAMPLES: Final = 100

# Keys of the bands, from the most alike down.
GALLERY_BANDS: Final = ("same", "striking", "strong", "fair", "faint")
PAIR_BANDS: Final = ("same", "close", "alike", "slight", "none")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strangers:
    """What the gallery said to one set of people who were taken out of it."""

    name: str
    people: NDArray[np.generic]  # (N,) whose picture each probe is
    best: NDArray[np.float32]  # (N, 8) the eight most alike, falling
    own: NDArray[np.float64]  # similarity of probes with their own person, made without the probe; may be fewer


class CalibrationImpossible(ValueError):  # noqa: N818 - named for what it is
    """Too little was measured for a table."""


def weighted_reach(
    values: NDArray[np.floating], weights: NDArray[np.floating], shares: Sequence[float]
) -> NDArray[np.float64]:
    """The similarity that each share of the weight lies at or above; values (N,), weights (N,), any scale."""
    order = np.argsort(-np.asarray(values, np.float64), kind="stable")
    reached = np.cumsum(np.asarray(weights, np.float64)[order])
    reached /= reached[-1]
    index = np.searchsorted(reached, np.asarray(shares) - 1e-12, side="left")
    return np.asarray(np.asarray(values, np.float64)[order][np.minimum(index, len(order) - 1)], np.float64)


def person_weights(people: NDArray[np.generic]) -> NDArray[np.float64]:
    """One over the number of a person's pictures, so that every person weighs the same."""
    _, owner, counts = np.unique(people, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[owner], np.float64)


def pair_reach(sets: Mapping[str, PairScores], share: float) -> float:
    """The least similarity that on average over the sets at most `share` of the stranger pairs reach.

    Sets in which fewer than MIN_FALSE_MATCHES pairs would be left are not asked. Raises CalibrationImpossible when
    none can be.
    """
    asked = [scores for scores in sets.values() if share * scores.different_total >= MIN_FALSE_MATCHES]
    if not asked:
        raise CalibrationImpossible(f"too few pairs of strangers for a false-match rate of {share}")
    low, high = -1.0, 1.0
    for _ in range(40):  # to 2e-12: the mean share falls as the similarity rises
        middle = (low + high) / 2
        reached = np.mean([_count_above(s.different, middle) / s.different_total for s in asked])
        low, high = (middle, high) if reached > share else (low, middle)
    return high


def pair_table(sets: Mapping[str, PairScores], *, resamples: int = RESAMPLES) -> dict[str, Any]:
    """The table of /compare. `sets`: named sets of held-out people; every set weighs the same."""
    rates: list[dict[str, float]] = []
    for share in PAIR_SHARES:
        try:
            similarity = round(pair_reach(sets, share), 4)
        except CalibrationImpossible:
            continue  # fewer pairs than this rate needs; the table ends before it
        # Sets drop out as the share falls; the table must not fall with them.
        similarity = max(similarity, rates[-1]["similarity"] if rates else -1.0)
        rates.append({"share": share, "similarity": similarity})
    if not rates:
        raise CalibrationImpossible("too few pairs of strangers for a table of false-match rates")
    known = {rate["share"]: rate["similarity"] for rate in rates}
    shares = [share for share in PAIR_FLOORS if share in known]
    floors = _falling([known[share] for share in shares])
    bands = _bands(PAIR_BANDS[len(PAIR_FLOORS) - len(shares) :], floors, shares)
    same = np.concatenate([scores.same for scores in sets.values()])
    weights = np.concatenate([np.full(len(s.same), 1.0 / max(len(s.same), 1)) for s in sets.values()])
    return {
        "meaning": "share of pairs of strangers at least this alike, mean over the sets",
        "bands": bands,
        "rates": rates,
        "people": sum(scores.people for scores in sets.values()),
        "pictures": sum(scores.pictures for scores in sets.values()),
        "pairs": sum(scores.different_total for scores in sets.values()),
        "same_pairs": len(same),
        "same_low": round(float(weighted_reach(same, weights, [1 - SAME_LOW_PERCENTILE / 100])[0]), 4),
        "sets": {
            name: {
                "people": scores.people,
                "pictures": scores.pictures,
                "pairs": scores.different_total,
                "same_pairs": len(scores.same),
                "same_low": round(float(np.percentile(scores.same, SAME_LOW_PERCENTILE)), 4),
                "share_at_floor": {
                    str(share): _count_above(scores.different, known[share]) / scores.different_total
                    for share in shares
                },
                "similarity_at": _set_thresholds(scores, shares, resamples=resamples),
            }
            for name, scores in sets.items()
        },
    }


def gallery_table(sets: Sequence[Strangers], *, resamples: int = RESAMPLES) -> dict[str, Any]:
    """The table of cards. Every set weighs the same, in it every person, so that no set's size decides."""
    if not sets or not any(len(one.own) for one in sets):
        raise CalibrationImpossible("no stranger, or nobody with a second picture, was asked")
    best = np.concatenate([one.best for one in sets])
    weights = np.concatenate([_normalised(person_weights(one.people)) for one in sets])
    own = np.concatenate([one.own for one in sets if len(one.own)])
    own_weights = np.concatenate([np.full(len(one.own), 1.0 / len(one.own)) for one in sets if len(one.own)])
    at_best = weighted_reach(best[:, 0], weights, GALLERY_SHARES)
    samples = _resampled_best(sets, resamples=resamples)
    same_low = float(weighted_reach(own, own_weights, [1 - SAME_LOW_PERCENTILE / 100])[0])
    hardly = float(weighted_reach(best[:, 0], weights, [SAME_STRANGERS])[0])
    floors = [
        # The same person in another picture lies here, and strangers hardly ever do: the larger of the two.
        max(same_low, hardly),
        float(weighted_reach(best[:, 0], weights, [0.1])[0]),  # one stranger in ten finds somebody as alike
        float(weighted_reach(best[:, 0], weights, [0.5])[0]),  # the half of the strangers do
        float(weighted_reach(best[:, TILES - 1], weights, [0.5])[0]),  # half of the strangers' eighth do
    ]
    bands = _bands(GALLERY_BANDS, _falling(floors))
    limits = [band["floor"] for band in bands]
    for k, band in enumerate(bands):
        top = limits[k - 1] if k else np.inf
        band["share_of_strangers_best"] = _share((best[:, 0] >= band["floor"]) & (best[:, 0] < top), weights)
        band["share_of_own_person"] = _share((own >= band["floor"]) & (own < top), own_weights)
    return {
        "meaning": "share of strangers to the gallery whose best is at least this alike",
        "bands": bands,
        "rates": [
            rate | {"low": round(low, 4), "high": round(high, 4)}
            for rate, (low, high) in zip(
                _rates(GALLERY_SHARES, at_best), (interval(column) for column in samples.T), strict=True
            )
        ],
        "people": sum(len(np.unique(one.people)) for one in sets),
        "pictures": len(best),
        "pairs": len(best),
        "same_low": round(same_low, 4),
        "same_pictures": len(own),
        "tiles": {str(rank + 1): _percentiles(best[:, rank], weights) for rank in range(TILES)},
        "cards_with_two_bands_or_more": bands_on_cards(best, limits, weights),
        "sets": {
            one.name: {
                "people": len(np.unique(one.people)),
                "pictures": len(one.best),
                "best": _percentiles(one.best[:, 0], person_weights(one.people)),
                "eighth": _percentiles(one.best[:, TILES - 1], person_weights(one.people)),
                "same_low": round(float(np.percentile(one.own, SAME_LOW_PERCENTILE)), 4) if len(one.own) else None,
                "own_in_top_band": round(float((one.own >= limits[0]).mean()), 4) if len(one.own) else None,
                "cards_with_two_bands_or_more": bands_on_cards(one.best, limits, person_weights(one.people)),
            }
            for one in sets
        },
    }


def bands_on_cards(best: NDArray[np.floating], floors: Sequence[float], weights: NDArray[np.floating]) -> float:
    """The share of cards whose eight tiles (N, 8) show at least two bands."""
    band = (np.asarray(best, np.float64)[:, :, None] < np.asarray(floors)[None, None, :]).sum(axis=2)
    return round(_share(band.max(axis=1) > band.min(axis=1), weights), 4)


def document(
    *,
    embedder: str,
    gallery_people: int,
    crowding: float,
    pair: dict[str, Any],
    gallery: dict[str, Any],
    measured_on: str,
    galleries: Mapping[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The whole file, as lookalike.calibration.load_calibration reads it.

    crowding, galleries: of evaluation.suites.rarity, see lookalike.scale.
    """
    return {
        "schema": SCHEMA,
        "embedder": embedder,
        "gallery_people": gallery_people,
        "crowding": crowding,
        "measured_on": measured_on,
        "pair": pair,
        "gallery": gallery,
        "galleries": dict(galleries or {}),
    }


def same_people_by_consensus(
    best_row: NDArray[np.integer],
    similarity: NDArray[np.floating],
    people: Sequence[str],
    *,
    share: float,
    at: float,
) -> dict[str, int]:
    """People of another set who seem to be in the gallery: most of their pictures name one and the same row.

    best_row, similarity: (N,) nearest gallery row of each picture and how alike it is. A person counts when at least
    `share` of the pictures agree on a row and these are at least `at` alike in the median. Returns person -> row.
    """
    owners = np.asarray(people)
    found: dict[str, int] = {}
    for person in dict.fromkeys(people):
        mine = owners == person
        rows, counts = np.unique(best_row[mine], return_counts=True)
        row = int(rows[counts.argmax()])
        agree = mine & (best_row == row)
        if agree.sum() >= share * mine.sum() and np.median(similarity[agree]) >= at:
            found[person] = row
    return found


def _bands(keys: Sequence[str], floors: Sequence[float], shares: Sequence[float] = ()) -> list[dict[str, Any]]:
    bands: list[dict[str, Any]] = []
    for k, key in enumerate(keys):
        band: dict[str, Any] = {"key": key, "floor": round(float(floors[k]), 4) if k < len(floors) else -1.0}
        if k < len(shares):
            band["share"] = shares[k]
        bands.append(band)
    return bands


def _falling(floors: Sequence[float]) -> list[float]:
    """Keep floors falling by a ten-thousandth at least, should two coincide on a tiny set."""
    kept: list[float] = []
    for floor in floors:
        kept.append(min(floor, kept[-1] - 1e-4) if kept else floor)
    return kept


def _rates(shares: Sequence[float], similarities: NDArray[np.float64]) -> list[dict[str, float]]:
    return [
        {"share": share, "similarity": round(float(similarity), 4)}
        for share, similarity in zip(shares, similarities, strict=True)
    ]


def _set_thresholds(scores: PairScores, shares: Sequence[float], *, resamples: int) -> dict[str, list[float]]:
    """One set alone: similarity and 95 % interval over its people at each share it has the pairs for."""
    asked = [share for share in shares if share * scores.different_total >= MIN_FALSE_MATCHES]
    if not asked or not len(scores.same):
        return {}
    return {
        str(point.fpr): [round(number, 4) for number in (point.threshold, *point.threshold_interval)]
        for point in verify(scores, fprs=asked, resamples=resamples).points
    }


def _resampled_best(sets: Sequence[Strangers], *, resamples: int) -> NDArray[np.float64]:
    """GALLERY_SHARES' similarities (R, shares) with the people of each set drawn with replacement."""
    owners = [np.unique(one.people, return_inverse=True)[1] for one in sets]
    bases = [person_weights(one.people) for one in sets]
    draws = [draw(int(owner.max()) + 1, resamples=resamples, seed=SEED + k) for k, owner in enumerate(owners)]
    best = np.concatenate([one.best[:, 0] for one in sets])
    rows = []
    for r in range(resamples):
        weights = [_normalised(base * drawn[r][owner]) for base, drawn, owner in zip(bases, draws, owners, strict=True)]
        rows.append(weighted_reach(best, np.concatenate(weights), GALLERY_SHARES))
    return np.array(rows).reshape(resamples, len(GALLERY_SHARES))


def _percentiles(values: NDArray[np.floating], weights: NDArray[np.floating]) -> dict[str, float]:
    wanted = (1, 5, 10, 50, 90, 95, 99)
    reach = weighted_reach(values, weights, [1 - p / 100 for p in wanted])
    return {str(p): round(float(value), 4) for p, value in zip(wanted, reach, strict=True)}


def _count_above(falling: NDArray[np.float32], similarity: float) -> int:
    """How many of a falling row are >= similarity."""
    return int(np.searchsorted(-falling, -similarity, side="right"))


def _normalised(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(weights / weights.sum(), np.float64)


def _share(mask: NDArray[np.bool_], weights: NDArray[np.floating]) -> float:
    return round(float((mask * weights).sum() / weights.sum()), 4)
