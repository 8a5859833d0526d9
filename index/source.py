"""What a gallery is built from: a folder of pictures, who is on each, and what is known of the people.

The layouts such a folder may have are read in index.layouts and index.celeba. No pixels are read here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Points5 = NDArray[np.float32]  # (5, 2), pixels of the picture; same order as in pipeline.types

IDENTITY_FILE: Final = "identity_CelebA.txt"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """One picture of one person."""

    file: str  # relative to the source's folder, "/" between the parts, as `os` gives it (index.plain_text.readable)
    person: str  # Person.number
    points: Points5 | None = None  # where somebody gave them; otherwise the face has to be found
    stamp: str = ""  # tells this version of the file from the next, where no file system does (index.objects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the folder tells of a person apart from pictures."""

    name: str | None = None
    name_inferred: bool = False
    attributes: dict[str, bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """A folder, read and checked. Pictures are in the order of people, then of files."""

    folder: Path
    layout: Literal["celeba", "people"]
    description: str  # one line for the gallery's manifest
    pictures: tuple[Picture, ...]
    known: dict[str, Known]  # by Person.number; who is absent has no name and no attributes
    missing: tuple[str, ...] = ()  # pictures that a list names and the folder does not hold
    left_out: tuple[tuple[str, str], ...] = ()  # files and folders that are not among the pictures, and why
    people_left_out: tuple[str, ...] = ()  # Person.number of those without a single picture
    passed_over: tuple[str, ...] = ()  # folders of thumbnails, deleted files and the like


def in_order(pictures: Iterable[Picture]) -> tuple[Picture, ...]:
    """Sort by person (numbers by value, then names), then by file: the order of rows in the gallery."""
    by_person = defaultdict(list)
    for picture in pictures:
        by_person[picture.person].append(picture)
    return tuple(
        picture
        for person in sorted(by_person, key=person_order)
        for picture in sorted(by_person[person], key=lambda item: item.file)
    )


def person_order(number: str) -> tuple[bool, int, str]:
    """A sort key: "2" before "10" before "Ann"."""
    is_number = number.isascii() and number.isdigit() and len(number) <= 18
    return (not is_number, int(number) if is_number else 0, number)
