"""Drawn portraits: what they show follows from the labels."""

from __future__ import annotations

import numpy as np
import pytest

from lookalike.cards.portrait import Beard, Cut, HairColour, Portrait, portrait_of
from lookalike.cards.portrait_paint import HAIR, HUES, paint_portrait
from lookalike.cards.theme import DARK, LIGHT, Theme
from pipeline.types import Rgb8
from tests.lookalike.cards.samples import PEOPLE, person


def drawn(portrait: Portrait, *, theme: Theme = LIGHT, width: int = 200, height: int = 200) -> Rgb8:
    return np.asarray(paint_portrait(portrait, width, height, theme))


def test_labels_become_traits() -> None:
    traits = portrait_of(person("1", None, "Male", "Gray_Hair", "Receding_Hairline", "Goatee", "Eyeglasses")).traits
    assert traits is not None
    assert (traits.cut, traits.colour, traits.beard, traits.glasses, traits.hat) == (
        Cut.RECEDING, HairColour.GREY, Beard.GOATEE, True, False,
    )  # fmt: skip


def test_a_beard_label_on_a_woman_is_not_drawn() -> None:
    traits = portrait_of(person("1", None, "-Male", "-No_Beard")).traits
    assert traits is not None
    assert traits.beard is Beard.NONE


def test_nothing_known_is_a_monogram() -> None:
    assert portrait_of(person("10177")).monogram == "10177"
    assert portrait_of(person("3", "Maria Fernandez y Castro")).monogram == "MC"
    assert portrait_of(person("3", "Ли")).monogram == "Л"
    assert portrait_of(person("aunt_olga")).monogram == "AO"
    assert portrait_of(person("10177")).traits is None


def test_the_same_person_is_drawn_the_same_and_others_differ() -> None:
    pictures = {drawn(portrait_of(who)).tobytes() for who in PEOPLE for _ in range(2)}
    assert len(pictures) == len(PEOPLE)


@pytest.mark.parametrize(
    "label",
    [
        "Eyeglasses",
        "Smiling",
        "Wearing_Hat",
        "Bald",
        "Goatee",
        "Mustache",
        "Wearing_Necktie",
        "Gray_Hair",
        "5_o_Clock_Shadow",
    ],
)
def test_each_label_can_be_seen(label: str) -> None:
    plain = drawn(portrait_of(person("5", None, "Male", "Straight_Hair", "-Smiling")))
    with_label = drawn(portrait_of(person("5", None, "Male", "Straight_Hair", "-Smiling", label)))
    assert (np.abs(plain.astype(int) - with_label).max(axis=2) > 30).mean() > 0.0005


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("colour", list(HAIR))
def test_hair_stands_out_from_every_face_and_ground(theme: Theme, colour: HairColour) -> None:
    """Somewhere along its edge every hair colour must be told from what is behind: here, from the face."""
    label = {"black": "Black_Hair", "brown": "Brown_Hair", "blond": "Blond_Hair", "grey": "Gray_Hair"}[colour.value]
    picture = drawn(portrait_of(person("5", None, "Male", "Straight_Hair", label)), theme=theme)
    hair, face = picture[44, 100].astype(int), picture[70, 100].astype(int)
    assert np.abs(hair - HAIR[colour].rgb).max() <= 2
    assert np.abs(hair - face).max() > 40


@pytest.mark.parametrize("size", [(482, 392), (301, 188), (146, 146), (100, 300), (12, 12)])
def test_any_size_is_filled(size: tuple[int, int]) -> None:
    for who in PEOPLE[:5]:
        picture = drawn(portrait_of(who), width=size[0], height=size[1])
        assert picture.shape == (size[1], size[0], 3)


def test_hues_are_used_evenly() -> None:
    used = {portrait_of(person(str(n))).seed % len(HUES) for n in range(60)}
    assert used == set(range(len(HUES)))
