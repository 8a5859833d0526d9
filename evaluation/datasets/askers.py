"""Who asks, when likeness is measured: people nobody trained on, each with what they look like. Lists only.

Truth is a label: CelebA's own for the asked picture, or `looks_of_people.csv` beside this file for people of the web
pictures, written by hand, a blank where it changes from picture to picture or can't be said.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

LOOKS_FILE: Final = Path(__file__).with_name("looks_of_people.csv")
DARK: Final = ("Black_Hair", "Brown_Hair")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsLooks:
    """A row of the table; None where nothing is said."""

    male: bool | None
    young: bool | None
    hair: str | None  # dark, blond, gray
    eyeglasses: bool | None
    beard: bool | None

    @property
    def attributes(self) -> dict[str, bool]:
        """What CelebA's labels can say of it, in CelebA's spelling."""
        told = {"Male": self.male, "Young": self.young, "Eyeglasses": self.eyeglasses}
        told["No_Beard"] = None if self.beard is None else not self.beard
        return {name: value for name, value in told.items() if value is not None}

    @property
    def aspects(self) -> dict[str, str]:
        """What is compared, aspect -> a word."""
        found = aspects_of(self.attributes)
        return found if self.hair is None else found | {"hair": self.hair}


@cache
def read_looks(path: Path = LOOKS_FILE) -> Mapping[str, PersonsLooks]:
    """The table by person of `wild`."""
    with path.open(newline="", encoding="utf-8") as file:
        return {
            row["person"]: PersonsLooks(
                male=_said(row["male"]),
                young=_said(row["young"]),
                hair=row["hair"] or None,
                eyeglasses=_said(row["eyeglasses"]),
                beard=_said(row["beard"]),
            )
            for row in csv.DictReader(file)
        }


def aspects_of(attributes: Mapping[str, bool]) -> dict[str, str]:
    """CelebA's labels as what is compared: aspect -> a word ("sex": "yes" is a man).

    An aspect that nobody labelled, or that was labelled as two, is absent.

    Hair is dark (black or brown), blond or gray: black and brown are hardly told apart on photos.
    """
    found: dict[str, str] = {}
    for aspect, name in (("sex", "Male"), ("young", "Young"), ("glasses", "Eyeglasses"), ("beard", "No_Beard")):
        if name in attributes:
            found[aspect] = "yes" if attributes[name] is not name.startswith("No_") else "no"
    colours = {"dark": any(attributes.get(name, False) for name in DARK)}
    colours |= {"blond": attributes.get("Blond_Hair", False), "gray": attributes.get("Gray_Hair", False)}
    said = [colour for colour, there in colours.items() if there]
    if len(said) == 1:
        found["hair"] = said[0]
    return found


def _said(word: str) -> bool | None:
    return None if not word else word == "yes"
