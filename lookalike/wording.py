"""What is said of people, similarities and shares, for cards, captions and terminals alike. No pixels.

Every sentence goes through `translate`: an English text in, the user's language out (a bot hands over gettext).
Numbers in sentences stand as "1 in 1,000", so that no language needs a plural form for them.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from index.types import Person
from lookalike.calibration import Curve
from pipeline.types import Refusal, RefusalCode

Translate = Callable[[str], str]

HAIR_COLOURS = ("Gray_Hair", "Blond_Hair", "Brown_Hair", "Black_Hair")


def N_(message: str) -> str:  # noqa: N802 - the name that message extractors look for
    """Mark a message for translation where it stands, to be translated where it is used."""
    return message


# Strands and colour, CelebA's spelling -> the phrase.
HAIR = {
    ("", "Gray_Hair"): N_("grey hair"),
    ("", "Blond_Hair"): N_("blond hair"),
    ("", "Brown_Hair"): N_("brown hair"),
    ("", "Black_Hair"): N_("dark hair"),
    ("Wavy_Hair", ""): N_("wavy hair"),
    ("Wavy_Hair", "Gray_Hair"): N_("wavy grey hair"),
    ("Wavy_Hair", "Blond_Hair"): N_("wavy blond hair"),
    ("Wavy_Hair", "Brown_Hair"): N_("wavy brown hair"),
    ("Wavy_Hair", "Black_Hair"): N_("wavy dark hair"),
    ("Straight_Hair", ""): N_("straight hair"),
    ("Straight_Hair", "Gray_Hair"): N_("straight grey hair"),
    ("Straight_Hair", "Blond_Hair"): N_("straight blond hair"),
    ("Straight_Hair", "Brown_Hair"): N_("straight brown hair"),
    ("Straight_Hair", "Black_Hair"): N_("straight dark hair"),
}

# The headline of a card by the key of its first band. Who has nobody near is told something true and kind.
VERDICTS = {
    "same": N_("Is that you?"),
    "striking": N_("Uncanny!"),
    "strong": N_("A strong likeness"),
    "fair": N_("A passing likeness"),
    "faint": N_("A face that's hard to match"),
}
# One person of a list, in a sentence.
LIKENESSES = {
    "same": N_("could be you"),
    "striking": N_("an uncanny likeness"),
    "strong": N_("a strong likeness"),
    "fair": N_("a passing likeness"),
    "faint": N_("a faint likeness"),
}
# Two faces by the key of their band, in a sentence. The gallery's keys are others, "same" apart.
PAIR_VERDICTS = {
    "same": N_("could be one person"),
    "close": N_("very alike"),
    "alike": N_("alike"),
    "slight": N_("a little alike"),
    "none": N_("not alike"),
}


# How rare a likeness is, by what is said of it: among the people of the measured gallery, and in one's own.
SHARES = {
    "harder": N_("This face is harder to match than {count} faces in {total}."),
    "usual": N_("About as close as people usually get."),
    "most": N_("Closer than most people get."),
    "closer": N_("Closer than {count} in {total} people get."),
    "only": N_("Only {count} in {total} people get this close."),
    "fewer": N_("Fewer than {count} in {total} people get this close."),
}
SHARES_HERE = {
    "harder": N_("This face is harder to match here than {count} faces in {total}."),
    "usual": N_("About as close as people usually get here."),
    "most": N_("Closer than most people get here."),
    "closer": N_("Closer than {count} in {total} people get here."),
    "only": N_("Only {count} in {total} people get this close here."),
    "fewer": N_("Fewer than {count} in {total} people get this close here."),
}


def told_apart(refusal: Refusal) -> tuple[float, float]:
    """Value and limit of a refusal in whole units (percent for shares), rounded so that they never read the same.

    A value short of its limit is rounded down and the limit up, one beyond its limit the other way round: 9.7 px of 10
    are "9 px, 10 are needed", 70.2 degrees of 70 are "71 degrees, up to 70". Angles come without their sign.
    """
    value = abs(refusal.value) if refusal.code is RefusalCode.TURNED_AWAY else refusal.value
    if not (math.isfinite(value) and math.isfinite(refusal.limit)):
        return value, refusal.limit
    unit = 0.01 if refusal.code is RefusalCode.POINTS_UNSURE else 1.0
    counted, limit = round(value / unit, 6), round(refusal.limit / unit, 6)
    if value < refusal.limit:
        return math.floor(counted) * unit, math.ceil(limit) * unit
    return math.ceil(counted) * unit, math.floor(limit) * unit


def person_title(person: Person, translate: Translate = str) -> str:
    """Who this is: a name, a guessed name marked as such, or the data set's number."""
    if person.name is None:
        return person_number(person, translate)
    if person.name_inferred:
        return translate("perhaps {name}").format(name=_clean(capitalise_name(person.name)))
    return _clean(person.name)


