"""quality: numbers that grow and shrink with what they are named for."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.quality import eye_distance, light, roll_deg, sharpness, shown_cells, yaw_deg
from pipeline.similarity import ARCFACE_TEMPLATE
from tests.pictures import scene
from tests.strategies import Similarity, similarities

# The generic head of the head-pose examples (eye centres, nose tip, mouth corners; x right, y down, z towards the
# camera), in units of its eye distance of 330. In numbers of its own, so that the constants of yaw_deg are held to it.
HEAD = np.array([[-165, -170, -5], [165, -170, -5], [0, 0, 130], [-150, 150, 5], [150, 150, 5]], np.float64) / 330


def head(yaw: float) -> np.ndarray:
    """Five points of a head turned by yaw degrees towards the right of the picture, seen from far away."""
    angle = math.radians(yaw)
    x = HEAD[:, 0] * math.cos(angle) + HEAD[:, 2] * math.sin(angle)
    return np.stack([x, HEAD[:, 1]], axis=1).astype(np.float32)


@given(st.floats(-75, 75), similarities())
def test_yaw_is_that_of_the_head_however_it_is_rolled_and_scaled(yaw: float, move: Similarity) -> None:
    assert yaw_deg(move(head(yaw)).astype(np.float32)) == pytest.approx(yaw, abs=5.0)


@given(st.floats(0, 75))
def test_a_mirrored_head_looks_the_other_way(yaw: float) -> None:
    points = head(yaw)
    mirrored = (points * np.array([-1, 1], np.float32))[[1, 0, 2, 4, 3]]
    assert yaw_deg(mirrored) == pytest.approx(-yaw_deg(points), abs=0.01)


@given(st.floats(-179, 179), st.floats(1, 100))
def test_roll_and_eye_distance_are_those_of_the_eye_line(roll: float, scale: float) -> None:
    move = Similarity(math.radians(roll), scale, (5.0, 7.0))
    points = move(head(0)).astype(np.float32)
    assert roll_deg(points) == pytest.approx(roll, abs=0.01)
    assert eye_distance(points) == pytest.approx(scale, rel=1e-3)


def test_the_template_looks_straight_ahead() -> None:
    assert abs(yaw_deg(ARCFACE_TEMPLATE)) < 3.0
    assert abs(roll_deg(ARCFACE_TEMPLATE)) < 1.0


def test_points_in_one_place_give_numbers() -> None:
    points = np.full((5, 2), 3.0, np.float32)
    assert (yaw_deg(points), roll_deg(points), eye_distance(points)) == (0.0, 0.0, 0.0)


def textured(seed: int = 0) -> np.ndarray:
    """Detail at every scale, as a face has it: noise of 7 to 112 cells, coarse ones stronger."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.standard_normal((cells, cells)).astype(np.float32), (112, 112), interpolation=cv2.INTER_CUBIC)
        / cells
        for cells in (7, 14, 28, 56, 112)
    ]
    luma = np.clip(128 + 400 * sum(layers), 0, 255)
    return np.repeat(luma[..., None], 3, axis=2).astype(np.uint8)


def test_blur_lowers_sharpness_step_by_step() -> None:
    seen = [sharpness(textured())] + [
        sharpness(cv2.GaussianBlur(textured(), (0, 0), sigma)) for sigma in (2, 3.5, 5, 7)
    ]
    assert seen == sorted(seen, reverse=True)
    assert seen[0] > 5 * seen[3]
    assert sharpness(np.full((112, 112, 3), 90, np.uint8)) == 0.0


def test_noise_and_dim_light_do_not_pass_for_sharpness() -> None:
    """The plain variance of the Laplacian of a blurred crop rises fifteenfold with this noise."""
    blurred = cv2.GaussianBlur(textured(), (0, 0), 4)
    noisy = np.clip(blurred + np.random.default_rng(1).normal(0, 4, blurred.shape), 0, 255).astype(np.uint8)
    assert sharpness(noisy) < 1.6 * sharpness(blurred)
    assert sharpness((textured() * 0.2).astype(np.uint8)) == pytest.approx(sharpness(textured()), rel=0.15)


def test_the_edge_of_a_photo_does_not_pass_for_sharpness() -> None:
    """Half of the crop black beyond a blurred photo: as sharp as what is seen of it, not as the edge."""
    blurred = cv2.GaussianBlur(textured(), (0, 0), 5)
    cut = blurred.copy()
    cut[:, 60:] = 0
    shown = np.zeros((28, 28), bool)
    shown[:, :15] = True
    assert sharpness(cut) > 3 * sharpness(blurred)
    assert sharpness(cut, shown=shown) < 2 * sharpness(blurred)
    assert sharpness(blurred, shown=np.ones((28, 28), bool)) == sharpness(blurred)


def test_with_hardly_anything_shown_the_whole_crop_is_measured() -> None:
    shown = np.zeros((28, 28), bool)
    shown[:8, :8] = True
    assert sharpness(textured(), shown=shown) == sharpness(textured())


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
def test_cells_beyond_the_edges_of_the_photo_are_not_shown(scale: float) -> None:
    """A face whose crop is the photo's lower right part but 20 of its columns."""
    points = np.asarray((ARCFACE_TEMPLATE + 0.5) * scale + 30 * scale - 0.5, np.float32)
    whole = shown_cells(points, width=round(300 * scale), height=round(300 * scale))
    assert whole.all()
    assert whole.shape == (28, 28)
    cut = shown_cells(points, width=round((30 + 92) * scale), height=round(300 * scale))
    assert cut[:, :22].all()
    assert not cut[:, 24:].any()


def test_light_is_the_mean_luma_of_the_face_and_not_of_its_rim() -> None:
    crop = np.zeros((112, 112, 3), np.uint8)
    crop[16:96, 16:96] = 200
    assert light(crop) == pytest.approx(200.0)
    assert light(scene(112, 112)) == pytest.approx(float(scene(112, 112)[16:96, 16:96].mean()), abs=40)
