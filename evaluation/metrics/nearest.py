"""Accuracy@1 within a set: is the nearest other picture, or the nearest person, the right one? NumPy only, no files.

The closed-set figure of face recognition courses, on people that no training saw: no classifier, only distances.
People with one picture can't be asked (they still stand in the way as strangers).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import RESAMPLES, SEED, Figure, mean_figure
from evaluation.metrics.identification import ask, fold_people
from evaluation.metrics.verification import Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """Shares over pictures, intervals over people."""

    probes: int
    people: int  # of the whole set: how many there are to choose from
    picture: Figure  # the nearest other picture shows the same person
    person: Figure  # the nearest mean is the person's own, made without the probe


def accuracy_at_1(
    vectors: NDArray[np.floating], people: Labels, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Nearest:
    """Ask every picture (N, D), unit rows, of a person (N,) with another one."""
    unit = np.asarray(vectors, np.float32)
    gallery = fold_people(unit, list(people))
    row_of = {label: row for row, label in enumerate(gallery.labels)}
    owner = np.array([row_of[label] for label in people], np.int64)
    probes = np.flatnonzero(gallery.counts[owner] > 1)
    right = np.empty(len(probes), bool)
    for start in range(0, len(probes), 512):
        part = probes[start : start + 512]
        similarity = unit[part] @ unit.T
        similarity[np.arange(len(part)), part] = -2.0
        right[start : start + len(part)] = owner[similarity.argmax(axis=1)] == owner[part]
    asked = ask(gallery, unit, list(people), top=1)
    return Nearest(
        probes=len(probes),
        people=len(gallery.labels),
        picture=mean_figure(right, owner[probes], resamples=resamples, seed=seed),
        person=mean_figure(asked.rank == 1, asked.person, resamples=resamples, seed=seed),
    )
