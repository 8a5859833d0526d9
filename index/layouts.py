"""Read a folder to build a gallery from, in either layout.

Two layouts are told apart: CelebA's own (`identity_CelebA.txt` lies in the folder, index.celeba) and one folder a
person. No pixels are read here.
"""

from __future__ import annotations

from pathlib import Path

from index.celeba import read_celeba
from index.errors import BadSource
from index.source import IDENTITY_FILE, Known, Picture, Source, clean_name, in_order, picture_files


def read_source(folder: Path) -> Source:
    """Read either layout. Raises BadSource with what is wrong and, in a list, on which line."""
    if not folder.is_dir():
        raise BadSource(f"{folder} is not a folder; name one with {IDENTITY_FILE}, or with one folder a person")
    if (folder / IDENTITY_FILE).is_file():
        return read_celeba(folder)
    return read_people_folders(folder)


def read_people_folders(folder: Path) -> Source:
    """Read one folder a person: the folder's name is the person's, pictures may lie anywhere below it."""
    pictures: list[Picture] = []
    known: dict[str, Known] = {}
    loose = 0
    for file in picture_files(folder):
        person, _, rest = file.partition("/")
        if not rest:
            loose += 1
            continue
        pictures.append(Picture(file=file, person=person))
        known.setdefault(person, Known(name=clean_name(person)))
    if not pictures:
        found = f"{loose} pictures lie loose in it" if loose else "there is no picture below it"
        raise BadSource(
            f"{folder}: {found}; put the pictures into one folder a person, or add CelebA's {IDENTITY_FILE}"
        )
    return Source(
        folder=folder,
        description=f"one folder a person: {folder.name}",
        pictures=in_order(pictures),
        known=known,
    )
