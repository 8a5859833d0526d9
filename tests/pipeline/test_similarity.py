"""similarity: least squares onto the template, and the warp that follows it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pipeline.errors import DegeneratePoints
from pipeline.similarity import ARCFACE_TEMPLATE, align_face, apply_affine, estimate_similarity, template_for, warp
from tests.pictures import scene
from tests.strategies import Similarity, similarities

POINTS = npst.arrays(np.float64, (5, 2), elements=st.floats(-200, 200))


@given(similarities())
def test_align_undoes_a_similarity(move: Similarity) -> None:
    """Template points moved by any rotation, scale and shift come back within 0.05 px."""
    moved = move(ARCFACE_TEMPLATE)
    back = apply_affine(estimate_similarity(moved, ARCFACE_TEMPLATE), moved.astype(np.float64))
    assert np.abs(back - ARCFACE_TEMPLATE).max() < 0.05


@given(POINTS, POINTS)
def test_the_estimate_is_the_least_squares_one(source: np.ndarray, target: np.ndarray) -> None:
    """Oracle: the linear system in a, b, tx, ty of [[a, -b], [b, a]], solved by lstsq."""
    assume(source.std() > 1.0)
    rows = np.zeros((10, 4))
    rows[0::2] = np.column_stack([source[:, 0], -source[:, 1], np.ones(5), np.zeros(5)])
    rows[1::2] = np.column_stack([source[:, 1], source[:, 0], np.zeros(5), np.ones(5)])
    (a, b, tx, ty), *_ = np.linalg.lstsq(rows, target.reshape(-1), rcond=None)
    assume(np.hypot(a, b) > 1e-4)
    oracle = np.array([[a, -b, tx], [b, a, ty]])
    assert np.allclose(estimate_similarity(source, target), oracle, atol=1e-6 * max(1.0, float(np.abs(target).max())))


@pytest.mark.parametrize(
    "points",
    [np.zeros((5, 2)), np.full((5, 2), 17.25), np.full((5, 2), np.nan), np.full((5, 2), np.inf)],
    ids=["zero", "one place", "not numbers", "infinite"],
)
def test_points_without_spread_are_refused(points: np.ndarray) -> None:
    with pytest.raises(DegeneratePoints):
        estimate_similarity(points, ARCFACE_TEMPLATE)


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    """A similarity has no reflection: left and right of a person never swap."""
    mirrored = ARCFACE_TEMPLATE * np.array([-1, 1], np.float32)
    matrix = estimate_similarity(mirrored, ARCFACE_TEMPLATE)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_the_template_with_a_margin_is_the_template_shrunk_into_it() -> None:
    inner = template_for(112, margin_share=0.25)
    assert np.allclose(inner, 28 + ARCFACE_TEMPLATE / 2)
    assert np.allclose(template_for(224), ARCFACE_TEMPLATE * 2)


@settings(max_examples=40, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(0.04, 3.0), st.floats(200, 400), st.floats(200, 400))
def test_the_warp_shows_what_the_matrix_says(angle: float, scale: float, x: float, y: float) -> None:
    """Oracle: each crop pixel against the mean colour of the photo's pixels it covers."""
    photo = scene(640, 480, seed=3)
    move = Similarity(angle, scale, (0.0, 0.0))
    corner = move(np.array([[x, y]], np.float32))[0]
    matrix = Similarity(angle, scale, (56 - corner[0], 56 - corner[1])).matrix
    crop = warp(photo, matrix, side_px=112)
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    for row, column in ((56, 56), (40, 70), (80, 30)):
        px, py = inverse @ np.array([column, row, 1.0])
        if 2 <= px < 637 and 2 <= py < 477:
            reach = max(1, round(0.5 / scale))
            x0, x1, y0, y1 = int(px) - reach, int(px) + reach + 2, int(py) - reach, int(py) + reach + 2
            if x0 >= 0 and y0 >= 0 and x1 <= 640 and y1 <= 480:
                seen = photo[y0:y1, x0:x1].reshape(-1, 3).mean(axis=0)
                assert np.abs(crop[row, column] - seen).max() < 12


def test_outside_the_photo_is_black() -> None:
    matrix = np.array([[1.0, 0.0, 56.0], [0.0, 1.0, 56.0]])
    crop = warp(np.full((300, 300, 3), 200, np.uint8), matrix, side_px=112)
    assert crop[:50].max() == 0
    assert crop[60:, 60:].min() == 200
    far = warp(np.full((300, 300, 3), 200, np.uint8), np.array([[0.01, 0.0, 5000.0], [0.0, 0.01, 5000.0]]), side_px=112)
    assert far.max() == 0


def test_shrinking_averages_instead_of_skipping_pixels() -> None:
    """A checkerboard of single pixels shrunk tenfold is even grey, not noise."""
    checkers = np.indices((1200, 1200)).sum(axis=0) % 2 * 255
    photo = np.repeat(checkers[..., None].astype(np.uint8), 3, axis=2)
    crop = align_face(photo, np.asarray(ARCFACE_TEMPLATE * 10 + 30, np.float32))
    assert np.abs(crop[5:-5, 5:-5].astype(int) - 127).max() <= 3
