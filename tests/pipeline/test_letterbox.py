"""letterbox: any photo into a square, and its boxes back."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.letterbox import PADDING_GREY, fit, letterbox
from pipeline.types import Box
from tests.pictures import four_corners
from tests.strategies import boxes

SIDES = st.integers(1, 3000)


@given(SIDES, SIDES, st.sampled_from([32, 320, 640]), boxes(width=3000, height=3000))
def test_boxes_come_back_as_they_went(width: int, height: int, side_px: int, box: Box) -> None:
    place, _ = fit(width=width, height=height, side_px=side_px)
    row = np.array([[box.x0, box.y0, box.x1, box.y1]], np.float32)
    assert np.allclose(place.to_photo(place.to_canvas(row)), row, atol=0.02)


@given(SIDES, SIDES, st.sampled_from([32, 320, 640]))
def test_the_photo_fits_and_one_side_is_full(width: int, height: int, side_px: int) -> None:
    place, (scaled_w, scaled_h) = fit(width=width, height=height, side_px=side_px)
    assert max(scaled_w, scaled_h) == side_px
    assert min(scaled_w, scaled_h) >= 1
    assert place.pad_x + scaled_w <= side_px
    assert place.pad_y + scaled_h <= side_px
    assert abs((side_px - scaled_w) - 2 * place.pad_x) <= 1
    assert abs((side_px - scaled_h) - 2 * place.pad_y) <= 1


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 700), st.integers(8, 700), st.sampled_from([64, 320]))
def test_the_canvas_shows_the_photo_where_the_place_says(width: int, height: int, side_px: int) -> None:
    """Oracle: the centre of each coloured quarter, carried to the canvas, has the quarter's colour."""
    photo = four_corners(width, height)
    canvas, place = letterbox(photo, side_px=side_px)
    assert canvas.shape == (side_px, side_px, 3)
    for x, y in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        cx, cy, _, _ = place.to_canvas(np.array([[width * x, height * y, 0, 0]], np.float32))[0]
        seen = canvas[min(int(cy), side_px - 1), min(int(cx), side_px - 1)]
        if place.scale * min(width, height) >= 8:
            assert np.abs(seen.astype(int) - photo[int(height * y), int(width * x)]).max() < 70


def test_the_rest_is_grey() -> None:
    canvas, place = letterbox(np.zeros((100, 200, 3), np.uint8), side_px=64)
    assert (place.pad_x, place.pad_y) == (0, 16)
    assert (canvas[:16] == PADDING_GREY).all()
    assert (canvas[48:] == PADDING_GREY).all()
    assert (canvas[16:48] == 0).all()


def test_a_picture_that_fits_is_taken_as_it_is() -> None:
    photo = four_corners(64, 64)
    canvas, place = letterbox(photo, side_px=64)
    assert np.array_equal(canvas, photo)
    assert (place.scale, place.pad_x, place.pad_y) == (1.0, 0.0, 0.0)
