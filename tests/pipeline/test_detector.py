"""detector: YOLO's rows become boxes in the photo's pixels, one a face over all sizes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from pipeline.detector import Detector, boxes_above
from pipeline.errors import EngineFailed
from pipeline.letterbox import fit
from pipeline.manifest import DetectorThresholds, InputSpec
from pipeline.types import Box, FloatArray, Nchw
from tests.pictures import scene
from tests.strategies import boxes

THRESHOLDS = DetectorThresholds(score=0.4, sure=0.6, iou=0.5, covered=0.7, both_from=0.2, both_to=0.7)


class Scripted:
    """Says, at each size, where these boxes of a width x height photo are."""

    def __init__(self, said: dict[int, list[tuple[Box, float]]], *, width: int = 640, height: int = 480) -> None:
        self.spec = InputSpec(
            name="images", sizes_px=tuple(said), color="RGB", mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0)
        )
        self._said, self._size = said, (width, height)
        self.seen: list[Nchw] = []

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        self.seen.append(batch)
        side = batch.shape[2]
        place, _ = fit(width=self._size[0], height=self._size[1], side_px=side)
        rows = [
            [*place.to_canvas(np.array([[box.x0, box.y0, box.x1, box.y1]], np.float32))[0], score]
            for box, score in self._said[side]
        ]
        corners = np.array(rows, np.float32).reshape(-1, 5)
        centre, sides = (corners[:, :2] + corners[:, 2:4]) / 2, corners[:, 2:4] - corners[:, :2]
        return (np.concatenate([centre, sides, corners[:, 4:]], axis=1).T[None],)


def detect(said: dict[int, list[tuple[Box, float]]], **size: int) -> list[tuple[Box, float]]:
    image = scene(size.get("width", 640), size.get("height", 480))
    return [(found.box, found.score) for found in Detector(Scripted(said, **size), THRESHOLDS).detect(image)]


@settings(max_examples=50, deadline=None)
@given(boxes(smallest=4.0))
def test_boxes_come_in_the_photos_pixels(box: Box) -> None:
    ((found, score),) = detect({320: [(box, 0.75)]})
    assert np.allclose([found.x0, found.y0, found.x1, found.y1], [box.x0, box.y0, box.x1, box.y1], atol=0.05)
    assert score == pytest.approx(0.75)


def test_a_face_that_two_sizes_see_is_one_between_them() -> None:
    """In a 640 px photo both sizes judge a face of 200 px; its box is their mean, weighted by their scores."""
    seen, seen_again, small = Box(100, 50, 300, 250), Box(104, 50, 304, 250), Box(10, 10, 30, 34)
    (large, large_score), (_, small_score) = detect({640: [(small, 0.6), (seen, 0.5)], 320: [(seen_again, 0.9)]})
    assert large_score == pytest.approx(0.7)
    assert large.x0 == pytest.approx((0.5 * 100 + 0.9 * 104) / 1.4, abs=0.1)
    assert small_score == pytest.approx(0.6), "of a small face the small input's silence says nothing"


def test_what_one_size_takes_for_a_face_and_another_does_not_see_must_be_surer() -> None:
    once = Box(100, 100, 300, 300)
    assert detect({640: [(once, 0.7)], 320: []}) == []
    ((_, score),) = detect({640: [(once, 0.9)], 320: []})
    assert score == pytest.approx(0.45)
    ((_, score),) = detect({640: [(once, 0.7)], 320: [(once, 0.1)]})
    assert score == pytest.approx(0.4), "a look counts from far below the threshold on"


def test_at_the_end_of_its_range_a_sizes_silence_says_nothing() -> None:
    """The small input judges from 0.2 of the photo on: 128 px here."""
    ((_, score),) = detect({640: [(Box(100, 100, 235, 235), 0.7)], 320: []})
    assert score == pytest.approx(0.7)


def test_each_size_answers_for_the_faces_it_sees_well() -> None:
    """In a 640 px photo: a face of 500 px is the small input's business, one of 60 px the large one's."""
    every = [(Box(0, 0, 500, 480), 0.9), (Box(560, 10, 620, 70), 0.7)]
    assert [round(box.width) for box, _ in detect({640: every, 320: []})] == [60]
    assert [round(box.width) for box, _ in detect({640: [], 320: every})] == [500]
    assert [round(box.width) for box, _ in detect({640: every})] == [500, 60], "alone, a size answers for all"
    three = detect({640: every, 960: every, 320: []})
    assert [round(box.width) for box, _ in three] == [60], "of three sizes the smallest alone sees the large face"


def test_half_a_face_inside_a_face_is_dropped_and_a_neighbour_is_not() -> None:
    whole, half, beside = Box(100, 100, 300, 300), Box(110, 200, 290, 310), Box(280, 100, 480, 300)
    found = detect({640: [(whole, 0.9), (half, 0.8), (beside, 0.7)]})
    assert [box.x0 for box, _ in found] == pytest.approx([100, 280], abs=0.1)


def test_neighbours_that_overlap_little_are_both_kept() -> None:
    assert len(detect({640: [(Box(0, 0, 100, 100), 0.9), (Box(60, 0, 160, 100), 0.8)]})) == 2


def test_what_is_under_the_threshold_is_no_face() -> None:
    assert detect({640: [(Box(0, 0, 100, 100), 0.39)]}) == []
    said = {640: [(Box(0, 0, 100, 100), 0.39)]}
    assert len(Detector(Scripted(said), THRESHOLDS).detect(scene(640, 480), threshold=0.1)) == 1


def test_boxes_are_clipped_to_the_photo_and_those_outside_are_dropped() -> None:
    found = detect({640: [(Box(-20, -10, 60, 70), 0.9), (Box(-90, 0, -10, 60), 0.8)]})
    assert [(box.x0, box.y0) for box, _ in found] == [(0.0, 0.0)]


def test_the_network_sees_the_letterboxed_photo_as_the_manifest_says() -> None:
    engine = Scripted({64: []}, width=100, height=50)
    Detector(engine, THRESHOLDS).detect(np.full((50, 100, 3), 255, np.uint8))
    (batch,) = engine.seen
    assert batch.shape == (1, 3, 64, 64)
    assert batch[0, :, 32, 32].tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert batch[0, :, 2, 32].tolist() == pytest.approx([114 / 255] * 3)


def test_an_output_of_another_shape_is_refused() -> None:
    """A pose model has 20 rows; reading its fifth as a score would go on quietly."""
    with pytest.raises(EngineFailed, match="wants"):
        boxes_above(np.zeros((20, 8400), np.float32), 0.5)
