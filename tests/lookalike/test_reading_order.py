"""Faces are numbered as one reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lookalike.answers import Compared, Found
from lookalike.finder import Finder
from lookalike.reading_order import FIRST, in_reading_order
from pipeline.types import Box, Face, PhotoFaces
from tests.lookalike.builders import EightPeople, ScriptedReader, calibration, face, photo, unit


def at(x: float, y: float, *, side: float = 80.0, usable: bool = True) -> Face:
    return replace(face(unit(1) if usable else None, size_px=side), box=Box(x, y, x + side, y + side))


def places(read: PhotoFaces) -> list[tuple[float, float]]:
    return [(one.box.x0, one.box.y0) for one in read.faces]


@pytest.mark.parametrize(
    ("found", "read"),
    [
        pytest.param([(300, 10), (10, 10), (150, 10)], [(10, 10), (150, 10), (300, 10)], id="a row"),
        pytest.param(
            [(300, 200), (10, 20), (160, 210), (200, 10)], [(10, 20), (200, 10), (160, 210), (300, 200)], id="two rows"
        ),
        pytest.param([(200, 40), (10, 0), (400, 0)], [(10, 0), (200, 40), (400, 0)], id="heads of unlike heights"),
        pytest.param([(10, 300), (10, 0)], [(10, 0), (10, 300)], id="one above another"),
    ],
)
def test_faces_are_counted_row_by_row_from_left_to_right(
    found: list[tuple[float, float]], read: list[tuple[float, float]]
) -> None:
    assert places(in_reading_order(photo(*(at(x, y) for x, y in found)))) == read


def test_refused_faces_come_last_and_nobody_is_lost() -> None:
    read = in_reading_order(photo(at(200, 0, usable=False), at(100, 0), at(0, 0)))
    assert places(read) == [(0, 0), (100, 0), (200, 0)]
    assert [one.usable for one in read.faces] == [True, True, False]


def test_the_largest_faces_of_a_crowd_have_the_first_numbers() -> None:
    near = [at(100 * k, 500, side=90) for k in range(FIRST)]
    far = [at(40 * k, 0, side=30) for k in range(30)]
    read = in_reading_order(photo(*near, *far))
    assert [one.box.y0 for one in read.faces] == [500] * FIRST + [0] * 30


def test_answers_and_comparisons_count_alike() -> None:
    """The face on the left is number 1, though the one on the right is larger and was found first."""
    right, left = replace(at(200, 0, side=120), embedding=face(unit(0, 1)).embedding), at(0, 20)
    finder = Finder(ScriptedReader({b"two": photo(right, left), b"one": photo(at(0, 0))}), EightPeople(), calibration())
    answer = finder.find(b"two")
    assert isinstance(answer, Found)
    assert [item.face.box.x0 for item in answer.faces] == [0, 200]
    assert [item.number for item in answer.faces] == [1, 2]
    compared = finder.compare(b"two", b"one")
    assert isinstance(compared, Compared)
    assert compared.face_a == 0
    assert compared.all_pairs[0][0] == pytest.approx(1.0)
