"""CelebA's own file formats, and a folder in CelebA's layout. No pixels are read here.

Upstream's files differ in small ways, all of them taken: a first line with the count, a header or none, CRLF or LF,
trailing blanks, a byte order mark, commas in place of blanks (the copies named .csv). An error names file and line.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.doubles import celeba_doubles
from index.errors import BadSource
from index.folder_walk import walk_pictures
from index.name_table import read_name_table, read_text
from index.plain_text import clean_name, readable
from index.source import IDENTITY_FILE, Known, Picture, Points5, Source, in_order

ATTRIBUTES: Final = "list_attr_celeba"
LANDMARKS: Final = "list_landmarks_align_celeba"
PARTITION: Final = "list_eval_partition"
NAMES: Final = "list_identity_celeba"
INFERRED_NAMES: Final = "names_inferred.csv"
ALIGNED_FOLDER: Final = "img_align_celeba"
NAME_FIXES: Final = Path(__file__).with_name("celeba_name_fixes.csv")

# Traits of a person, of the forty. The others tell of one picture (smiling, blurry) or are somebody's taste.
PERSON_ATTRIBUTES: Final = (
    "Male",
    "Young",
    "Bald",
    "Bangs",
    "Black_Hair",
    "Blond_Hair",
    "Brown_Hair",
    "Gray_Hair",
    "Straight_Hair",
    "Wavy_Hair",
    "Receding_Hairline",
    "Eyeglasses",
    "No_Beard",
    "5_o_Clock_Shadow",
    "Goatee",
    "Mustache",
    "Sideburns",
    "Wearing_Hat",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AttributeTable:
    """list_attr_celeba: one row of labels a picture."""

    names: tuple[str, ...]
    rows: dict[str, int]  # picture -> row
    labels: NDArray[np.bool_]  # (pictures, names)


def read_identities(path: Path) -> dict[str, str]:
    """identity_CelebA.txt: `000001.jpg 2880` a line -> picture to identity number."""
    identities = {}
    for line, fields in _rows(path):
        picture, number = _exactly(path, line, fields, 2)
        if not (number.isascii() and number.isdigit()):
            raise _bad(path, line, f"want an identity number, got {number!r}")
        identities[picture] = str(int(number))
    return identities


def read_partition(path: Path) -> dict[str, int]:
    """list_eval_partition: picture to 0 (train), 1 (val) or 2 (test)."""
    partition: dict[str, int] = {}
    for line, fields in _rows(path):
        picture, split = _exactly(path, line, fields, 2)
        if split not in {"0", "1", "2"}:
            if not partition and split == "partition":  # the header of the .csv copies
                continue
            raise _bad(path, line, f"want 0, 1 or 2, got {split!r}")
        partition[picture] = int(split)
    return partition


def read_attributes(path: Path) -> AttributeTable:
    """list_attr_celeba: a header with the names, then -1 (or 0) and 1 for each."""
    rows = _rows(path)
    try:
        header_line, names = next(rows)
    except StopIteration:
        raise BadSource(f"{path} is empty; fetch it again") from None
    names = names[1:] if names[0] == "image_id" else names
    if len(set(names)) != len(names) or any(_number(name) is not None for name in names):
        raise _bad(path, header_line, "want the names of the attributes")
    index: dict[str, int] = {}
    labels: list[list[bool]] = []
    for line, fields in rows:
        picture, *values = _exactly(path, line, fields, 1 + len(names))
        if not {"1", "-1", "0"}.issuperset(values):
            raise _bad(path, line, "want -1 or 1 for each attribute")
        index[picture] = len(labels)
        labels.append([value == "1" for value in values])
    table = np.array(labels, dtype=np.bool_).reshape(len(labels), len(names))
    return AttributeTable(names=tuple(names), rows=index, labels=table)


def read_landmarks(path: Path) -> dict[str, Points5]:
    """list_landmarks_align_celeba: five points a picture, pixels of the aligned picture, (5, 2) each."""
    pictures = []
    values = []
    for line, fields in _rows(path):
        if fields[0] in {"lefteye_x", "image_id"}:
            continue
        picture, *numbers = _exactly(path, line, fields, 11)
        try:
            values.append([float(number) for number in numbers])
        except ValueError as error:
            raise _bad(path, line, f"want ten numbers, got {error}") from None
        pictures.append(picture)
    points = np.array(values, dtype=np.float32).reshape(-1, 5, 2)
    if not np.isfinite(points).all():
        raise BadSource(f"{path} holds numbers that are not finite; fetch it again")
    return dict(zip(pictures, points, strict=True))


def read_names(path: Path) -> dict[str, str]:
    """list_identity_celeba.txt: count, header, then `000001.jpg   Heidi_Range` -> picture to "Heidi Range"."""
    names = {}
    for line, fields in _rows(path, commas=False):
        if fields == ["image_id", "identity_name"]:
            continue
        if len(fields) == 1:
            raise _bad(path, line, f"want a picture and a name, got {readable(fields[0][:60])!r} alone")
        name = clean_name(" ".join(fields[1:]))  # tolerates blanks where upstream has "_"
        if name is not None:
            names[fields[0]] = name
    return names


def read_celeba(folder: Path) -> Source:
    """Read a folder in CelebA's layout: pictures anywhere below, the lists beside each other in it."""
    identities = with_doubles(read_identities(folder / IDENTITY_FILE))
    found = _by_name(folder)
    points_list = _list(folder, LANDMARKS)
    points = read_landmarks(points_list) if points_list else {}
    pictures, missing = [], []
    for name, person in identities.items():
        file = found.get(name) or found.get(Path(name).stem)  # upstream's PNG copy keeps the .jpg in its lists
        if file is None:
            missing.append(name)
            continue
        # The points are of the aligned pictures; upstream's whole pictures carry the same names in img_celeba.
        given = None if "img_celeba" in file.split("/") else points.get(name)
        pictures.append(Picture(file=file, person=person, points=given))
    if not pictures:
        raise BadSource(
            f"{folder}: none of the {len(identities)} pictures of {IDENTITY_FILE} lies below it; "
            f"unpack {ALIGNED_FOLDER} there"
        )
    people = {picture.person for picture in pictures}
    return Source(
        folder=folder,
        layout="celeba",
        description=f"CelebA: {len(pictures):,} pictures of {len(people):,} people",
        pictures=in_order(pictures),
        known=_known(folder, identities),
        missing=tuple(missing),
    )


