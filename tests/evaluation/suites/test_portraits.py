"""When two drawn tiles count as told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluation.suites.portraits import apart, pairs_apart
from lookalike.cards.face_shape import FaceShape
from lookalike.cards.portrait import GROUNDS, HUES, Portrait, portrait_of
from tests.lookalike.cards.samples import person

ONE = replace(portrait_of(person("1", None, "-Male", "Black_Hair")), seed=0)
GLASSES = replace(portrait_of(person("2", None, "-Male", "Black_Hair", "Eyeglasses")), seed=0)
TWO_TRAITS = replace(portrait_of(person("2", None, "-Male", "Eyeglasses", "Bangs", "Black_Hair")), seed=0)


@pytest.mark.parametrize(
    ("other", "all_that_is_drawn", "known_alone"),
    [
        (ONE, False, False),
        (GLASSES, False, False),
        (TWO_TRAITS, True, True),
        (replace(ONE, seed=1 + HUES), True, False),
        (replace(GLASSES, seed=1), True, False),
        (replace(ONE, seed=HUES * GROUNDS), False, False),
        (replace(ONE, shape=FaceShape(mouth_x=FaceShape().mouth_x + 1)), False, False),
        (replace(ONE, shape=FaceShape(mouth_x=FaceShape().mouth_x + 3.5)), True, True),
        (portrait_of(person("5012")), True, True),
    ],
    ids=["same", "one trait", "two traits", "hue and ground", "hue and glasses", "collar alone", "mouth a little wider",
         "mouth wider", "monogram"],
)  # fmt: skip
def test_two_tiles_differ_in_two_traits_or_a_landmark(
    other: Portrait, all_that_is_drawn: bool, known_alone: bool
) -> None:
    assert apart(ONE, other) is apart(other, ONE) is all_that_is_drawn
    assert apart(ONE, other, known=True) is known_alone


def test_every_pair_of_a_card_is_counted() -> None:
    assert pairs_apart([ONE, GLASSES, TWO_TRAITS]).tolist() == [False, True, False]
