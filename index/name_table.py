"""A CSV of names: `person,name` of one's own, or `person,name,cosine` with names guessed by likeness."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from index.errors import BadSource
from index.files import read_regular
from index.plain_text import clean_name, composed_form, readable

MAX_BYTES: Final = 200 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesRead:
    """Names by Person.number (composed, index.plain_text.composed_form), and whether they are guesses."""

    names: dict[str, str]
    inferred: bool = False


def read_text(path: Path) -> str:
    """A list's text, UTF-8 with or without a byte order mark. Raises BadSource with what is wrong and what to do."""
    shown = readable(str(path))
    try:
        return read_regular(path, max_bytes=MAX_BYTES).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise BadSource(f"{shown}: there is no such file") from error
    except UnicodeDecodeError as error:
        raise BadSource(f"{shown} can't be read: it is not UTF-8; save it as CSV UTF-8") from error
    except OSError as error:
        reason = "it is a folder" if path.is_dir() else error.strerror
        raise BadSource(f"{shown} can't be read: {reason}") from error


def is_name_table(path: Path) -> bool:
    """Whether the first line is a header with `person` and `name`. Raises BadSource.

    Also when the line has columns, and others than these: a list of CelebA's has blanks between its fields.
    """
    header = _header(read_text(path))
    if {"person", "name"}.issubset(header):
        return True
    first = ",".join(header)
    if any(mark in first for mark in ",;\t"):
        raise BadSource(
            f"{readable(str(path))}: line 1: want a header with the columns person and name, got {readable(first)[:60]}"
        )
    return False


def read_name_table(path: Path) -> NamesRead:
    """Read the table; further columns are passed over. Raises BadSource with the line.

    A column `cosine` marks guesses; those written all small (as scraped sets have them) get capitals.
    """
    text = read_text(path)
    header = _header(text)
    shown = readable(str(path))
    if not {"person", "name"}.issubset(header):
        raise BadSource(f"{shown}: line 1: want a header with the columns person and name")
    inferred = "cosine" in header
    names = {}
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        next(reader)
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise BadSource(f"{shown}: line {reader.line_num}: want {len(header)} fields, got {len(row)}")
            name = clean_name(row[header.index("name")])
            if name is not None:
                person = composed_form(row[header.index("person")].strip())
                names[person] = name.title() if inferred and name.islower() else name
    except csv.Error as error:
        raise BadSource(f"{shown}: line {reader.line_num}: {error}") from error
    return NamesRead(names=names, inferred=inferred)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPicture:
    """A row of a list of pictures."""

    file: str  # relative to the list's folder
    name: str
    source: str = ""


def is_picture_list(path: Path) -> bool:
    """Whether the first line is a header with `file` and `name`. Raises BadSource."""
    return {"file", "name"}.issubset(_header(read_text(path)))


def read_picture_list(path: Path) -> list[ListedPicture]:
    """Read a list of pictures, one a person. Raises BadSource with the line."""
    text = read_text(path)
    header = _header(text)
    reader = csv.reader(io.StringIO(text, newline=""))
    found: list[ListedPicture] = []
    try:
        next(reader)
        for row in filter(None, reader):
            if len(row) != len(header):
                raise BadSource(
                    f"{readable(str(path))}: line {reader.line_num}: want {len(header)} fields, got {len(row)}"
                )
            fields = dict(zip(header, row, strict=True))
            found.append(ListedPicture(file=fields["file"], name=fields["name"], source=fields.get("source", "")))
    except csv.Error as error:
        raise BadSource(f"{readable(str(path))}: line {reader.line_num}: {error}") from error
    return found


def _header(text: str) -> list[str]:
    try:
        return [column.strip().lower() for column in next(csv.reader(io.StringIO(text, newline="")), [])]
    except csv.Error:
        return []
