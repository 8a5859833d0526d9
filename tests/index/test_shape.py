"""The shape of a face is what is left without place, size and tilt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.people_table import decode_people, encode_people
from index.shape import mean_shape, normalised
from index.types import Person

FACE = np.array([[38, 52], [74, 52], [56, 72], [42, 92], [70, 93]], np.float32)


@given(st.floats(0, 6.28), st.floats(0.1, 30), st.floats(-500, 500), st.floats(-500, 500))
def test_a_moved_turned_and_scaled_face_has_the_same_shape(angle: float, scale: float, dx: float, dy: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (FACE @ turn.T * scale + [dx, dy]).astype(np.float32)
    before, after = normalised(FACE), normalised(moved)
    assert before is not None
    assert after is not None
    assert np.abs(before - after).max() < 2e-3


def test_a_wider_mouth_is_another_shape() -> None:
    wide = FACE + np.array([[0, 0], [0, 0], [0, 0], [-6, 0], [6, 0]], np.float32)
    a, b = normalised(FACE), normalised(wide)
    assert a is not None
    assert b is not None
    assert b[4, 0] - b[3, 0] > 1.2 * (a[4, 0] - a[3, 0])


def test_points_that_coincide_have_no_shape_and_are_left_out_of_the_mean() -> None:
    nothing = np.ones((5, 2), np.float32)
    assert normalised(nothing) is None
    assert mean_shape([nothing]) is None
    assert mean_shape([]) is None
    assert mean_shape([FACE, nothing]) == mean_shape([FACE])


def test_the_table_of_people_keeps_the_shape() -> None:
    shape = mean_shape([FACE])
    person = Person(number="1", name=None, image="a.jpg", images=1, attributes={}, mean_shape=shape)
    assert decode_people(encode_people([person]))[0].mean_shape == pytest.approx(shape)
