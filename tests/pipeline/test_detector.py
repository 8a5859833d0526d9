"""detector: YOLO's rows become boxes in the photo's pixels, one a face; large photos are looked at again in parts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from pipeline.detector import AFAR_MARGIN_PX, Detector, boxes_above
from pipeline.errors import EngineFailed
from pipeline.letterbox import fit
from pipeline.manifest import DetectorThresholds, InputSpec
from pipeline.tiles import MOST_TILES
from pipeline.types import Box, FloatArray, Nchw, Rgb8
from tests.pictures import scene
from tests.strategies import boxes

THRESHOLDS = DetectorThresholds(score=0.4, sure=0.6, iou=0.5, covered=0.7)


class Scripted:
    """Says where these boxes of a width x height photo are on the canvas that shows it whole."""

    def __init__(
        self, said: list[tuple[Box, float]], *, width: int = 640, height: int = 480, step_px: int = 32
    ) -> None:
        self.spec = InputSpec(
            name="images",
            sizes_px=(640,),
            color="RGB",
            mean=(0.0, 0.0, 0.0),
            std=(255.0, 255.0, 255.0),
            step_px=step_px,
        )
        self._said, self._size = said, (width, height)
        self.seen: list[Nchw] = []

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        self.seen.append(batch)
        width, height = self._size
        place, _ = fit(width=width, height=height, side_px=640, step_px=self.spec.step_px)
        rows = [
            [*place.to_canvas(np.array([[box.x0, box.y0, box.x1, box.y1]], np.float32))[0], score]
            for box, score in self._said
        ]
        return (_rows(rows),)


class BySize:
    """Finds white squares on black: sure of those from `sure_px` on its canvas, hints at the rest down to two."""

    def __init__(self, *, sure_px: float) -> None:
        self.spec = InputSpec(
            name="images", sizes_px=(640,), color="RGB", mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0), step_px=32
        )
        self._sure_px = sure_px
        self.seen: list[Nchw] = []

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        self.seen.append(batch)
        _, _, stats, _ = cv2.connectedComponentsWithStats((batch[0].min(axis=0) > 0.6).astype(np.uint8))
        rows = [
            [x, y, x + wide, y + high, 0.9 if max(wide, high) >= self._sure_px else 0.3]
            for x, y, wide, high, _ in stats[1:]
            if max(wide, high) >= 2
        ]
        return (_rows(rows),)


def _rows(corners_and_scores: list[list[float]]) -> FloatArray:
    corners = np.array(corners_and_scores, np.float32).reshape(-1, 5)
    centre, sides = (corners[:, :2] + corners[:, 2:4]) / 2, corners[:, 2:4] - corners[:, :2]
    return np.concatenate([centre, sides, corners[:, 4:]], axis=1).T[None]


def detect(said: list[tuple[Box, float]], **size: int) -> list[tuple[Box, float]]:
    image = scene(size.get("width", 640), size.get("height", 480))
    return [(found.box, found.score) for found in Detector(Scripted(said, **size), THRESHOLDS).detect(image)]


@settings(max_examples=50, deadline=None)
@given(boxes(smallest=4.0))
def test_boxes_come_in_the_photos_pixels(box: Box) -> None:
    ((found, score),) = detect([(box, 0.75)])
    assert np.allclose([found.x0, found.y0, found.x1, found.y1], [box.x0, box.y0, box.x1, box.y1], atol=0.05)
    assert score == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("width", "height", "canvas"),
    [
        (640, 480, (480, 640)),
        (1000, 1000, (640, 640)),
        (300, 400, (640, 480)),
        (1000, 670, (448, 640)),
        (4000, 500, (160, 1280)),
    ],
)
def test_the_canvas_has_the_photos_shape(width: int, height: int, canvas: tuple[int, int]) -> None:
    """4:3 is looked at on 640 x 480; photos beyond 2:1 get a longer canvas instead of faces of a few pixels."""
    engine = Scripted([], width=width, height=height)
    Detector(engine, THRESHOLDS).detect(scene(width, height))
    assert engine.seen[0].shape[2:] == canvas


def test_a_network_that_takes_squares_gets_squares() -> None:
    engine = Scripted([], step_px=0)
    Detector(engine, THRESHOLDS).detect(scene(640, 480))
    assert [batch.shape[2:] for batch in engine.seen] == [(640, 640)]


def _squares(width: int, height: int, *, side: int, apart: int) -> tuple[Rgb8, list[tuple[int, int]]]:
    image = np.zeros((height, width, 3), np.uint8)
    places = [(x, y) for y in range(apart, height - apart, apart) for x in range(apart, width - apart, apart)]
    for x, y in places:
        image[y : y + side, x : x + side] = 255
    return image, places


def test_small_faces_of_a_large_photo_are_found_by_a_closer_look() -> None:
    """24 px of 2048 are 7 px on the canvas: hints alone. Each is found once, where it is, also between the tiles."""
    image, places = _squares(2048, 1536, side=24, apart=190)
    engine = BySize(sure_px=12.0)
    found = Detector(engine, THRESHOLDS).detect(image)
    assert sorted((round(one.box.x0 / 10), round(one.box.y0 / 10)) for one in found) == sorted(
        (round(x / 10), round(y / 10)) for x, y in places
    )
    assert all(abs(one.box.width - 24) < 4 for one in found)
    assert 2 < len(engine.seen) <= 2 + MOST_TILES  # the first look, the one from afar, tiles


def test_large_sure_faces_are_looked_at_once() -> None:
    image, places = _squares(2048, 1536, side=200, apart=500)
    engine = BySize(sure_px=12.0)
    assert len(Detector(engine, THRESHOLDS).detect(image)) == len(places)
    assert len(engine.seen) == 1


def test_a_photo_without_spare_pixels_has_no_tiles() -> None:
    engine = BySize(sure_px=30.0)
    image, _ = _squares(800, 600, side=12, apart=200)
    assert Detector(engine, THRESHOLDS).detect(image) == []
    assert [batch.shape[2:] for batch in engine.seen] == [(480, 640), (224, 256)]  # and is looked at from afar


def test_several_boxes_of_a_sure_face_call_for_no_second_look() -> None:
    """Networks of this kind say a face with many boxes, most of them less sure than the best."""
    face, about = Box(900, 900, 960, 970), Box(902, 898, 961, 968)
    engine = Scripted([(face, 0.8), (about, 0.3)], width=2048, height=1536)
    assert len(Detector(engine, THRESHOLDS).detect(scene(2048, 1536))) == 1
    assert len(engine.seen) == 1


class FromAfarOnly:
    """Is sure of one face with grey on all sides of it, and doubts a part of it where it fills the canvas."""

    def __init__(self) -> None:
        self.spec = Scripted([]).spec

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        height, width = batch.shape[2:]
        if width == 640:
            return (_rows([[0, 0, 640, 300, 0.45]]),)
        margin = AFAR_MARGIN_PX
        return (_rows([[margin, margin, width - margin, height - margin, 0.9], [60, 60, 80, 80, 0.9]]),)


def test_a_face_that_fills_the_photo_is_found_from_afar_once() -> None:
    """What is small there was looked at better before."""
    ((box, score),) = [
        (found.box, found.score) for found in Detector(FromAfarOnly(), THRESHOLDS).detect(scene(640, 640))
    ]
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((0, 0, 640, 640), abs=0.1)
    assert score == pytest.approx(0.9)


def test_a_glance_takes_a_canvas_of_half_the_size() -> None:
    engine = BySize(sure_px=12.0)
    image, places = _squares(640, 480, side=60, apart=160)
    assert len(Detector(engine, THRESHOLDS).glance(image)) == len(places)
    assert [batch.shape[2:] for batch in engine.seen] == [(256, 320)]


def test_half_a_face_inside_a_face_is_dropped_and_a_neighbour_is_not() -> None:
    whole, half, beside = Box(100, 100, 300, 300), Box(110, 200, 290, 310), Box(280, 100, 480, 300)
    found = detect([(whole, 0.9), (half, 0.8), (beside, 0.7)])
    assert [box.x0 for box, _ in found] == pytest.approx([100, 280], abs=0.1)


def test_neighbours_that_overlap_little_are_both_kept() -> None:
    assert len(detect([(Box(0, 0, 100, 100), 0.9), (Box(60, 0, 160, 100), 0.8)])) == 2


def test_what_is_under_the_threshold_is_no_face() -> None:
    assert detect([(Box(0, 0, 100, 100), 0.39)]) == []
    said = [(Box(0, 0, 100, 100), 0.39)]
    assert len(Detector(Scripted(said), THRESHOLDS).detect(scene(640, 480), threshold=0.1)) == 1


def test_boxes_are_clipped_to_the_photo_and_those_outside_are_dropped() -> None:
    found = detect([(Box(-20, -10, 60, 70), 0.9), (Box(-90, 0, -10, 60), 0.8)])
    assert [(box.x0, box.y0) for box, _ in found] == [(0.0, 0.0)]


def test_the_network_sees_the_letterboxed_photo_as_the_manifest_says() -> None:
    engine = Scripted([], width=100, height=60)
    Detector(engine, THRESHOLDS).detect(np.full((60, 100, 3), 255, np.uint8))
    batch = engine.seen[0]
    assert batch.shape == (1, 3, 384, 640)
    assert batch[0, :, 200, 320].tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert (
        Detector(square := Scripted([], width=100, height=60, step_px=0), THRESHOLDS).detect(
            np.full((60, 100, 3), 255, np.uint8)
        )
        == []
    )
    assert square.seen[0][0, :, 2, 320].tolist() == pytest.approx([114 / 255] * 3)


def test_an_output_of_another_shape_is_refused() -> None:
    """A pose model has 20 rows; reading its fifth as a score would go on quietly."""
    with pytest.raises(EngineFailed, match="wants"):
        boxes_above(np.zeros((20, 8400), np.float32), 0.5)
