"""false_faces: boxes without a face of their own are told from faces, whatever they hold."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.false_faces import UNSURE, FoundFace, is_surface, without_doubles
from pipeline.gates import QualityGates
from pipeline.landmarks import Landmarks
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import Box, Detection, Points5, Rgb8
from tests.pipeline.drawn_faces import blank, draw_face

WHOLE = Box(0.0, 0.0, 300.0, 300.0)


def grid() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:1:300j, 0:1:300j]
    return y, x


def shaded(kind: str, dark: float, light: float) -> Rgb8:
    y, x = grid()
    along = {"across": x, "down": y, "slanting": (x + y) / 2, "lamp": np.clip(np.hypot(x - 0.5, y - 0.5) / 0.71, 0, 1)}
    grey = dark + (light - dark) * along[kind]
    return np.repeat(grey[..., None], 3, axis=2).round().astype(np.uint8)


def noisy(image: Rgb8, spread: float) -> Rgb8:
    rng = np.random.default_rng(7)
    return np.clip(image + rng.normal(0, spread, image.shape), 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("colour", [(0, 0, 0), (60, 60, 60), (128, 128, 128), (255, 255, 255), (230, 190, 160)])
@pytest.mark.parametrize("spread", [0.0, 1.0, 4.0, 12.0])
def test_a_plain_surface_is_one_with_noise_or_without(colour: tuple[int, int, int], spread: float) -> None:
    assert is_surface(noisy(np.full((300, 300, 3), colour, np.uint8), spread), WHOLE)


@pytest.mark.parametrize("kind", ["across", "down", "slanting", "lamp"])
@pytest.mark.parametrize(("dark", "light"), [(100, 140), (120, 128), (0, 255), (255, 0), (200, 100)])
@pytest.mark.parametrize("spread", [0.0, 4.0])
def test_a_shaded_surface_is_one(kind: str, dark: float, light: float, spread: float) -> None:
    assert is_surface(noisy(shaded(kind, dark, light), spread), WHOLE)


def test_blotches_and_compressed_grey_are_surfaces() -> None:
    coarse = noisy(np.full((40, 40, 3), 200, np.uint8), 3.0)
    assert is_surface(np.asarray(cv2.resize(coarse, (300, 300), interpolation=cv2.INTER_CUBIC), np.uint8), WHOLE)
    _, data = cv2.imencode(".jpg", noisy(np.full((300, 300, 3), 128, np.uint8), 6.0), [cv2.IMWRITE_JPEG_QUALITY, 40])
    assert is_surface(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8), WHOLE)


def test_a_box_beside_the_picture_holds_nothing() -> None:
    assert is_surface(blank(100, 100), Box(120.0, 10.0, 160.0, 50.0))


@pytest.mark.parametrize("eyes_px", [8.0, 30.0, 120.0, 400.0])
@pytest.mark.parametrize("dimmed", [1.0, 0.3, 0.1])
def test_a_face_is_no_surface_however_dim_or_large(eyes_px: float, dimmed: float) -> None:
    side = round(eyes_px * 3)
    image = blank(side, side)
    draw_face(image, centre=(side / 2, side / 2), eyes_px=eyes_px)
    assert not is_surface(np.asarray(image * dimmed).round().astype(np.uint8), Box(0.0, 0.0, side, side))


def landmarks(x: float, y: float, eyes_px: float = 40.0) -> Points5:
    points = (ARCFACE_TEMPLATE - ARCFACE_TEMPLATE.mean(axis=0)) * (eyes_px / 35.2)
    return np.asarray(points + np.array([x, y]), np.float32)


def face(box: tuple[float, float, float, float], points: Points5, score: float = 0.9) -> FoundFace:
    return Detection(Box(*box), score), Landmarks(points, 0.04)


HEAD = face((100, 100, 200, 220), landmarks(150, 165), 0.6)


@pytest.mark.parametrize("score", [0.3, 0.95], ids=["doubtful", "surer than the face itself"])
@pytest.mark.parametrize("first", [True, False])
def test_a_strip_whose_landmarks_lie_on_the_neighbour_is_no_second_face(score: float, first: bool) -> None:
    strip = face((60, 110, 98, 215), landmarks(149, 164), score)
    assert without_doubles([strip, HEAD] if first else [HEAD, strip]) == [HEAD]


def seen_apart(box: tuple[float, float, float, float], found: Points5, seen: Points5) -> FoundFace:
    """A detection with the detector's own points, whose landmarks are elsewhere."""
    return Detection(Box(*box), 0.7, seen), Landmarks(found, 0.1)


@pytest.mark.parametrize("first", [True, False])
def test_a_face_whose_landmarks_slid_stays_by_the_points_that_the_detector_saw(first: bool) -> None:
    """Two who kiss: told as a face, with an expected error that no gate lets through."""
    kissed = seen_apart((70, 110, 130, 210), landmarks(149, 164), landmarks(98, 160, 30.0))
    told = [kissed[0], Landmarks(landmarks(98, 160, 30.0), UNSURE)]
    got = without_doubles([kissed, HEAD] if first else [HEAD, kissed])
    detection, marks = got[0 if first else 1]
    assert detection is told[0]
    assert marks.error == UNSURE > QualityGates().max_points_error
    np.testing.assert_array_equal(marks.points, landmarks(98, 160, 30.0))
    assert got[1 if first else 0] is HEAD


@pytest.mark.parametrize(
    "seen", [landmarks(148, 166), landmarks(40, 160, 30.0)], ids=["on the neighbour, too", "outside of its own box"]
)
def test_a_strip_stays_no_face_where_the_detector_saw_none_of_its_own(seen: Points5) -> None:
    assert without_doubles([seen_apart((60, 110, 98, 215), landmarks(149, 164), seen), HEAD]) == [HEAD]


def test_landmarks_half_way_to_the_neighbour_are_no_face_either() -> None:
    """They coincide with nobody's, and yet their centre lies in the neighbour's box and not in their own."""
    strip = face((60, 110, 98, 215), landmarks(112, 165, 25.0), 0.95)
    assert without_doubles([strip, HEAD]) == [HEAD]


def test_of_two_boxes_round_one_face_the_surer_stays() -> None:
    better = face((105, 60, 180, 190), landmarks(151, 166), 0.8)
    assert without_doubles([HEAD, better]) == [better]


def test_a_box_that_lost_its_landmarks_stays_where_no_neighbour_has_them() -> None:
    alone = face((60, 110, 98, 215), landmarks(149, 164))
    assert without_doubles([alone]) == [alone]
    assert without_doubles([alone, face((400, 100, 500, 220), landmarks(450, 160))])[0] is alone


@given(st.integers(1, 9), st.floats(1.0, 3.0))
def test_people_side_by_side_all_stay_in_their_order(count: int, apart: float) -> None:
    """However close: two heads are at least one eye distance apart."""
    row = [face((x - 45, 100, x + 45, 220), landmarks(x, 165)) for x in (100 + 40.0 * apart * k for k in range(count))]
    assert without_doubles(row) == row


def test_landmarks_that_are_not_finite_double_nobody() -> None:
    lost = [face((100, 100, 200, 220), np.full((5, 2), value, np.float32)) for value in (np.nan, np.inf)]
    assert without_doubles([*lost, HEAD]) == [*lost, HEAD]
