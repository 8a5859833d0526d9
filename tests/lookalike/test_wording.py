"""What is said of people, similarities and shares."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.wording import (
    PAIR_VERDICTS,
    VERDICTS,
    Odds,
    describe_person,
    number,
    odds,
    pair_sentence,
    person_footnote,
    person_line,
    person_title,
    share_sentence,
    share_text,
    similarity_text,
    told_apart,
)
from pipeline.types import Refusal, RefusalCode
from tests.lookalike.cards.russian import RUSSIAN, russian
from tests.lookalike.cards.samples import person


@pytest.mark.parametrize(
    ("who", "title"),
    [
        (person("2880"), "CelebA No. 2880"),
        (person("2880", "Heidi Range"), "Heidi Range"),
        (person("253", "amanda crew", inferred=True), "perhaps Amanda Crew"),
        (person("aunt_olga"), "aunt olga"),
        (person("3", "Zoe\u0308\n Kravitz "), "Zo\u00eb Kravitz"),
    ],
    ids=["number", "name", "guess", "own folder", "taken apart"],
)
def test_a_title_tells_a_guess_from_a_name(who: object, title: str) -> None:
    assert person_title(who) == title  # type: ignore[arg-type]  # the table's column is wide


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ((), ""),
        (("-Male", "Black_Hair", "Eyeglasses"), "woman, dark hair, glasses"),
        (("Male", "-No_Beard", "Gray_Hair"), "man, grey hair, beard"),
        (("Male", "-No_Beard", "Goatee", "Bald"), "man, bald, goatee"),
        (("Male", "Wearing_Hat", "Black_Hair"), "man, hat"),
        (("-Male", "-No_Beard"), "woman"),
        (("Male", "Blond_Hair", "Brown_Hair"), "man, blond hair"),
        (("Male", "No_Beard"), "man"),
    ],
    ids=["nothing", "woman", "beard", "goatee", "hat hides hair", "mislabelled", "two colours", "shaven"],
)
def test_a_description_says_what_is_labelled(traits: tuple[str, ...], words: str) -> None:
    assert describe_person(person("1", None, *traits)) == words


def test_predicted_looks_are_marked() -> None:
    guessed = replace(person("1", None, "-Male", "Eyeglasses"), attributes_predicted=True)
    assert person_footnote(guessed) == "No. 1 · looks are a guess"
    assert person_line(guessed) == "Woman, glasses · No. 1 · looks are a guess"
    assert person_footnote(replace(guessed, name="Ann")) == "woman, glasses · looks are a guess"
    assert person_line(replace(guessed, attributes={})) == "CelebA No. 1"


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (1.0, Odds(1, 1)),
        (0.96, Odds(1, 1)),
        (0.94, Odds(9, 10)),
        (0.7, Odds(7, 10)),
        (0.5, Odds(1, 2)),
        (0.34, Odds(1, 3)),
        (0.1, Odds(1, 10)),
        (0.0101, Odds(1, 100)),
        (0.00071, Odds(1, 1000)),
        (0.0001, Odds(1, 10_000)),
    ],
)
def test_odds_are_round_numbers(share: float, said: Odds) -> None:
    assert odds(share) == said


@given(st.floats(1e-7, 1.0))
def test_odds_stay_near_the_share(share: float) -> None:
    said = odds(share)
    assert 0.6 <= said.count / said.total / share <= 1.51


@given(st.floats(1e-6, 1.0), st.floats(1e-6, 1.0))
def test_rarer_never_sounds_more_common(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert odds(low).count / odds(low).total <= odds(high).count / odds(high).total


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.99, "This face is harder to match than 9 faces in 10."),
        (0.7, "This face is harder to match than 7 faces in 10."),
        (0.55, "About as close as people usually get."),
        (0.45, "Closer than most people get."),
        (0.2, "Closer than 8 in 10 people get."),
        (0.05, "Only 1 in 20 people get this close."),
        (0.01, "Only 1 in 100 people get this close."),
    ],
)
def test_a_sentence_says_how_many_get_this_close(share: float, said: str) -> None:
    assert share_sentence(share) == said


def test_limits_are_said_as_limits() -> None:
    assert share_sentence(0.01, at_most=True) == "Fewer than 1 in 100 people get this close."
    assert share_sentence(0.74, at_least=True) == "This face is harder to match than 7 faces in 10."
    assert share_sentence(0.001, at_most=True, here=True) == "Fewer than 1 in 1,000 people get this close here."
    assert pair_sentence(0.0001, at_most=True) == "Fewer than 1 in 10,000 pairs of strangers look this alike."
    assert pair_sentence(0.2, at_least=True) == "No more alike than two people picked at random."
    assert share_text(0.9, at_least=True) == "over 9 in 10"
    assert share_text(0.01) == "1 in 100"
    assert share_text(0.001, at_most=True) == "under 1 in 1,000"


@given(st.floats(0.03, 0.97))
def test_a_said_share_is_within_a_factor_of_a_half_of_the_one_that_was_measured(share: float) -> None:
    """Both of those who get this close and, above a half, of those who don't."""
    said = share_sentence(share)
    numbers = [int(n.replace(",", "")) for n in re.findall(r"[0-9,]+", said)]
    if not numbers:
        assert 0.4 < share <= 0.6
        return
    told = numbers[0] / numbers[1]
    told = 1 - told if said.startswith("Closer") else told
    assert 1 / 1.52 <= told / share <= 1.52


