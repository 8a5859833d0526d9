"""Read a folder to build a gallery from, in any layout.

Three layouts are told apart: CelebA's own (`identity_CelebA.txt` lies in the folder, index.celeba), one picture a
person with a list of their names (people.csv), and one folder a person. No pixels are read here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from index.celeba import read_celeba
from index.errors import BadSource
from index.folder_walk import walk_pictures
from index.name_table import is_picture_list, read_picture_list
from index.plain_text import clean_name, counted, readable
from index.source import IDENTITY_FILE, Known, Picture, Source, in_order

LOOSE: Final = "lies in no person's folder"
LISTED: Final = "people.csv"
NOT_LISTED: Final = f"is not in {LISTED}"
EMPTY: Final = "no picture is in it"


def read_source(folder: Path) -> Source:
    """Read any layout. Raises BadSource with what is wrong and, in a list, on which line."""
    if not folder.is_dir():
        raise BadSource(
            f"{readable(str(folder))} is not a folder; name one with {IDENTITY_FILE}, or with one folder a person"
        )
    if (folder / IDENTITY_FILE).is_file():
        return read_celeba(folder)
    if (folder / LISTED).is_file() and is_picture_list(folder / LISTED):
        return read_listed(folder)
    return read_people_folders(folder)


def read_listed(folder: Path) -> Source:
    """Read a folder whose people.csv names one picture a person: columns file and name, further ones passed over.

    A person's number is the file's name without its ending. A column `source` says where the pictures are from.
    """
    walk = walk_pictures(folder)
    there = set(walk.pictures)
    rows = [row for row in read_picture_list(folder / LISTED) if row.file in there]
    if not rows:
        raise BadSource(f"{readable(str(folder / LISTED))} names none of the pictures beside it")
    known = {readable(Path(row.file).stem): Known(name=clean_name(row.name)) for row in rows}
    named = {row.file for row in rows}
    origins = {row.source for row in rows if row.source}
    people = f"{counted(len(rows), 'picture', 'pictures')} of {counted(len(known), 'person', 'people')}"
    return Source(
        folder=folder,
        layout="people",
        description=f"{readable(origins.pop())}: {people}" if len(origins) == 1 else people,
        pictures=in_order(Picture(file=row.file, person=readable(Path(row.file).stem)) for row in rows),
        known=known,
        missing=tuple(sorted(row.file for row in read_picture_list(folder / LISTED) if row.file not in there)),
        left_out=tuple((readable(file), NOT_LISTED) for file in sorted(there - named)),
    )


def read_people_folders(folder: Path) -> Source:
    """Read one folder a person: the folder's name is the person's, pictures may lie anywhere below it.

    Folders whose names are the same text (in composed and decomposed form, or in two encodings) are one person's.
    """
    walk = walk_pictures(folder)
    pictures: list[Picture] = []
    known: dict[str, Known] = {}
    left_out = [(readable(path), reason) for path, reason in walk.left_out]
    for file in walk.pictures:
        name, _, rest = file.partition("/")
        if not rest:
            left_out.append((readable(file), LOOSE))
            continue
        person = readable(name)
        pictures.append(Picture(file=file, person=person))
        known.setdefault(person, Known(name=clean_name(name)))
    without = sorted({readable(name) for name in walk.folders} - known.keys())
    told = {path for path, _ in left_out}
    left_out += [(f"{person}/", EMPTY) for person in without if f"{person}/" not in told]
    if not pictures:
        raise BadSource(_no_pictures(folder, left_out))
    return Source(
        folder=folder,
        layout="people",
        description=f"one folder a person: {readable(folder.resolve().name)}",
        pictures=in_order(pictures),
        known=known,
        left_out=tuple(sorted(left_out)),
        people_left_out=tuple(without),
        passed_over=tuple(readable(path) for path in walk.passed_over),
    )


def _no_pictures(folder: Path, left_out: list[tuple[str, str]]) -> str:
    loose = sum(reason == LOOSE for _, reason in left_out)
    found = f"{counted(loose, 'picture lies', 'pictures lie')} loose in it" if loose else "there is no picture below it"
    other = next((f" ({path}: {reason})" for path, reason in left_out if reason not in {LOOSE, EMPTY}), "")
    return (
        f"{readable(str(folder))}: {found}{other}; put the pictures into one folder a person, or add CelebA's "
        f"{IDENTITY_FILE}"
    )
