"""landmarks: one look straightened by the detector's points, else two; points back in the photo's pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.errors import EngineFailed
from pipeline.landmarks import CROP_EXPAND, STRAIGHT_MARGIN_SHARE, Aligner, crop_matrix
from pipeline.manifest import InputSpec
from pipeline.similarity import apply_affine, template_for
from pipeline.types import Box, Detection, FloatArray, Nchw
from tests.pipeline.drawn_faces import AlignerByColour, blank, draw_face

BOXED = Detection(Box(50, 50, 120, 120), 0.9)


def face_round(points: FloatArray, eyes_px: float) -> Detection:
    (x, y), half = points.mean(axis=0).tolist(), 1.1 * eyes_px
    return Detection(Box(x - half, y - half, x + half, y + half), 0.9)


def test_the_crop_of_a_box_is_a_square_round_it() -> None:
    """The same numbers as in training: 1.25 of the larger side, its centre in the middle."""
    matrix = crop_matrix(Box(100, 40, 180, 140), side_px=112)
    side = CROP_EXPAND * 100
    corners = np.array([[140 - side / 2, 90 - side / 2], [140 + side / 2, 90 + side / 2]], np.float32)
    assert np.allclose(apply_affine(matrix, corners), [[0, 0], [112, 112]], atol=1e-3)
    assert (CROP_EXPAND, STRAIGHT_MARGIN_SHARE) == (1.25, 0.15)


def test_a_face_without_points_is_looked_at_twice_and_no_more() -> None:
    image, engine = blank(), AlignerByColour()
    points = draw_face(image, centre=(120.0, 100.0), eyes_px=40.0, roll=10.0)
    (marks,) = Aligner(engine).find(image, [face_round(points, 40.0)])
    assert np.abs(marks.points - points).max() < 0.7
    assert marks.error == pytest.approx(0.02, rel=1e-3)
    assert engine.batches == [1, 1]


@pytest.mark.parametrize("roll", [-170, -90, 0, 35, 90, 180])
def test_the_points_of_the_detector_straighten_the_only_look(roll: float) -> None:
    """However the face lies: no quarter turn is tried."""
    image, engine = blank(), AlignerByColour()
    points = draw_face(image, centre=(120.0, 100.0), eyes_px=40.0, roll=roll)
    rough = points + np.array([[3, -2], [-3, 1], [2, 2], [-2, -3], [1, 3]], np.float32)
    (marks,) = Aligner(engine).find(image, [replace(face_round(points, 40.0), points=rough)])
    assert np.abs(marks.points - points).max() < 0.7
    assert engine.batches == [1]


def test_points_of_the_detector_say_what_is_up() -> None:
    """Half a turn off they are not taken back by a try of the other turns: the face stays unsure, and is refused."""
    image, engine = blank(), AlignerByColour()
    points = draw_face(image, centre=(120.0, 100.0), eyes_px=40.0)
    turned = 2 * points.mean(axis=0) - points
    (marks,) = Aligner(engine).find(image, [replace(face_round(points, 40.0), points=turned)])
    assert marks.error == pytest.approx(0.5, rel=1e-3)
    assert engine.batches == [1]


@pytest.mark.parametrize("spoil", ["heap", "mirrored", "unknown"])
def test_points_that_make_no_face_are_passed_over_for_the_box(spoil: str) -> None:
    image, engine = blank(), AlignerByColour()
    points = draw_face(image, centre=(120.0, 100.0), eyes_px=40.0)
    spoilt = {
        "heap": np.full((5, 2), 100.0, np.float32),
        "mirrored": points * np.array([-1, 1], np.float32) + np.array([240, 0], np.float32),
        "unknown": np.full((5, 2), np.nan, np.float32),
    }[spoil]
    (marks,) = Aligner(engine).find(image, [replace(face_round(points, 40.0), points=spoilt)])
    assert np.abs(marks.points - points).max() < 0.7
    assert engine.batches == [1, 1]


def test_faces_with_and_without_points_keep_their_order() -> None:
    image, engine = blank(640, 240), AlignerByColour()
    faces = [draw_face(image, centre=(100.0 + 200 * k, 120.0), eyes_px=40.0) for k in range(3)]
    given = [face_round(points, 40.0) for points in faces]
    found = Aligner(engine).find(image, [given[0], replace(given[1], points=faces[1]), given[2]])
    for marks, points in zip(found, faces, strict=True):
        assert np.abs(marks.points - points).max() < 0.7
    assert engine.batches == [2, 3]


@pytest.mark.parametrize("roll", [-170, -135, -90, -60, 60, 90, 135, 180])
def test_a_lying_face_is_found_by_its_quarter_turns(roll: float) -> None:
    image, engine = blank(), AlignerByColour()
    points = draw_face(image, centre=(120.0, 100.0), eyes_px=40.0, roll=roll)
    (marks,) = Aligner(engine).find(image, [face_round(points, 40.0)])
    assert np.abs(marks.points - points).max() < 0.7
    assert engine.batches == [1, 3, 1]


def test_only_the_doubtful_are_turned() -> None:
    image, engine = blank(640, 240), AlignerByColour()
    faces = [draw_face(image, centre=(100.0 + 200 * k, 120.0), eyes_px=40.0, roll=90.0 * (k == 1)) for k in range(3)]
    found = Aligner(engine).find(image, [face_round(points, 40.0) for points in faces])
    for marks, points in zip(found, faces, strict=True):
        assert np.abs(marks.points - points).max() < 0.7
    assert engine.batches == [3, 3, 3]


def test_no_boxes_no_work() -> None:
    engine = AlignerByColour()
    assert Aligner(engine).find(blank(), []) == []
    assert engine.batches == []


def test_what_is_not_a_face_keeps_a_large_error() -> None:
    (marks,) = Aligner(AlignerByColour()).find(blank(), [BOXED])
    assert marks.error == pytest.approx(0.5, rel=1e-3)


class Says:
    """Gives the same points and log error for every crop."""

    def __init__(self, points: FloatArray, log_error: float) -> None:
        self.spec = InputSpec(name="images", sizes_px=(112,), color="RGB", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        self._points, self._log_error = points, log_error

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        points = np.broadcast_to(self._points, (len(batch), *self._points.shape))
        return points, np.full((len(batch), 1), self._log_error, np.float32)


def test_a_wild_log_error_does_not_overflow() -> None:
    (marks,) = Aligner(Says(template_for(112), 500.0)).find(blank(), [BOXED])
    assert 1.0 < marks.error < 100.0


@pytest.mark.parametrize("value", [50.0, np.nan])
def test_points_without_spread_come_back_without_a_second_look(value: float) -> None:
    engine = Says(np.full((5, 2), value, np.float32), -3.0)
    (marks,) = Aligner(engine).find(blank(), [BOXED])
    assert marks.error == pytest.approx(np.exp(-3.0))


def test_an_output_of_another_shape_is_refused() -> None:
    with pytest.raises(EngineFailed, match="wants"):
        Aligner(Says(np.zeros((68, 2), np.float32), -3.0)).find(blank(), [BOXED])
