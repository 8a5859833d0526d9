"""What a drawn portrait shows of a person: traits, and where the face's parts lie. No pixels.

A portrait stands in for a picture that may not be shipped. It shows only what is known (hair, glasses, beard, hat, age,
the measured places of eyes, nose and mouth) and is painted in one hue that no skin has. What nobody labelled is drawn
so that it claims nothing. Who has no labels gets a monogram.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final

from index.types import Person
from lookalike.cards.clusters import clusters
from lookalike.cards.face_shape import FaceShape, shape_of

ZERO_WIDTH_NON_JOINER: Final = "\u200c"
VOWELS_BEFORE: Final = "\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4"  # of Thai and Lao

HUES: Final = 7
GROUNDS: Final = 6
COLLARS: Final = 5


class Cut(StrEnum):
    """The outline of the hair. CelebA tells nothing of its length: a woman's outline follows its curl alone."""

    WAVY = "wavy"
    STRAIGHT = "straight"
    PLAIN = "plain"  # of a woman, where neither is known
    SHORT = "short"  # of a man, where neither is known
    SHORT_WAVY = "short wavy"
    SHORT_STRAIGHT = "short straight"
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
    """CelebA's four; unknown is drawn in a tone of the ground."""

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
    bangs: bool = False
    receding: bool = False  # of a woman: the hair is drawn back
    sideburns: bool = False
    hat: bool = False
    glasses: bool = False
    beard: Beard = Beard.NONE
    lined: bool = False  # labelled as not young
    broad: bool = False  # a broader jaw and shoulders


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A drawn stand-in: traits where anything is known, else a monogram over a pattern of the same seed."""

    seed: int  # picks hue, ground and collar; the same person looks the same on every card
    traits: Traits | None
    monogram: str  # initials, or the last digits of the number
    shape: FaceShape = field(default_factory=FaceShape)  # where eyes, nose and mouth are drawn

    @property
    def hue(self) -> int:
        """Which of HUES hues."""
        return self.seed % HUES

    @property
    def ground(self) -> int:
        """Which of GROUNDS patterns lies behind the head: it says nothing of the person and tells two apart."""
        return self.seed // HUES % GROUNDS

    @property
    def collar(self) -> int:
        """Which of COLLARS: it says nothing of the person, either."""
        return self.seed // (HUES * GROUNDS) % COLLARS


def portrait_of(person: Person) -> Portrait:
    """Read a person's labels and landmarks."""
    seed = int.from_bytes(sha256(person.number.encode()).digest()[:4], "big")
    return Portrait(
        seed=seed,
        traits=_traits(person.attributes),
        monogram=_monogram(person),
        shape=shape_of(person.mean_shape),
    )


def _traits(known: dict[str, bool]) -> Traits | None:
    male = known.get("Male")
    if male is None:
        return None
    return Traits(
        cut=_cut(known, male=male),
        colour=_colour(known),
        bangs=known.get("Bangs", False),
        receding=not male and known.get("Receding_Hairline", False),
        sideburns=male and known.get("Sideburns", False),
        hat=known.get("Wearing_Hat", False),
        glasses=known.get("Eyeglasses", False),
        beard=_beard(known) if male else Beard.NONE,
        lined=known.get("Young") is False,
        broad=male,
    )


def _cut(known: dict[str, bool], *, male: bool) -> Cut:
    if known.get("Bald"):
        return Cut.BALD
    if male and known.get("Receding_Hairline"):
        return Cut.RECEDING
    if known.get("Wavy_Hair"):
        return Cut.SHORT_WAVY if male else Cut.WAVY
    if known.get("Straight_Hair"):
        return Cut.SHORT_STRAIGHT if male else Cut.STRAIGHT
    return Cut.SHORT if male else Cut.PLAIN


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
