"""Every sentence on a likeness and a refusal as tables by similarity and code, made by the functions that the API asks.

A browser that answers by itself looks them up: nothing of a photo, no similarity among it, comes to the server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from index.types import Match, Person
from lookalike.answers import BandedMatch, Caveat, FaceAnswer
from lookalike.finder import FAR_FROM_ALL, Finder
from lookalike.scale import Scale
from lookalike.verdicts import headline, overline
from lookalike.wording import pair_verdict
from pipeline.types import Face
from web.words import FOUND_OUT, REFUSED, UNREADABLE, Words

GRID: Final = 1000  # steps of similarity between 0 and 1 at which sentences may change; bands change where they do
MOST_FACES: Final = 64
_NOBODY: Final = Person(number="0", name=None, image="", images=0, attributes={})
_UNSEEN: Final = cast("Face", None)  # sentences are of the matches alone


def word_tables(words: Words, finder: Finder, people: Sequence[Person]) -> dict[str, Any]:
    """All of one language for one gallery."""
    translate = words.translate
    return {
        "near": _runs(finder, lambda similarity: _near(words, finder, similarity)),
        "pair": _runs(finder, lambda similarity: _pair(words, similarity)),
        "similarities": [words.similarity(k / 100) for k in range(-100, 101)],
        "nobody": headline(_answer(()), people=len(people), translate=translate),
        "places": translate("Places {first} to {last}"),
        "among": translate("Among those you chose"),
        "caveats": {str(caveat): words.caveat(caveat) for caveat in Caveat},
        "refused": {str(code): translate(text) for code, text in REFUSED.items()},
        "unanswered": {str(code): translate(text) for code, text in UNREADABLE.items()} | {"no_face": words.no_face()},
        "no_usable": [words.no_usable(count, "{reason}") for count in range(1, MOST_FACES + 1)],
        "titles": [words.who(person) for person in people],
        "looks": [words.how(person) for person in people],
    }


def _runs(finder: Finder, row: Callable[[float], dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows {floor, ...}, floors falling: what is true from a similarity on."""
    calibration = finder.calibration
    floors = {band.floor for table in (calibration.gallery, calibration.pair) for band in table.bands}
    runs: list[dict[str, Any]] = []
    for similarity in sorted({k / GRID for k in range(-GRID, GRID + 1)} | floors):
        found = row(similarity)
        if not runs or {name: value for name, value in runs[-1].items() if name != "floor"} != found:
            runs.append({"floor": similarity} | found)
    return runs[::-1]


def _near(words: Words, finder: Finder, similarity: float) -> dict[str, Any]:
    scale = Scale(finder.calibration, people=finder.gallery.people, source=finder.gallery.source)
    share, band = scale.share(similarity), scale.band(similarity)
    match = Match(rank=1, person=_NOBODY, similarity=similarity)
    banded = BandedMatch(match=match, band=band, stranger_share=share.value, bound=share.bound)
    whole = _answer((banded,), own=not scale.measured)
    part = _answer((banded,), own=not scale.measured, whole=False)
    people = finder.gallery.people
    as_many = people >= finder.calibration.gallery_people / 2
    return {
        "word": words.likeness(banded),
        "step": words.step(band),
        "headline": headline(whole, people=people, translate=words.translate),
        "headline_part": headline(part, people=people, translate=words.translate),
        "overline": overline(whole, people=people, several=False, translate=words.translate),
        "sentence": words.sentence(whole) or None,
        "found_out": band.key == FOUND_OUT,
        "nobody_close": as_many and share.value >= FAR_FROM_ALL,
    }


def _pair(words: Words, similarity: float) -> dict[str, Any]:
    table = words.calibration.pair
    band = table.band(similarity)
    return {
        "word": pair_verdict(band.key, words.translate),
        "step": words.step(band),
        "sentence": words.alike(similarity, table.stranger_share(similarity)),
    }


def _answer(matches: tuple[BandedMatch, ...], *, own: bool = False, whole: bool = True) -> FaceAnswer:
    return FaceAnswer(number=1, face=_UNSEEN, matches=matches, whole=whole, own=own)
