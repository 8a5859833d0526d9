"""What is said of one face's answer as a whole: headline, line above it, sentence. For cards, chats and terminals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lookalike.answers import FaceAnswer
from lookalike.wording import N_, Translate, number, share_sentence, verdict

# After "It's in": languages may bend them for that place.
REGION_WORDS: Final = {
    "forehead": N_("the forehead"),
    "eyes": N_("the eyes"),
    "nose": N_("the nose"),
    "cheeks": N_("the cheeks"),
    "mouth": N_("the mouth"),
    "chin": N_("the chin"),
}
HIGH: Final = frozenset({"same", "striking", "strong"})  # bands whose verdict is true of any people that are shown


def headline(answer: FaceAnswer, *, people: int, translate: Translate = str) -> str:
    """The verdict in a few words. people: in the gallery."""
    if not answer.matches:
        return translate("No one else to show")
    key = answer.matches[0].band.key
    if answer.whole and not answer.own:
        return verdict(key, translate)
    if key == "same" or (not answer.whole and key in HIGH):
        return verdict(key, translate)
    if not answer.whole:
        return translate("More faces like yours")
    return translate("Your closest of {people}").format(people=number(people, translate))


def overline(answer: FaceAnswer, *, people: int, several: bool, translate: Translate = str) -> str:
    """The small line above the headline: which face, among whom. several: the photo has more than one usable face."""
    parts = [translate("Face {number}").format(number=answer.number)] if several else []
    count = number(people, translate)
    if not answer.matches:
        parts.append(translate("Try 'Everyone'"))
    elif not answer.whole:
        first, last = answer.matches[0].rank, answer.matches[-1].rank
        places = translate("Places {first} to {last}").format(first=first, last=last)
        parts.append(places if first > 1 else translate("Among those you chose"))
    elif not answer.own:
        parts.append(translate("Closest of {people} celebrities").format(people=count))
    elif answer.matches[0].band.key == "same":
        parts.append(translate("Your closest of {people}").format(people=count))
    return " · ".join(parts)


def sentence(answer: FaceAnswer, translate: Translate = str) -> str:
    """How rare the first match's likeness is; empty where nothing is known: other people chosen, later ones, nobody."""
    if not answer.matches or not answer.whole:
        return ""
    best = answer.matches[0]
    return share_sentence(
        best.stranger_share,
        translate,
        at_most=best.bound == "at_most",
        at_least=best.bound == "at_least",
        here=answer.own,
    )


def reason(named: Sequence[str], translate: Translate = str) -> str:
    """What carries the likeness, in words; empty where nothing is named. named: regions of lookalike.regions."""
    words = [translate(REGION_WORDS[name]) for name in named]
    if not words:
        return ""
    if len(words) == 1:
        return translate("It's in {part}.").format(part=words[0])
    return translate("It's in {part} and {other}.").format(part=words[0], other=words[1])


def meter(step: int) -> str:
    """A band as text: as many full dots as the card's meter has."""
    return "●" * (step + 1) + "○" * (4 - step)
