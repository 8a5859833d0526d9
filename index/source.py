"""What a gallery is built from: a folder of pictures, who is on each, and what is known of the people.

The layouts such a folder may have are read in index.layouts and index.celeba. No pixels are read here.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Points5 = NDArray[np.float32]  # (5, 2), pixels of the picture; same order as in pipeline.types

PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"})
IDENTITY_FILE: Final = "identity_CelebA.txt"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """One picture of one person."""

    file: str  # relative to the source's folder, "/" between the parts
    person: str  # Person.number
    points: Points5 | None = None  # where somebody gave them; otherwise the face has to be found


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
    description: str  # one line for the gallery's manifest
    pictures: tuple[Picture, ...]
    known: dict[str, Known]  # by Person.number; who is absent has no name and no attributes
    missing: tuple[str, ...] = ()  # pictures that a list names and the folder does not hold


def picture_files(folder: Path) -> Iterator[str]:
    """Every picture below `folder`, relative to it, in a fixed order. Hidden folders are passed over."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        relative = Path(parent).relative_to(folder)
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES:
                yield (relative / name).as_posix()


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


def clean_name(raw: str) -> str | None:
    """Heidi_Range -> Heidi Range; control characters are dropped, nothing left is None."""
    printable = "".join(char if char.isprintable() else " " for char in raw.replace("_", " "))
    return " ".join(printable.split())[:120] or None
