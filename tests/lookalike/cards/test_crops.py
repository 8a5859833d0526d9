"""Faces cut out of photos: upright, centred, and filled where the photo ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.cards.crops import cut_out, fit_gallery, placement, portrait_placement, portrait_zoom
from pipeline.similarity import ARCFACE_TEMPLATE, apply_affine
from pipeline.types import Points5

WIDTH, HEIGHT = 482, 392


def turned(angle_deg: float, *, scale: float, x: float, y: float) -> Points5:
    """The template round its middle, turned, scaled and moved to (x, y)."""
    angle = np.deg2rad(angle_deg)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    return np.asarray((ARCFACE_TEMPLATE - 56) @ rotation.T + [x, y], np.float32)


@given(st.floats(-180, 180), st.floats(0.2, 6), st.sampled_from([(482, 392), (482, 520), (300, 300)]))
def test_a_face_amid_a_large_photo_stands_upright_in_the_middle(
    angle: float, scale: float, size: tuple[int, int]
) -> None:
    width, height = size
    points = turned(angle, scale=scale, x=5000, y=5000)
    shown = apply_affine(placement(points, (10_000, 10_000), width=width, height=height), points)
    assert shown[0, 1] == pytest.approx(shown[1, 1], abs=1.0)  # eyes level
    assert shown[0, 0] < shown[1, 0]
    assert shown[:, 0].mean() == pytest.approx(width / 2, abs=3)
    assert 0.3 * height < shown[:2, 1].mean() < 0.5 * height
    assert shown[3:, 1].mean() < 0.75 * height


@given(st.floats(-30, 30), st.floats(0, 400), st.floats(0, 300))
def test_near_an_edge_all_points_stay_in_the_frame(angle: float, x: float, y: float) -> None:
    points = turned(angle, scale=1.0, x=x, y=y)
    shown = apply_affine(placement(points, (400, 300), width=WIDTH, height=HEIGHT), points)
    assert (shown > 0).all()
    assert (shown[:, 0] < WIDTH).all()
    assert (shown[:, 1] < HEIGHT).all()


def test_what_lies_outside_the_photo_is_not_black() -> None:
    image = np.full((112, 112, 3), 200, np.uint8)
    shown = cut_out(image, ARCFACE_TEMPLATE, width=WIDTH, height=HEIGHT)
    assert shown.shape == (HEIGHT, WIDTH, 3)
    assert shown.min() > 190


def test_a_large_face_is_averaged_down_without_aliasing() -> None:
    """A fine checkerboard becomes its mean, not a moire."""
    board = np.indices((2000, 2000)).sum(axis=0) % 2 * 255
    image = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    shown = cut_out(image, turned(0, scale=12, x=1000, y=1000), width=300, height=300)
    assert abs(shown.astype(int) - 127).max() < 6


@pytest.mark.parametrize("size", [(218, 178), (109, 89), (300, 300), (100, 400), (400, 100), (30, 20)])
@pytest.mark.parametrize("frame", [(482, 392), (301, 188), (146, 146), (100, 200)])
def test_gallery_pictures_of_any_shape_fill_any_frame(size: tuple[int, int], frame: tuple[int, int]) -> None:
    shown = fit_gallery(np.full((*size, 3), 120, np.uint8), width=frame[0], height=frame[1])
    assert shown.shape == (frame[1], frame[0], 3)
    assert abs(shown.astype(int) - 120).max() <= 2


def test_the_face_of_an_aligned_gallery_picture_stays_whole() -> None:
    """CelebA's eyes lie at y = 112 and its mouths at about 152 of 218: both show, in wide frames and square ones."""
    image = np.zeros((218, 178, 3), np.uint8)
    image[110:114, 60:118] = (255, 0, 0)
    image[172:176, 60:118] = (0, 255, 0)  # the chin
    for width, height in ((482, 392), (301, 188), (146, 146)):
        shown = fit_gallery(image, width=width, height=height)
        assert (shown[..., 0] > 128).any()
        assert (shown[..., 1] > 128).any()


def test_a_tight_photo_keeps_the_head_that_it_shows() -> None:
    """Cut below the chin and at the ears, as a passport's: the hair at its upper edge stays on the card."""
    points = turned(0, scale=1.0, x=56, y=66)
    photo = (112, 132)
    zoom = portrait_zoom(points, photo, width=478, height=560)
    matrix = portrait_placement(points, photo, width=478, height=560, zoom=zoom)
    forehead = apply_affine(matrix, np.array([[56, 10]], np.float32))[0]
    assert forehead[1] > 0
    assert apply_affine(matrix, points)[:2, 1].mean() == pytest.approx(0.462 * 560, abs=1)