def person_number(person: Person, translate: Translate = str) -> str:
    """The data set's own identifier: CelebA's number, or what a folder of one's own is called."""
    if person.number.isdigit():
        return translate("CelebA No. {number}").format(number=person.number)
    return _clean(person.number.replace("_", " "))


def _clean(name: str) -> str:
    """One line of composed letters: a folder's name may hold anything, and macOS takes its accents apart."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def isolated(name: str) -> str:
    """A name for the middle of a line: one with letters written from the right turns round nothing beside it.

    It is put between U+2068 and U+2069 (UAX #9); other names stay as they are.
    """
    if any(unicodedata.bidirectional(char) in {"R", "AL", "AN"} for char in name):
        return f"\u2068{name}\u2069"
    return name


def person_heading(person: Person, translate: Translate = str) -> str:
    """What stands largest beside a face: a name, a guessed name marked as such, else the looks, else the number."""
    if person.name is not None:
        return person_title(person, translate)
    looks = describe_person(person, translate)
    return looks[:1].upper() + looks[1:] if looks else person_title(person, translate)


def person_footnote(person: Person, translate: Translate = str) -> str:
    """What stands small below the heading: the looks where a name stands above, the number where looks do."""
    looks = describe_person(person, translate)
    if person.name is not None:
        return _said(looks, person, translate)
    if not looks:
        return ""
    return _said(translate("No. {number}").format(number=_clean(person.number)), person, translate)


def person_line(person: Person, translate: Translate = str) -> str:
    """Who this is in one line of a list: "Woman, wavy dark hair · No. 3367", or a name alone."""
    if person.name is not None:
        return person_title(person, translate)
    footnote = person_footnote(person, translate)
    heading = person_heading(person, translate)
    return f"{heading} · {footnote}" if footnote else heading


def describe_person(person: Person, translate: Translate = str) -> str:
    """A few words on how a person looks: "woman, wavy dark hair, glasses"; empty where nothing is known."""
    known = person.attributes
    words = (
        _kind(known, translate),
        _hair(known, translate),
        translate("glasses") if known.get("Eyeglasses") else "",
        _beard(known, translate),
    )
    return ", ".join(word for word in words if word)


def _said(text: str, person: Person, translate: Translate) -> str:
    """With a word that looks which a network predicted, and nobody looked at, are a guess."""
    guess = translate("looks are a guess")
    return f"{text} · {guess}" if text and person.attributes_predicted else text


def _kind(known: dict[str, bool], translate: Translate) -> str:
    male = known.get("Male")
    if male is None:
        return ""
    return translate("man") if male else translate("woman")


def _hair(known: dict[str, bool], translate: Translate) -> str:
    """One phrase, since languages join colour and curl each in their own way."""
    if known.get("Wearing_Hat"):
        return translate("hat")
    if known.get("Bald"):
        return translate("bald")
    colour = next((key for key in HAIR_COLOURS if known.get(key)), "")
    strands = next((key for key in ("Wavy_Hair", "Straight_Hair") if known.get(key)), "")
    said = HAIR.get((strands, colour), "")
    return translate(said) if said else ""


def _beard(known: dict[str, bool], translate: Translate) -> str:
    if not known.get("Male"):
        return ""
    if known.get("Goatee"):
        return translate("goatee")
    if known.get("No_Beard") is False:
        return translate("beard")
    if known.get("Mustache"):
        return translate("moustache")
    return translate("stubble") if known.get("5_o_Clock_Shadow") else ""


def capitalise_name(name: str) -> str:
    """Write "amber heard" as a name; leave names that have capitals as they are."""
    if name != name.lower():
        return name
    return " ".join(word[:1].upper() + word[1:] for word in name.replace("_", " ").split())


@dataclass(frozen=True, slots=True)
class Odds:
    """A share said with small numbers: `count` in `total`."""

    count: int
    total: int


def odds(share: float) -> Odds:
    """Round a share to what people can picture: "7 in 10" beyond a half, else "1 in" 3, 40 or 500."""
    if share >= 0.95:
        return Odds(1, 1)
    if share > 0.55:
        return Odds(round(share * 10), 10)
    total = 1 / max(share, 1e-9)
    step = 10 ** math.floor(math.log10(total))
    return Odds(1, round(total / step) * step)


def number(value: int, translate: Translate = str) -> str:
    """A whole number with the language's mark between thousands: the one its translation of "1,000" has."""
    mark = translate("1,000")[1:-3]
    return f"{value:,}".replace(",", mark)


def similarity_text(similarity: float, translate: Translate = str) -> str:
    """A similarity with two decimals and the language's decimal mark: the one its translation of "0.5" has."""
    mark = translate("0.5")[1:-1]
    text = f"{similarity:.2f}".replace("-0.00", "0.00")  # nobody is minus nothing alike
    return text.replace("-", "\u2212").replace(".", mark)


def beyond_measured(table: Curve, similarity: float) -> bool:
    """Whether a similarity lies above the last point of the measured curve: its share is at most the one given."""
    return similarity > table.rates[-1].similarity


def below_measured(table: Curve, similarity: float) -> bool:
    """Whether a similarity lies below the first point of the measured curve: its share is at least the one given."""
    return similarity < table.rates[0].similarity


def share_text(share: float, translate: Translate = str, *, at_most: bool = False, at_least: bool = False) -> str:
    """A share in a few words: "1 in 100", "7 in 10", "nearly all"; with limits "under 1 in 1,000", "over 9 in 10"."""
    said = odds(share)
    if said.total == 1:
        return translate("nearly all")
    template = translate("{count} in {total}")
    if at_most:
        template = translate("under {count} in {total}")
    elif at_least:
        template = translate("over {count} in {total}")
    return template.format(count=said.count, total=number(said.total, translate))


def verdict(band_key: str, translate: Translate = str) -> str:
    """The headline for a face whose nearest person is in this band; empty for a band that is not known here."""
    said = VERDICTS.get(band_key, "")
    return translate(said) if said else ""


def likeness(band_key: str, translate: Translate = str) -> str:
    """How alike somebody of a gallery is; in one that was not measured those below the top band are called as pairs."""
    said = LIKENESSES.get(band_key, "")
    return translate(said) if said else pair_verdict(band_key, translate)


def pair_verdict(band_key: str, translate: Translate = str) -> str:
    """What two faces are in this band of the table of pairs; empty for a band that is not known here."""
    said = PAIR_VERDICTS.get(band_key, "")
    return translate(said) if said else ""


def share_sentence(
    share: float, translate: Translate = str, *, at_most: bool = False, at_least: bool = False, here: bool = False
) -> str:
    """What the nearest person's similarity means. share: of strangers to the gallery who find somebody this alike.

    Where most people find somebody closer, that is said of the face: it is harder to match, which also holds where
    only a limit is known. Around a half no share is said: "closer than 5 in 10" tells nobody anything.
    here: of a gallery of one's own, where few people make a face of middling likeness rare.
    """
    said = SHARES_HERE if here else SHARES
    if at_least or share > 0.6:
        counted = math.floor(share * 10 + 1e-9) if at_least else round(share * 10)
        return translate(said["harder"]).format(count=min(max(counted, 1), 9), total=10)
    if share > 0.5:
        return translate(said["usual"])
    if share > 0.4:
        return translate(said["most"])
    if share >= 0.1:
        return translate(said["closer"]).format(count=min(round((1 - share) * 10), 9), total=10)
    few = odds(share)
    template = translate(said["fewer" if at_most else "only"])
    return template.format(count=few.count, total=number(few.total, translate))


def pair_sentence(share: float, translate: Translate = str, *, at_most: bool = False, at_least: bool = False) -> str:
    """What a similarity of two photos means. share: of pairs of strangers who are at least this alike."""
    said = odds(share)
    if at_least or share > 0.2:
        return translate("No more alike than two people picked at random.")
    if at_most:
        template = translate("Fewer than {count} in {total} pairs of strangers look this alike.")
    elif share > 0.05:
        template = translate("{count} in {total} pairs of strangers look this alike.")
    else:
        template = translate("Only {count} in {total} pairs of strangers look this alike.")
    return template.format(count=said.count, total=number(said.total, translate))
