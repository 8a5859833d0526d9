"""Is the right person the first of the whole gallery? Each probe taken out of its own person. NumPy only, no files.

A person's vector is the re-normalised mean of its pictures' unit vectors, as the shipped gallery makes it. A probe of
person p meets everybody else's vector as it is and p's made anew from p's other pictures, so that no picture ever
finds itself. The rank of p is one more than the number of people at least as alike: ties count against. A person with
a single picture has nothing left without it and can't be asked; how many were left out is said.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import RESAMPLES, SEED, Figure, mean_figure

CHUNK_ROWS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeopleVectors:
    """A gallery made of pictures' vectors that remembers their sums, so that a picture can be taken out."""

    labels: tuple[Hashable, ...]  # person of each row
    sums: NDArray[np.float64]  # (P, D), sum of the unit vectors
    counts: NDArray[np.int64]  # (P,)
    unit: NDArray[np.float32]  # (P, D)

    def row(self, label: Hashable) -> int:
        """Raises ValueError for a person who is not here."""
        return self.labels.index(label)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """Every probe's answer."""

    probe: NDArray[np.int64]  # (N,) row of the probes given; those that could be asked
    person: NDArray[np.int64]  # (N,) row of the gallery
    rank: NDArray[np.int64]  # (N,) 1 is first
    own: NDArray[np.float64]  # (N,) similarity with the own person's vector made without the probe
    strangers: NDArray[np.float32]  # (N, 8) the eight most alike of everybody else, falling


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """Shares over probes, intervals over people."""

    probes: int
    people: int
    gallery_people: int
    left_out: int  # probes of people with no other picture
    rank_1: Figure
    rank_8: Figure  # among the eight that a card shows


def fold_people(vectors: NDArray[np.floating], people: Sequence[Hashable] | NDArray[np.generic]) -> PeopleVectors:
    """One vector a person from (N, D) unit rows and their owners (N,)."""
    numbers: dict[Hashable, int] = {}
    owner = np.array([numbers.setdefault(label, len(numbers)) for label in people], np.int64)
    sums = np.zeros((len(numbers), np.asarray(vectors).shape[1]))
    np.add.at(sums, owner, np.asarray(vectors, np.float64))
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return PeopleVectors(
        labels=tuple(numbers),
        sums=sums,
        counts=np.bincount(owner, minlength=len(numbers)),
        unit=(sums / np.maximum(lengths, 1e-12)).astype(np.float32),
    )


def ask(
    gallery: PeopleVectors,
    probes: NDArray[np.floating],
    people: Sequence[Hashable] | NDArray[np.generic],
    *,
    top: int = 8,
) -> Asked:
    """Ask for every probe (N, D) that is a picture of the gallery itself; `people` (N,) are its labels."""
    row_of = {label: row for row, label in enumerate(gallery.labels)}
    owner = np.array([row_of[label] for label in people], np.int64)
    asked = np.flatnonzero(gallery.counts[owner] > 1)
    rank = np.empty(len(asked), np.int64)
    own = np.empty(len(asked))
    nearest = np.empty((len(asked), top), np.float32)
    unit = np.asarray(probes, np.float64)
    for start in range(0, len(asked), CHUNK_ROWS):
        part = asked[start : start + CHUNK_ROWS]
        rest = gallery.sums[owner[part]] - unit[part]
        rest /= np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-12)
        mine = (rest * unit[part]).sum(axis=1)
        others = strangers_of(gallery, probes[part], [{int(row)} for row in owner[part]])
        rows = slice(start, start + len(part))
        own[rows] = mine
        rank[rows] = 1 + (others >= mine[:, None]).sum(axis=1)
        nearest[rows] = -np.partition(-others, top - 1, axis=1)[:, :top]
    return Asked(
        probe=asked, person=owner[asked], rank=rank, own=own, strangers=-np.sort(-nearest, axis=1).astype(np.float32)
    )


def strangers_of(
    gallery: PeopleVectors, probes: NDArray[np.floating], taken_out: Sequence[set[int]]
) -> NDArray[np.float32]:
    """Similarity of each probe (N, D) with everybody (N, P); the rows taken out for a probe become -2."""
    similarity = np.asarray(np.asarray(probes, np.float32) @ gallery.unit.T, np.float32)
    for row, gone in enumerate(taken_out):
        similarity[row, list(gone)] = -2.0
    return similarity


def likeness_of_own(
    vectors: NDArray[np.floating], people: Sequence[Hashable] | NDArray[np.generic], *, others: int
) -> NDArray[np.float64]:
    """How alike each picture is to a vector made of up to `others` other pictures of its person.

    The others are the next ones in order, round the person's pictures. People with one picture are passed over, so
    the result may be shorter than vectors (N, D), unit rows.
    """
    unit = np.asarray(vectors, np.float64)
    rows_of: dict[Hashable, list[int]] = {}
    for row, person in enumerate(people):
        rows_of.setdefault(person, []).append(row)
    found = []
    for rows in rows_of.values():
        for k in range(len(rows) if len(rows) > 1 else 0):
            mean = unit[[rows[(k + step) % len(rows)] for step in range(1, min(others, len(rows) - 1) + 1)]].sum(0)
            found.append(float(mean @ unit[rows[k]] / max(float(np.linalg.norm(mean)), 1e-12)))
    return np.array(found)


def identify(
    gallery: PeopleVectors,
    asked: Asked,
    *,
    probes: int,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Identification:
    """Fold the answers; `probes` is how many there were before those that could not be asked were left out."""
    return Identification(
        probes=len(asked.probe),
        people=len(np.unique(asked.person)),
        gallery_people=len(gallery.labels),
        left_out=probes - len(asked.probe),
        rank_1=mean_figure(asked.rank == 1, asked.person, resamples=resamples, seed=seed),
        rank_8=mean_figure(asked.rank <= 8, asked.person, resamples=resamples, seed=seed),
    )
