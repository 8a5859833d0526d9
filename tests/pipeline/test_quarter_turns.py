"""quarter_turns: a mark in the turned picture comes back to the pixel it came from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.quarter_turns import turn_box_back, turn_image, turn_points_back
from pipeline.types import Box

SIDES = st.integers(2, 40)


@given(SIDES, SIDES, st.integers(-4, 8), st.data())
def test_points_come_back_to_their_pixel(width: int, height: int, turns: int, data: st.DataObject) -> None:
    """Oracle: the turned picture itself, one pixel lit."""
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    image = np.zeros((height, width, 3), np.uint8)
    image[y, x] = 255
    rows, columns = np.nonzero(turn_image(image, turns)[..., 0])
    lit = np.array([[columns[0], rows[0]]], np.float32)
    assert turn_points_back(lit, turns, width=width, height=height).tolist() == [[x, y]]


@given(SIDES, SIDES, st.integers(0, 3), st.data())
def test_boxes_come_back_round_their_pixels(width: int, height: int, turns: int, data: st.DataObject) -> None:
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    image = np.zeros((height, width, 3), np.uint8)
    image[y0:y1, x0:x1] = 255
    rows, columns = np.nonzero(turn_image(image, turns)[..., 0])
    turned = Box(*(float(edge) for edge in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)))
    assert turn_box_back(turned, turns, width=width, height=height) == Box(x0, y0, x1, y1)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_turn_is_clockwise_as_seen(turns: int) -> None:
    image = np.zeros((3, 4, 3), np.uint8)
    image[0, 0] = 255  # the upper left corner goes to the right, down, left
    where = [(0, 0), (0, 2), (2, 3), (3, 0)][turns]
    turned = turn_image(image, turns)
    assert turned[where].tolist() == [255, 255, 255]
    assert turned.flags.c_contiguous
