"""Headline, meter and sentence of an answer stand under one another on a card: they must never contradict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from index.types import Match
from lookalike.answers import BandedMatch, FaceAnswer
from lookalike.calibration import Calibration, load_calibration
from lookalike.scale import Scale
from lookalike.verdicts import headline, sentence
from lookalike.wording import VERDICTS
from tests.lookalike.cards.russian import russian
from tests.lookalike.cards.samples import answer, drawn_photo, person

# What a sentence says, from the least rare: a word of it. The order is that of falling shares.
SENTENCES: Final = ("harder to match", "as people usually", "than most", "Closer than", "Only 1", "Fewer than 1")
RUSSIAN: Final = ("найти труднее", "римерно", "большинства", "человек из", "лишь", "меньше")
# What may stand under a headline.
UNDER: Final = {
    "A face that's hard to match": {0},
    "A passing likeness": {0, 1},
    "A strong likeness": {2, 3},
    "Uncanny!": {4},
    "Is that you?": {4, 5},
}
# What may stand beside as many dots in a gallery of one's own: many dots never where most get closer.
BESIDE: Final = {0: {0, 1, 2, 3, 4}, 1: {0, 1, 2, 3, 4}, 2: {2, 3, 4}, 3: {3, 4, 5}, 4: {3, 4, 5}}
SIZES: Final = (1, 6, 20, 77, 300, 856, 3_000, 9_000, 9_400)


@pytest.fixture(scope="module")
def shipped() -> Calibration:
    path = Path("weights/calibration.json")
    return load_calibration(path, embedder=json.loads(path.read_text(encoding="utf-8"))["embedder"])


def _answers(calibration: Calibration, people: int, source: str = "") -> list[FaceAnswer]:
    """Answers whose first match has every similarity from -0.2 to 0.8, in steps of two thousandths."""
    scale = Scale(calibration, people=people, source=source)
    face = answer(drawn_photo()).face
    found = []
    for step in range(-100, 400):
        similarity = step / 500
        share = scale.share(similarity)
        match = BandedMatch(
            match=Match(rank=1, person=person("1"), similarity=similarity),
            band=scale.band(similarity), stranger_share=share.value, bound=share.bound,
        )  # fmt: skip
        found.append(FaceAnswer(number=1, face=face, matches=(match,), own=not scale.measured))
    return found


def _place(said: str, words: tuple[str, ...] = SENTENCES) -> int:
    return next(k for k, word in enumerate(words) if word in said)


def test_under_a_verdict_stands_no_sentence_that_contradicts_it(shipped: Calibration) -> None:
    people = shipped.gallery_people
    said = [(headline(one, people=people), _place(sentence(one))) for one in _answers(shipped, people)]
    assert {title for title, _ in said} == set(VERDICTS.values())
    for title, place in said:
        assert place in UNDER[title], (title, SENTENCES[place])
    assert [place for _, place in said] == sorted(place for _, place in said)


@pytest.mark.parametrize("people", SIZES)
def test_in_a_gallery_of_any_size_dots_and_sentence_agree(shipped: Calibration, people: int) -> None:
    places = []
    for one in _answers(shipped, people):
        places.append(_place(sentence(one)))
        assert places[-1] in BESIDE[one.matches[0].band.step], (one.matches[0], sentence(one))
        assert sentence(one).endswith((" here.", "in 10.")), sentence(one)
    assert places == sorted(places)


def test_in_every_gallery_that_comes_along_dots_and_sentence_agree(shipped: Calibration) -> None:
    assert shipped.galleries
    for gallery in shipped.galleries:
        for one in _answers(shipped, gallery.people, gallery.source):
            assert _place(sentence(one)) in BESIDE[one.matches[0].band.step], (one.matches[0], sentence(one))


def test_a_gallery_of_nearly_the_measured_size_calls_likenesses_nearly_the_same(shipped: Calibration) -> None:
    measured = _answers(shipped, shipped.gallery_people)
    near = _answers(shipped, shipped.gallery_people + 40)
    for one, other in zip(measured, near, strict=True):
        assert abs(one.matches[0].band.step - other.matches[0].band.step) <= 1, one.matches[0]


def test_languages_say_the_same_of_the_same_likeness(shipped: Calibration) -> None:
    for people in (shipped.gallery_people, 77):
        for one in _answers(shipped, people):
            assert _place(sentence(one, russian), RUSSIAN) == _place(sentence(one)), sentence(one, russian)
