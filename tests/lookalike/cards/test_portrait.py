"""Drawn portraits: what they show follows from what is known, and nothing of it reads as skin."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import Person
from lookalike.cards.face_shape import FaceShape, shape_of
from lookalike.cards.portrait import Beard, Cut, HairColour, Portrait, portrait_of
from lookalike.cards.portrait_paint import HUES, paint_portrait, palette_of
from lookalike.cards.portrait_shapes import whole_head_zoom
from lookalike.cards.theme import Color
from pipeline.types import Rgb8
from tests.lookalike.cards.samples import PEOPLE, person

SKIN_HUES = (20.0, 85.0)  # degrees in Lab, from the palest to the darkest of the Monk skin tones


def drawn(portrait: Portrait, *, width: int = 200, height: int = 200) -> Rgb8:
    return np.asarray(paint_portrait(portrait, width, height))


def lab(color: Color) -> tuple[float, float, float]:
    pixel = np.array([[color.rgb]], np.float32) / 255
    lightness, a, b = cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0].tolist()
    return lightness, a, b


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
        "Eyeglasses", "Wearing_Hat", "Bald", "Goatee", "Mustache", "Gray_Hair", "Black_Hair", "Blond_Hair",
        "5_o_Clock_Shadow", "-Young", "Sideburns", "Bangs", "Wavy_Hair", "Straight_Hair", "Receding_Hairline",
        "-No_Beard",
    ],
)  # fmt: skip
def test_each_label_can_be_seen(label: str) -> None:
    plain = drawn(portrait_of(person("5", None, "Male")))
    with_label = drawn(portrait_of(person("5", None, "Male", label)))
    assert (np.abs(plain.astype(int) - with_label).max(axis=2) > 24).mean() > 0.0005


@pytest.mark.parametrize("seed", range(len(HUES)))
def test_no_face_has_a_hue_of_skin(seed: int) -> None:
    """At least 50 degrees from every hue of skin in Lab, and saturated enough for the hue to be seen."""
    palette = palette_of(replace(portrait_of(PEOPLE[0]), seed=seed))
    for color in (palette.face, palette.shade):
        _, a, b = lab(color)
        hue = math.degrees(math.atan2(b, a)) % 360
        low, high = SKIN_HUES
        away = min(abs((hue - edge + 180) % 360 - 180) for edge in SKIN_HUES)
        assert not low <= hue <= high
        assert away >= 50
        assert math.hypot(a, b) > 14


@pytest.mark.parametrize("seed", range(len(HUES)))
def test_hair_of_each_colour_stands_out_and_unknown_hair_is_the_ground_darkened(seed: int) -> None:
    tones = {}
    for label in ("", "Black_Hair", "Brown_Hair", "Blond_Hair", "Gray_Hair"):
        portrait = portrait_of(person("5", None, "Male", *([label] if label else [])))
        palette = palette_of(replace(portrait, seed=seed))
        tones[label] = lab(palette.hair)
        assert math.dist(tones[label], lab(palette.face)) > 15
    names = list(tones)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert math.dist(tones[one], tones[other]) > 14, (one, other)


@pytest.mark.parametrize("size", [(478, 560), (106, 106), (100, 300), (12, 12)])
def test_any_size_is_filled(size: tuple[int, int]) -> None:
    for who in PEOPLE[:5]:
        picture = drawn(portrait_of(who), width=size[0], height=size[1])
        assert picture.shape == (size[1], size[0], 3)


def test_hues_are_used_evenly() -> None:
    used = {portrait_of(person(str(n))).seed % len(HUES) for n in range(60)}
    assert used == set(range(len(HUES)))


@given(st.lists(st.floats(-2, 2), min_size=10, max_size=10))
def test_whatever_was_measured_the_parts_of_a_face_stay_in_order(points: list[float]) -> None:
    shape = shape_of(points)
    assert 5 < shape.eye_x < 11
    assert 46.2 < shape.nose_y <= shape.mouth_y - 3.5
    assert 2 < shape.mouth_x < 11


def test_a_wider_mouth_is_drawn_wider_and_no_measure_is_the_mean_face() -> None:
    mean = (-0.784, -0.857, 0.784, -0.857, 0, 0.097, -0.658, 0.808, 0.658, 0.808)
    wide = (*mean[:6], -0.75, 0.808, 0.75, 0.808)
    assert shape_of(mean).mouth_x == pytest.approx(shape_of(None).mouth_x, abs=0.1)
    assert shape_of(wide).mouth_x > shape_of(mean).mouth_x + 2
    assert shape_of(None) == FaceShape()


def test_a_zoomed_portrait_keeps_its_eye_line() -> None:
    portrait = portrait_of(person("5", None, "Male"))
    rows = []
    for zoom in (1.0, 1.45):
        picture = np.asarray(paint_portrait(portrait, 200, 200, zoom=zoom), int)
        line = np.abs(picture - palette_of(portrait).line.rgb).sum(axis=2) < 12
        column = line[:, round(100 + FaceShape().eye_x * 2 * zoom)]
        rows.append(np.flatnonzero(column)[-1])
    assert abs(rows[1] - 0.462 * 200 - 1.45 * (rows[0] - 0.462 * 200)) < 3


@pytest.mark.parametrize("who", [*PEOPLE[:4], *PEOPLE[5:7], person("8", None, "Male", "Wavy_Hair")])
def test_a_head_is_whole_at_the_largest_zoom_that_is_called_so(who: Person) -> None:
    """No hair and no hat touch the upper edge there, and a little further they do."""
    portrait = portrait_of(who)
    zoom = whole_head_zoom(portrait)
    assert zoom > 1.1
    palette = palette_of(portrait)
    grounds = {palette.back.rgb, palette.halo.rgb}

    def touches(zoom: float) -> bool:
        row = np.asarray(paint_portrait(portrait, 200, 200, zoom=zoom))[0, 60:140]
        return any(tuple(pixel) not in grounds for pixel in row.tolist())

    assert not touches(zoom)
    assert touches(zoom * 1.12)
