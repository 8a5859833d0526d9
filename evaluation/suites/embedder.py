"""The embedder in depth: curves, neighbours, groups, bands. One document.

Everything is counted on vectors that `Evaluation` makes once and keeps, points as given, one crop, no flip.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets import held_out as labelled
from evaluation.datasets.embeddings import Embedded
from evaluation.documents.base import document_of
from evaluation.documents.in_depth import EmbedderPart
from evaluation.metrics import curves, groups, verification
from evaluation.metrics.nearest import accuracy_at_1
from evaluation.metrics.verification import FPRS, PairScores
from evaluation.suites.shipped import Evaluation
from index.celeba import ATTRIBUTES

GROUP_FPR: Final = 0.01  # of all pairs of a set: the threshold at which its groups are compared
SIZES_PX: Final = ((0.0, 40.0), (40.0, 80.0), (80.0, float("inf")))  # eye distance in the original picture
EVERYBODY: Final = "all"
# Ratio of the different pairs that resampling keeps, well above the largest FPR asked for, 0.2.
MOST_PROMISED: Final = 0.2  # of the pair table's rates: above, nobody speaks of a match
KEPT: Final = 0.6


def measure(run: Evaluation, *, bands: Mapping[str, Any] | None) -> EmbedderPart:
    """Everything of this module. bands: the document of weights/calibration.json, None where there is none."""
    sets = run.people_sets()
    held_out = _held_out(run)
    document: dict[str, Any] = {"sets": {}, "held_out": {}}
    for name, one in sets.items():
        document["sets"][name] = _set(one, run.pairs[name], resamples=run.resamples)
    for name, one in _kinds(held_out).items():
        scores = verification.all_pairs(one.vectors, one.people)
        document["held_out"][name] = verification.verify(verification.hardest(scores, KEPT), resamples=run.resamples)
    document["identification"] = run.identification()
    document["groups"] = _groups(run, sets, held_out)
    document["gaps"] = gaps(document["groups"])
    if bands is not None:
        people = dict(run.pairs) | {
            f"{name}, held out of training": verification.all_pairs(one.vectors, one.people)
            for name, one in _kinds(held_out).items()
        }
        document["bands"] = _bands(bands, people)
    return document_of(EmbedderPart, document)


def _set(one: Embedded, scores: PairScores, *, resamples: int) -> dict[str, Any]:
    return {
        "verification": verification.verify(verification.hardest(scores, KEPT), fprs=FPRS, resamples=resamples),
        "nearest": accuracy_at_1(one.vectors, one.people, resamples=resamples),
        "roc": curves.roc(scores),
        "same": curves.density(scores.same),
        "different": curves.density(scores.different),
    }


def _held_out(run: Evaluation) -> Embedded:
    """CelebA train people that no training saw."""
    rest = run.celeba_rest
    rows = labelled.held_out_pictures(rest.pictures, labelled.held_out_people())
    return Embedded(pictures=tuple(rest.pictures[row] for row in rows), vectors=rest.vectors[rows])


def _kinds(held_out: Embedded) -> dict[str, Embedded]:
    """By source, where there are pairs of both kinds."""
    kinds = {}
    for source in sorted({picture.source for picture in held_out.pictures}):
        one = held_out.where(lambda picture, source=source: picture.source == source)  # type: ignore[misc]
        counts = np.unique(one.people, return_counts=True)[1]
        if len(counts) > 1 and counts.max() > 1:
            kinds[f"celeba {source}"] = one
    return kinds


def _groups(run: Evaluation, sets: dict[str, Embedded], held_out: Embedded) -> list[dict[str, Any]]:
    found = []
    for name, one in sets.items():
        chosen: dict[str, tuple[NDArray[np.bool_], groups.Pairing]] = {}
        if name == "wild":
            kpop = np.array([picture.source == "kpop" for picture in one.pictures])
            chosen |= {"kpop": (kpop, "both"), "pins": (~kpop, "both")}
            eyes = np.array([picture.eye_distance_px for picture in one.pictures])
            for low, high in SIZES_PX:
                words = (
                    f"eyes {low:.0f} px and more apart" if np.isinf(high) else f"eyes {low:.0f} to {high:.0f} px apart"
                )
                chosen[words] = ((eyes >= low) & (eyes < high), "both")
        found.append(_grouped(f"{name} val", one, chosen, resamples=run.resamples))
    if len(held_out.pictures) and (run.data / "celeba" / f"{ATTRIBUTES}.txt").is_file():
        found.append(_by_labels(run, held_out))
    return [one for one in found if len(one["groups"]) > 1]


def _by_labels(run: Evaluation, held_out: Embedded) -> dict[str, Any]:
    names = ("Male", "Young", "Eyeglasses", "Wearing_Hat", "No_Beard")
    of_all = labelled.traits(run.data, held_out.pictures, names)
    there = np.isfinite(of_all["Male"])
    rows = np.flatnonzero(there)
    one = Embedded(pictures=tuple(held_out.pictures[row] for row in rows), vectors=held_out.vectors[rows])
    told = {name: values[rows] for name, values in of_all.items()}
    male, young = (labelled.by_person(told[name], one.people) for name in ("Male", "Young"))
    beard = (told["No_Beard"] == 0) & (told["Male"] == 1)
    chosen: dict[str, tuple[NDArray[np.bool_], groups.Pairing]] = {
        "women": (male == 0, "both"),
        "men": (male == 1, "both"),
        "young": (young == 1, "both"),
        "not young": (young == 0, "both"),
        "women, young": ((male == 0) & (young == 1), "both"),
        "women, not young": ((male == 0) & (young == 0), "both"),
        "men, young": ((male == 1) & (young == 1), "both"),
        "men, not young": ((male == 1) & (young == 0), "both"),
        "glasses in a picture": (told["Eyeglasses"] == 1, "either"),
        "no glasses": (told["Eyeglasses"] == 0, "both"),
        "hat in a picture": (told["Wearing_Hat"] == 1, "either"),
        "no hat": (told["Wearing_Hat"] == 0, "both"),
        "beard in a picture": (beard, "either"),
        "men without a beard": ((told["Male"] == 1) & ~beard, "both"),
    }
    return _grouped("celeba people held out of training, labelled pictures", one, chosen, resamples=run.resamples)


def _grouped(
    name: str, one: Embedded, chosen: dict[str, tuple[NDArray[np.bool_], groups.Pairing]], *, resamples: int
) -> dict[str, Any]:
    scores = verification.all_pairs(one.vectors, one.people)
    if not len(scores.same) or not scores.different_total:
        return {"set": name, "groups": {}}
    threshold = verification.verify(scores, fprs=(GROUP_FPR,), resamples=0).points[0].threshold
    everybody: dict[str, tuple[NDArray[np.bool_], groups.Pairing]] = {
        EVERYBODY: (np.ones(len(one.pictures), bool), "both")
    }
    return {
        "set": name,
        "fpr": GROUP_FPR,
        "threshold": threshold,
        "groups": {
            group: groups.at_threshold(
                one.vectors, one.people, mask, threshold=threshold, pairing=pairing, resamples=resamples
            )
            for group, (mask, pairing) in (everybody | chosen).items()
        },
    }


def gaps(found: list[dict[str, Any]]) -> list[str]:
    """Say which groups' intervals lie wholly apart from those of the whole set, in sentences."""
    sentences = []
    for one in found:
        whole = one["groups"].get(EVERYBODY)
        for name, group in one["groups"].items():
            if name == EVERYBODY or whole is None:
                continue
            for figure, words in (("tpr", "own pairs accepted"), ("fpr", "strangers accepted")):
                mine, all_of = getattr(group, figure), getattr(whole, figure)
                if not np.isfinite([mine.low, mine.high, all_of.low, all_of.high]).all():
                    continue
                if mine.low > all_of.high or mine.high < all_of.low:
                    sentences.append(
                        f"{one['set']}, {name}: {words} {mine.value:.1%} ({mine.low:.1%} to {mine.high:.1%}) at the "
                        f"threshold where all have {all_of.value:.1%} ({all_of.low:.1%} to {all_of.high:.1%})."
                    )
    return sentences


def _bands(calibration: Mapping[str, Any], people: dict[str, PairScores]) -> dict[str, Any]:
    """What the shipped table of pairs promises of each similarity, and what each set shows."""
    rates = [rate for rate in calibration["pair"]["rates"] if rate["share"] <= MOST_PROMISED]
    return {
        "promised": [rate["share"] for rate in rates],
        "similarity": [rate["similarity"] for rate in rates],
        "floors": [{"key": band["key"], "floor": band["floor"]} for band in calibration["pair"]["bands"]],
        "strangers": {
            name: [curves.share_at_or_above(scores, rate["similarity"]) for rate in rates]
            for name, scores in people.items()
        },
        "same": {
            name: [curves.same_at_or_above(scores, rate["similarity"]) for rate in rates]
            for name, scores in people.items()
        },
        "pairs": {name: scores.different_total for name, scores in people.items()},
    }