def test_numbers_follow_the_language() -> None:
    assert number(9324) == "9,324"
    assert number(9324, russian) == "9\u00a0324"
    assert number(7) == "7"
    assert similarity_text(0.497) == "0.50"
    assert similarity_text(0.497, russian) == "0,50"
    assert similarity_text(-0.03) == "\u22120.03"
    assert similarity_text(-0.001) == "0.00"


def test_every_text_of_the_cards_has_a_russian_one_here() -> None:
    """`russian` raises KeyError on an unknown text; this finds the unused ones, too."""
    files = (Path("lookalike/wording.py"), Path("lookalike/verdicts.py"), *Path("lookalike/cards").glob("*.py"))
    source = re.sub(r'"\s*\n\s*"', "", "\n".join(path.read_text(encoding="utf-8") for path in files))
    said = set(re.findall(r'(?:translate|N_)\(\s*"(.*?)"\s*,?\s*\)', source))
    assert set(RUSSIAN) - said - {*VERDICTS.values(), *PAIR_VERDICTS.values()} == set()


@pytest.mark.parametrize(
    ("code", "value", "limit", "told"),
    [
        (RefusalCode.TOO_SMALL, 9.7, 10.0, (9, 10)),
        (RefusalCode.TOO_SMALL, 13.2, 13.4, (13, 14)),
        (RefusalCode.TURNED_AWAY, -70.2, 70.0, (71, 70)),
        (RefusalCode.TOO_DARK, 11.99, 12.0, (11, 12)),
        (RefusalCode.TOO_BRIGHT, 240.1, 240.0, (241, 240)),
        (RefusalCode.BLURRED, 9.5, 10.0, (9, 10)),
        (RefusalCode.POINTS_UNSURE, 0.1501, 0.15, (0.16, 0.15)),
        (RefusalCode.POINTS_UNSURE, 0.61, 0.15, (0.61, 0.15)),
    ],
)
def test_a_refusal_never_says_that_what_is_needed_was_there(
    code: RefusalCode, value: float, limit: float, told: tuple[float, float]
) -> None:
    assert told_apart(Refusal(code, value, limit)) == pytest.approx(told)


def test_a_refusal_without_a_number_is_told_as_it_is() -> None:
    assert told_apart(Refusal(RefusalCode.POINTS_UNSURE, float("inf"), 0.15)) == (float("inf"), 0.15)
