"""Spoilt crops and other ways to straighten: where paint lies, where points land."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from evaluation.datasets.alignments import (
    eyes_level,
    eyes_level_nose_centred,
    unstraightened,
)
from evaluation.datasets.corruptions import with_few_pixels, with_jpeg, with_mask, with_sunglasses
from evaluation.datasets.detections import box_round
from pipeline.errors import DegeneratePoints
from pipeline.similarity import ARCFACE_TEMPLATE, apply_affine
from pipeline.types import Points5, Rgb8

POINTS = ARCFACE_TEMPLATE.round().astype(int)


@pytest.fixture(name="crop")
def _crop() -> Rgb8:
    return np.random.default_rng(0).integers(100, 220, size=(112, 112, 3)).astype(np.uint8)


def _changed(crop: Rgb8, spoilt: Rgb8) -> list[bool]:
    """Whether each of the five points was painted over."""
    return [bool((crop[y, x] != spoilt[y, x]).any()) for x, y in POINTS]


def test_sunglasses_cover_the_eyes_and_a_mask_nose_tip_and_mouth(crop: Rgb8) -> None:
    assert _changed(crop, with_sunglasses(crop)) == [True, True, False, False, False]
    assert _changed(crop, with_mask(crop)) == [False, False, True, True, True]
    assert (with_sunglasses(crop)[POINTS[0][1], POINTS[0][0]] < 75).all()


@pytest.mark.parametrize("draw", [with_sunglasses, with_mask])
def test_what_is_drawn_is_the_same_on_both_sides(draw: Callable[[Rgb8, Points5], Rgb8]) -> None:
    """On a template whose eyes are level and whose middle is that of the crop."""
    points = np.array([[37.5, 50], [73.5, 50], [55.5, 70], [41, 92], [70, 92]], np.float32)
    drawn = draw(np.full((112, 112, 3), 120, np.uint8), points)
    assert np.array_equal(drawn, drawn[:, ::-1])


def test_forty_pixels_leave_no_detail_finer_than_three(crop: Rgb8) -> None:
    small = with_few_pixels(crop, side_px=40)
    assert small.shape == crop.shape
    assert small.astype(float).std() < crop.astype(float).std() / 2
    assert small.mean() == pytest.approx(crop.mean(), abs=1)


def test_a_lower_quality_loses_more_and_keeps_red_red(crop: Rgb8) -> None:
    lost = [float(np.abs(with_jpeg(crop, quality=q).astype(int) - crop).mean()) for q in (90, 30)]
    assert lost[0] < lost[1]
    red = np.zeros((112, 112, 3), np.uint8)
    red[..., 0] = 200
    assert with_jpeg(red).mean(axis=(0, 1)) == pytest.approx([200, 0, 0], abs=4)


@pytest.mark.parametrize("degrees", [0.0, 33.0, -70.0])
def test_every_way_but_the_unstraightened_brings_a_turned_face_upright(degrees: float) -> None:
    angle, scale = np.radians(degrees), 2.5
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    face = (ARCFACE_TEMPLATE @ turn.T + [300, 200]).astype(np.float32)
    assert apply_affine(eyes_level(face), face) == pytest.approx(ARCFACE_TEMPLATE, abs=1e-2)
    centred = apply_affine(eyes_level_nose_centred(face), face)
    assert centred[2] == pytest.approx(ARCFACE_TEMPLATE[2], abs=1e-2)
    assert centred[0, 1] == pytest.approx(centred[1, 1], abs=1e-2)
    assert np.hypot(*(centred[1] - centred[0])) == pytest.approx(35.24, abs=0.05)
    boxed = apply_affine(unstraightened(face), face)
    dx, dy = boxed[1] - boxed[0]
    assert np.degrees(np.arctan2(dy, dx)) == pytest.approx(degrees, abs=0.5)
    assert (boxed.min(axis=0) + boxed.max(axis=0)) / 2 == pytest.approx([55.9, 71.9], abs=0.2)
    leant = apply_affine(unstraightened(face, lean_deg=12.0), face)
    dx, dy = leant[1] - leant[0]
    assert np.degrees(np.arctan2(dy, dx)) == pytest.approx(degrees + 12.0, abs=0.5)
    assert np.hypot(*(leant.mean(axis=0) - 55.5)) == pytest.approx(np.hypot(*(boxed.mean(axis=0) - 55.5)), abs=0.01)


def test_points_without_spread_are_refused_by_every_way() -> None:
    for way in (eyes_level, eyes_level_nose_centred, unstraightened):
        with pytest.raises(DegeneratePoints):
            way(np.full((5, 2), 7.0, np.float32))


def test_the_box_round_the_points_holds_forehead_and_chin() -> None:
    box = box_round(ARCFACE_TEMPLATE)
    assert box.x0 < 25
    assert box.x1 > 87
    assert box.y0 < 30
    assert box.y1 > 105
    assert box.height > box.width
