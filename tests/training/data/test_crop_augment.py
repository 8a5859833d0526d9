"""Crops for the aligner: the points stay on the face whatever is done to it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.landmarks import crop_matrix
from pipeline.similarity import CROP_SIDE_PX, apply_affine, template_for
from pipeline.types import Points5, Rgb8
from training.data.crop_augment import (
    CropAugment,
    detector_box,
    disturb_pixels,
    face_size,
    sample_crop,
    sample_empty_crop,
)

pytestmark = pytest.mark.train

GEOMETRY_ONLY = CropAugment(
    border_share=0.0,
    colour_share=0.0,
    gray_share=0.0,
    blur_share=0.0,
    low_resolution_share=0.0,
    jpeg_share=0.0,
    noise_share=0.0,
    occlusion_share=0.0,
)
# One colour a point, the left eye red ... ; found again in the crop by that colour
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]], np.uint8)


def dotted_face(side: int = 200) -> tuple[Rgb8, Points5]:
    """A grey picture with a coloured disc at each of five points."""
    image = np.full((side, side, 3), 128, np.uint8)
    points = template_for(side, margin_share=0.2)
    for (x, y), colour in zip(points, COLOURS, strict=True):
        cv2.circle(image, (round(float(x)), round(float(y))), 5, colour.tolist(), -1)
    return image, np.round(points).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_points_lie_on_the_same_dots_after_any_crop(seed: int) -> None:
    """Box or points, rolled, mirrored: a point and its dot never part by more than a pixel."""
    image, points = dotted_face()
    augment = replace(GEOMETRY_ONLY, flip_share=0.0)
    crop, moved = sample_crop(image, points, given_box=None, augment=augment, rng=np.random.default_rng(seed))
    looked_at = 0
    for point, colour in zip(moved, COLOURS, strict=True):
        close = np.abs(crop.astype(int) - colour).sum(axis=2) < 60
        rows, columns = np.nonzero(close)
        if len(rows) < 8 or not (point > 8).all() or not (point < CROP_SIDE_PX - 8).all():
            continue
        looked_at += 1
        assert np.hypot(columns.mean() - point[0], rows.mean() - point[1]) < 1.0
    assert looked_at >= 2


def test_a_mirrored_crop_names_its_points_as_seen() -> None:
    image, points = dotted_face()
    augment = replace(GEOMETRY_ONLY, flip_share=1.0, second_pass_share=1.0)
    crop, moved = sample_crop(image, points, given_box=None, augment=augment, rng=np.random.default_rng(5))
    assert moved[0, 0] < moved[1, 0]
    assert moved[3, 0] < moved[4, 0]
    x, y = np.round(moved[0]).astype(int)
    np.testing.assert_allclose(crop[y, x], COLOURS[1], atol=40)  # the other eye's dot


def test_a_crop_is_a_function_of_its_seed() -> None:
    image, points = dotted_face()
    first, again, other = (
        sample_crop(image, points, given_box=None, augment=CropAugment(), rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


def test_the_detectors_box_holds_an_upright_face_and_its_forehead() -> None:
    points = template_for(112)
    box = detector_box(points)
    assert box.x0 < points[:, 0].min()
    assert box.x1 > points[:, 0].max()
    assert points[0, 1] - box.y0 > face_size(points) * 0.5
    assert 1.2 < box.height / box.width < 1.5


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_the_detectors_box_turns_with_the_face_by_quarters(turns: int) -> None:
    """A quarter turn of the picture turns the box exactly."""
    points, side = template_for(112), 112
    box = detector_box(points)
    corners = np.array([[box.x0, box.y0], [box.x1, box.y1]])
    for _ in range(turns):
        points = np.stack([side - points[:, 1], points[:, 0]], axis=1)
        corners = np.stack([side - corners[:, 1], corners[:, 0]], axis=1)
    turned = detector_box(points)
    got = [turned.x0, turned.y0, turned.x1, turned.y1]
    np.testing.assert_allclose(got, [*corners.min(axis=0), *corners.max(axis=0)], atol=0.6)


def test_training_cuts_the_first_crop_where_serving_does() -> None:
    """Unshaken and upright, the points land where pipeline.landmarks.crop_matrix of the detector's box puts them."""
    image, points = dotted_face()
    still = replace(
        GEOMETRY_ONLY,
        second_pass_share=0.0,
        flip_share=0.0,
        box_shift=0.0,
        box_scale=(1.0, 1.0),
        roll_deg=0.0,
        any_roll_share=0.0,
    )
    _, moved = sample_crop(image, points, given_box=None, augment=still, rng=np.random.default_rng(0))
    want = apply_affine(crop_matrix(detector_box(points), side_px=CROP_SIDE_PX), points)
    np.testing.assert_allclose(moved, want, atol=1e-3)


def test_every_disturbance_at_once_still_gives_a_picture() -> None:
    image, points = dotted_face(CROP_SIDE_PX)
    everything = CropAugment(
        colour_share=1.0,
        gray_share=1.0,
        blur_share=1.0,
        low_resolution_share=1.0,
        jpeg_share=1.0,
        noise_share=1.0,
        occlusion_share=1.0,
        border_share=1.0,
    )
    seen = set()
    for seed in range(12):
        crop = disturb_pixels(image, points, augment=everything, rng=np.random.default_rng(seed))
        assert crop.shape == (CROP_SIDE_PX, CROP_SIDE_PX, 3)
        assert crop.dtype == np.uint8
        seen.add(crop.tobytes())
    assert len(seen) == 12


def test_a_crop_without_a_face_comes_from_the_picture() -> None:
    image = np.full((90, 140, 3), 200, np.uint8)
    crop = sample_empty_crop(image, augment=GEOMETRY_ONLY, rng=np.random.default_rng(0))
    assert crop.shape == (CROP_SIDE_PX, CROP_SIDE_PX, 3)
    assert (crop == 200).any()
