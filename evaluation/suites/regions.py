"""`lookalike evaluate regions`: is the part of a face that "Why these?" names what carries the likeness?

Each asker is explained with the person whom a card shows first. Held-out people of train are cut in two: on the first
half the usual shares are measured (lookalike.regions.USUAL), on the second it is looked at what the rule names; val
people only report. A third way to cover, by the mean of all faces, which the rule never sees, is the check: how often
is a named part the one that stands out most by it, too?
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets import held_out as labelled
from evaluation.datasets.embeddings import Embedded, straightened
from evaluation.datasets.pack import FacePicture
from evaluation.metrics.bootstrap import SEED, Figure, mean_figure
from evaluation.suites.shipped import Evaluation
from lookalike.regions import REGIONS, WAYS, agreed, losses, shares
from pipeline.types import Rgb8

ASKERS: Final = 240  # held-out people, one picture each
A_PERSON: Final = 3  # pictures of each val person
CLEAR: Final = ("aligned", "wild", "half")  # sources of 89 px and more; smaller ones have nothing to cover


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What the rule says of one group of askers."""

    pictures: int
    people: int
    first_by_loss: dict[str, float]  # by region: share of askers for whom it carries most, as it is measured
    named: dict[str, float]  # by region: share of the askers who are told it, alone or with another
    silent: Figure  # share of askers who are told no part
    confirmed: Figure  # share of the first named that the third way puts first, too


def measure(run: Evaluation) -> tuple[dict[str, Group], dict[str, list[list[float]]]]:
    """Groups by name, and the usual shares by region: mean and deviation, a way each. Raises DataMissing."""
    pictures, rows = _askers(run)
    halves = np.arange(len(pictures["held out"])) % 2 == 0
    lost = {name: _lost(run, name, chosen, rows[name]) for name, chosen in pictures.items()}
    usual = shares(lost["held out"][halves])
    mean, deviation = usual.mean(axis=0), usual.std(axis=0)  # (ways, regions)
    kept = [np.flatnonzero(~halves), *(np.arange(len(lost[name])) for name in pictures if name != "held out")]
    found = {}
    for name, keep in zip(pictures, kept, strict=True):
        found[name] = _group(
            [pictures[name][k].person for k in keep], lost[name][keep], mean[2], deviation[2], resamples=run.resamples
        )
    table = {
        region: [[float(mean[way, k]), float(deviation[way, k])] for way in range(len(WAYS))]
        for k, region in enumerate(REGIONS)
    }
    return found, table


def _group(
    people: Sequence[str],
    lost: NDArray[np.float64],
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
    *,
    resamples: int,
) -> Group:
    """lost: (N, 3, regions). mean, deviation: (regions,) of the third way."""
    names = list(REGIONS)
    told = [agreed(one[: len(WAYS)]) for one in lost]
    third = ((shares(lost)[:, len(WAYS)] - mean) / deviation).argmax(axis=1)
    spoken = np.array([bool(said) for said in told])
    right = np.array([names[place] == said[0] for said, place in zip(told, third, strict=True) if said], np.float64)
    owners = np.array(people)
    most = Counter(names[k] for k in lost[:, : len(WAYS)].mean(axis=1).argmax(axis=1).tolist())
    count = Counter(chain.from_iterable(told))
    return Group(
        pictures=len(people),
        people=len(set(people)),
        first_by_loss={name: most[name] / len(people) for name in names},
        named={name: count[name] / len(people) for name in names},
        silent=mean_figure(~spoken, owners, resamples=resamples),
        confirmed=mean_figure(right, owners[spoken], resamples=resamples),
    )


def _askers(run: Evaluation) -> tuple[dict[str, list[FacePicture]], dict[str, NDArray[np.int64]]]:
    """Pictures by group, in a drawn order, and the gallery row that each one's card shows first."""
    rest = run.celeba_rest
    rows = labelled.held_out_pictures(rest.pictures, labelled.held_out_people())
    held = Embedded(pictures=tuple(rest.pictures[row] for row in rows), vectors=rest.vectors[rows])
    sets = {
        "held out": (_some(held.where(_clear), 1, ASKERS), run.own_rows),
        "CelebA, val": (_some(run.celeba_val.where(_clear), A_PERSON), run.own_rows),
        "web, val": (_some(run.wild_val, A_PERSON), run.wild_in_gallery),
    }
    sets = {name: one for name, one in sets.items() if one[0].pictures}
    return (
        {name: list(one.pictures) for name, (one, _) in sets.items()},
        {name: run.nearest(one.vectors, taken(one))[0][:, 0] for name, (one, taken) in sets.items()},
    )


def _clear(picture: FacePicture) -> bool:
    return picture.source in CLEAR


def _some(one: Embedded, a_person: int, most: int | None = None) -> Embedded:
    """So many pictures of each person, drawn."""
    seen: Counter[str] = Counter()
    chosen = []
    for row in np.random.default_rng(SEED).permutation(len(one.pictures)).tolist():
        person = one.pictures[row].person
        if seen[person] < a_person:
            seen[person] += 1
            chosen.append(row)
    chosen = chosen[:most]
    return Embedded(pictures=tuple(one.pictures[row] for row in chosen), vectors=one.vectors[chosen])


def _lost(run: Evaluation, name: str, pictures: Sequence[FacePicture], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """(N, 3, regions) by both ways and the third; kept in the cache."""
    key = hashlib.sha256(f"{run.networks.embedder.model} {list(REGIONS.items())}".encode())
    for picture, row in zip(pictures, rows.tolist(), strict=True):
        key.update(f"{picture.file.name} {row}\n".encode())
    file = None if run.cache is None else run.cache / f"regions-{key.hexdigest()[:24]}.npy"
    if file is not None and file.is_file():
        return np.asarray(np.load(file), np.float64)
    crops = [straightened(picture) for picture in pictures]
    mean_face = np.mean(np.stack(crops).astype(np.float32), axis=0)

    def third(_: Rgb8) -> NDArray[np.float32]:
        return np.asarray(mean_face, np.float32)

    found = np.full((len(crops), 3, len(REGIONS)), 0.0)
    with run.progress(name, len(crops)) as shown:
        for k, (crop, row) in enumerate(zip(crops, rows.tolist(), strict=True)):
            lost = losses(crop, run.gallery.unit[row], run.networks.embedder, ways=(*WAYS, third))
            found[k] = 0.0 if lost is None else lost
            shown(1)
    if file is not None:
        np.save(file, found)
    return found