def with_doubles(identities: dict[str, str]) -> dict[str, str]:
    """The identities with people who have two numbers under one of them (index.doubles), where that is there."""
    there = set(identities.values())
    same = {number: kept for number, kept in celeba_doubles().items() if kept in there}
    return {picture: same.get(number, number) for picture, number in identities.items()}


def mended(guesses: Mapping[str, str]) -> dict[str, str]:
    """Guessed names, by number, without those that the alphabet of CelebA's numbers contradicts, rightly spelt."""
    with NAME_FIXES.open(newline="", encoding="utf-8") as table:
        fixes = {row["number"]: row["name"] for row in csv.DictReader(table)}
    found = {number: fixes.get(number, name) for number, name in guesses.items()}
    return {number: name for number, name in found.items() if name}


def majority(rows: NDArray[np.bool_], names: tuple[str, ...]) -> dict[str, bool]:
    """What most of a person's labelled pictures say, (pictures, names) -> name to value; a draw says nothing."""
    yes = rows.sum(axis=0)
    return {
        name: bool(count * 2 > len(rows))
        for name, count in zip(names, yes.tolist(), strict=True)
        if count * 2 != len(rows)
    }


def names_of_people(names: dict[str, str], identities: dict[str, str]) -> dict[str, str]:
    """Names by picture -> names by identity number: the commonest of a person's, the first by letter in a draw."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for picture, name in names.items():
        if picture in identities:
            votes[identities[picture]][name] += 1
    return {person: min(counter, key=lambda name: (-counter[name], name)) for person, counter in votes.items()}


def _known(folder: Path, identities: dict[str, str]) -> dict[str, Known]:
    attributes: dict[str, dict[str, bool]] = {}
    if path := _list(folder, ATTRIBUTES):
        table = read_attributes(path)
        kept = [k for k, name in enumerate(table.names) if name in PERSON_ATTRIBUTES]
        names = tuple(table.names[k] for k in kept)
        rows_of: dict[str, list[int]] = defaultdict(list)
        for picture, row in table.rows.items():
            if picture in identities:
                rows_of[identities[picture]].append(row)
        attributes = {person: majority(table.labels[np.ix_(rows, kept)], names) for person, rows in rows_of.items()}
    told = names_of_people(read_names(path), identities) if (path := _list(folder, NAMES)) else {}
    guessed_file = folder / INFERRED_NAMES
    guessed = mended(read_name_table(guessed_file).names) if guessed_file.is_file() else {}
    return {
        person: Known(
            name=told.get(person) or guessed.get(person),
            name_inferred=person not in told and person in guessed,
            attributes=attributes.get(person),
        )
        for person in set(identities.values())
    }


def _by_name(folder: Path) -> dict[str, str]:
    """File name and bare stem -> path below the folder; the aligned pictures win where a name comes twice."""
    found: dict[str, str] = {}
    for file in walk_pictures(folder).pictures:
        name = file.rpartition("/")[2]
        for key in (name, Path(name).stem):
            if key not in found or (ALIGNED_FOLDER in file and ALIGNED_FOLDER not in found[key]):
                found[key] = file
    return found


def _list(folder: Path, stem: str) -> Path | None:
    for suffix in (".txt", ".csv"):
        if (path := folder / f"{stem}{suffix}").is_file():
            return path
    return None


def _rows(path: Path, *, commas: bool = True) -> Iterator[tuple[int, list[str]]]:
    """The line number and fields of every line that says something; a first line with the count is none."""
    text = read_text(path)
    for number, line in enumerate(text.splitlines(), start=1):
        fields = (line.replace(",", " ") if commas else line).split()
        if not fields or (number == 1 and len(fields) == 1 and fields[0].isdigit()):
            continue
        yield number, fields


def _exactly(path: Path, line: int, fields: list[str], count: int) -> list[str]:
    if len(fields) != count:
        raise _bad(path, line, f"want {count} fields, got {len(fields)}")
    return fields


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _bad(path: Path, line: int, message: str) -> BadSource:
    return BadSource(f"{readable(str(path))}: line {line}: {message}")
