"""A CSV of names: `person,name` of one's own, or `person,name,cosine` with names guessed by likeness."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from index.errors import BadSource
from index.plain_text import clean_name


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesRead:
    """Names by Person.number, and whether they are guesses."""

    names: dict[str, str]
    inferred: bool = False


def is_name_table(path: Path) -> bool:
    """Whether the first line is a header with `person` and `name`. Raises BadSource when it can't be read."""
    try:
        return {"person", "name"}.issubset(_header(path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadSource(f"{path} can't be read: {error}") from error


def read_name_table(path: Path) -> NamesRead:
    """Read the table; further columns are passed over. Raises BadSource with the line.

    A column `cosine` marks guesses; those written all small (as scraped sets have them) get capitals.
    """
    if not is_name_table(path):
        raise BadSource(f"{path}: line 1: want the columns person and name")
    header = _header(path)
    inferred = "cosine" in header
    names = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise BadSource(f"{path}: line {reader.line_num}: want {len(header)} fields, got {len(row)}")
            name = clean_name(row[header.index("name")])
            if name is not None:
                names[row[header.index("person")].strip()] = name.title() if inferred and name.islower() else name
    return NamesRead(names=names, inferred=inferred)


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [column.strip().lower() for column in next(csv.reader(file), [])]
