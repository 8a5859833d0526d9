"""One person under two numbers: found by the likeness of a gallery's vectors, merged when CelebA's folder is read.

CelebA gives some people two numbers, under two spellings of a name (its numbers follow the names' alphabet). The list
beside this file says whose pictures are put together; `lookalike index doubles` finds more. Of a home gallery's own
doubles the folders are put together by hand.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from index.types import Person, Vectors

CELEBA_DOUBLES: Final = Path(__file__).with_name("celeba_doubles.csv")
# Cosine of two people's vectors from which they are taken for one: strangers hardly ever reach it.
SAME_FROM: Final = 0.75
CHUNK_ROWS: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """Two people of a gallery who seem to be one."""

    first: Person  # who comes first in the gallery
    second: Person
    similarity: float


def find_doubles(people: Sequence[Person], vectors: Vectors, *, at: float = SAME_FROM) -> tuple[Double, ...]:
    """Every pair of rows at least `at` alike, the most alike first. vectors: (N, D) unit rows."""
    found = []
    for start in range(0, len(people), CHUNK_ROWS):
        alike = vectors[start : start + CHUNK_ROWS] @ vectors[start:].T
        for row, column in zip(*np.nonzero(np.triu(alike, k=1) >= at), strict=True):
            pair = people[start + int(row)], people[start + int(column)]
            found.append(Double(first=pair[0], second=pair[1], similarity=float(alike[row, column])))
    return tuple(sorted(found, key=lambda one: -one.similarity))


@cache
def celeba_doubles(file: Path = CELEBA_DOUBLES) -> Mapping[str, str]:
    """CelebA's number -> the number that the person's pictures are put under."""
    with file.open(newline="", encoding="utf-8") as table:
        return {row["number"]: row["same_as"] for row in csv.DictReader(table)}
