"""Names for the people of a gallery that exists: from CelebA's list_identity_celeba.txt, or a CSV of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from index.build import rewrite_people
from index.celeba import names_of_people, read_identities, read_names
from index.errors import BadSource
from index.name_table import NamesRead, is_name_table, read_name_table
from index.plain_text import composed_form, readable
from index.source import IDENTITY_FILE
from index.types import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingReport:
    """What naming did."""

    people: int  # in the gallery
    named: int  # people who got their name from the file
    changed: int  # of those, how many had another name or none
    not_in_gallery: int  # names of the file that nobody here could take
    nameless: int  # people still without any name


def name_people(gallery: Path, file: Path) -> NamingReport:
    """Merge the names of `file` into the gallery, atomically. Told names replace guesses, guesses replace nothing.

    Raises BadSource, GalleryMissing, GalleryDamaged, BuildRunning.
    """
    reports: list[NamingReport] = []

    def change(people: tuple[Person, ...]) -> tuple[Person, ...]:
        after, report = merged(people, read_any_names(file, people))
        reports.append(report)
        return after

    rewrite_people(gallery, change)
    return reports[0]


def read_any_names(file: Path, people: Iterable[Person]) -> NamesRead:
    """Tell the two formats apart by their first line: a CSV begins with a header that has `person` and `name`."""
    if is_name_table(file):
        return read_name_table(file)
    by_picture = read_names(file)
    if not by_picture:
        raise BadSource(
            f"{readable(str(file))} holds no names; want CelebA's list_identity_celeba.txt, or a CSV with the columns "
            f"person,name"
        )
    identities = file.with_name(IDENTITY_FILE)
    if identities.is_file():
        return NamesRead(names=names_of_people(by_picture, read_identities(identities)))
    # Without the list of identities, each person's shown picture says which name is theirs. By its stem: the lists of
    # CelebA's PNG copy name .jpg files.
    by_stem = {Path(picture).stem: name for picture, name in by_picture.items()}
    found = ((composed_form(person.number), by_stem.get(Path(person.image).stem)) for person in people)
    return NamesRead(names={number: name for number, name in found if name is not None})


def merged(people: tuple[Person, ...], read: NamesRead) -> tuple[tuple[Person, ...], NamingReport]:
    """The people with their new names, in the same order, and what changed."""
    after = []
    changed = 0
    for person in people:
        name = read.names.get(composed_form(person.number))
        takes = name is not None and (not read.inferred or person.name is None or person.name_inferred)
        if takes and (name, read.inferred) != (person.name, person.name_inferred):
            person = replace(person, name=name, name_inferred=read.inferred)  # noqa: PLW2901 - the same one, named
            changed += 1
        after.append(person)
    numbers = {composed_form(person.number) for person in people}
    report = NamingReport(
        people=len(people),
        named=len(numbers & read.names.keys()),
        changed=changed,
        not_in_gallery=len(read.names.keys() - numbers),
        nameless=sum(person.name is None for person in after),
    )
    return tuple(after), report
