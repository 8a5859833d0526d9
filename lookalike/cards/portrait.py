"""What a drawn portrait shows of a person: a few traits read from CelebA's attributes. No pixels.

A portrait stands in for a picture that may not be shipped. It shows only what is labelled (hair, glasses, beard,
hat, a smile) and is tinted in one hue, so that it claims no colour of skin. Who has no labels gets a monogram.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from index.types import Person
from lookalike.cards.clusters import clusters

ZERO_WIDTH_NON_JOINER: Final = "\u200c"
VOWELS_BEFORE: Final = "\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4"  # of Thai and Lao


class Cut(StrEnum):
    """The outline of the hair."""

    LONG = "long"
    SHORT = "short"
    RECEDING = "receding"
    BALD = "bald"


class Beard(StrEnum):
    """What grows on the face."""

    NONE = "none"
    STUBBLE = "stubble"
    MOUSTACHE = "moustache"
    GOATEE = "goatee"
    FULL = "full"


class HairColour(StrEnum):
    """CelebA's four; unknown takes the portrait's own hue."""

    BLACK = "black"
    BROWN = "brown"
    BLOND = "blond"
    GREY = "grey"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """How the drawn face looks."""

    cut: Cut
    colour: HairColour
    wavy: bool = False
    bangs: bool = False
    hat: bool = False
    glasses: bool = False
    beard: Beard = Beard.NONE
    smiling: bool = False
    lipstick: bool = False
    earrings: bool = False
    tie: bool = False
    broad: bool = False  # a broader jaw and shoulders


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A drawn stand-in: traits where anything is known, else a monogram over a pattern of the same seed."""

    seed: int  # picks the hue and the pattern; the same person looks the same on every card
    traits: Traits | None
    monogram: str  # initials, or the last digits of the number


def portrait_of(person: Person) -> Portrait:
    """Read a person's labels."""
    seed = int.from_bytes(sha256(person.number.encode()).digest()[:4], "big")
    return Portrait(seed=seed, traits=_traits(person.attributes, seed), monogram=_monogram(person))


def _traits(known: dict[str, bool], seed: int) -> Traits | None:
    male = known.get("Male")
    if male is None:
        return None
    return Traits(
        cut=_cut(known, male=male),
        colour=_colour(known),
        # Where nothing is said of the strands, the seed says it, so that a card's portraits differ.
        wavy=known.get("Wavy_Hair", False) or (not known.get("Straight_Hair", False) and seed % 3 == 0),
        bangs=known.get("Bangs", False),
        hat=known.get("Wearing_Hat", False),
        glasses=known.get("Eyeglasses", False),
        beard=_beard(known) if male else Beard.NONE,
        # A smile belongs to a picture, not to a person: galleries don't label it, and half of the drawn ones smile.
        smiling=known.get("Smiling", seed % 5 < 3),
        lipstick=not male and known.get("Wearing_Lipstick", False),
        earrings=not male and known.get("Wearing_Earrings", False),
        tie=known.get("Wearing_Necktie", False),
        broad=male,
    )


def _cut(known: dict[str, bool], *, male: bool) -> Cut:
    if known.get("Bald"):
        return Cut.BALD
    if not male:
        return Cut.LONG
    return Cut.RECEDING if known.get("Receding_Hairline") else Cut.SHORT


def _colour(known: dict[str, bool]) -> HairColour:
    order = {
        "Gray_Hair": HairColour.GREY,
        "Blond_Hair": HairColour.BLOND,
        "Brown_Hair": HairColour.BROWN,
        "Black_Hair": HairColour.BLACK,
    }
    return next((colour for key, colour in order.items() if known.get(key)), HairColour.UNKNOWN)


def _beard(known: dict[str, bool]) -> Beard:
    if known.get("Goatee"):
        return Beard.GOATEE
    if known.get("No_Beard") is False:
        return Beard.FULL
    if known.get("Mustache"):
        return Beard.MOUSTACHE
    return Beard.STUBBLE if known.get("5_o_Clock_Shadow") else Beard.NONE


def _monogram(person: Person) -> str:
    """The first letters of the first and the last word; an emoji alone where there are no letters; else the number."""
    name = person.name if person.name is not None else "" if person.number.isdigit() else person.number
    words = unicodedata.normalize("NFC", name).replace("_", " ").split()
    initials = [initial for word in words if (initial := _initial(word))]
    if not initials:
        shown = clusters(words[0])[0] if words else ""
        return shown if unicodedata.category(shown[:1] or " ") == "So" else "".join(clusters(person.number)[-5:])
    if len(initials) == 1:
        return initials[0]
    # Letters of a joined script stand apart: they are two words' and not a syllable.
    return initials[0] + (ZERO_WIDTH_NON_JOINER if _joins(initials[0]) else "") + initials[-1]


def _initial(word: str) -> str:
    """The first letter with all that belongs to it, as a capital where the script has some; empty without a letter."""
    for part in clusters(word):
        if part[0] in VOWELS_BEFORE:  # written first, spoken second: the letter is the consonant
            continue
        if not part[0].isalnum():
            return ""
        upper = part.upper()
        return upper if len(upper) == len(part) else part
    return ""


def _joins(letter: str) -> bool:
    return unicodedata.bidirectional(letter[0]) == "AL" or "MONGOLIAN" in unicodedata.name(letter[0], "")
