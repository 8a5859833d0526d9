"""Vectors of a few people on a plane, for the eye. NumPy only.

Classical multidimensional scaling of the cosine distances (Torgerson 1952), which for unit vectors is the principal
plane: distances on it are lower bounds of the true ones, so people who lie apart here are apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plane:
    """Where each picture lies, and how much of the spread the plane shows."""

    places: NDArray[np.float64]  # (N, 2)
    people: tuple[Hashable, ...]  # (N,)
    shown: float  # share of the variance, 0..1


def most_pictured(people: Sequence[Hashable], *, count: int) -> list[Hashable]:
    """The people with the most pictures, the first of equal ones first."""
    numbers: dict[Hashable, int] = {}
    for person in people:
        numbers[person] = numbers.get(person, 0) + 1
    return sorted(numbers, key=lambda person: -numbers[person])[:count]


def on_a_plane(
    vectors: NDArray[np.floating], people: Sequence[Hashable], *, count: int = 20, pictures: int = 15
) -> Plane:
    """Project up to `pictures` pictures each of the `count` people with the most; vectors (N, D), unit rows."""
    chosen = set(most_pictured(people, count=count))
    taken: dict[Hashable, int] = {}
    rows = []
    for row, person in enumerate(people):
        if person in chosen and taken.get(person, 0) < pictures:
            taken[person] = taken.get(person, 0) + 1
            rows.append(row)
    unit = np.asarray(vectors, np.float64)[rows]
    centred = unit - unit.mean(axis=0)
    gram = centred @ centred.T
    values, directions = np.linalg.eigh(gram)
    top = np.argsort(values)[::-1][:2]
    places = directions[:, top] * np.sqrt(np.maximum(values[top], 0.0))
    total = float(np.maximum(values, 0.0).sum())
    return Plane(
        places=places,
        people=tuple(people[row] for row in rows),
        shown=float(values[top].sum() / total) if total > 0 else float("nan"),
    )
