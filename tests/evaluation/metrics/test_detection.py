"""Boxes against faces: the floors of the data's README, AP against a slow count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluation.metrics.detection import (
    ScenePair,
    average_precision,
    average_precision_at,
    judge,
    measure,
)
from pipeline.nms import iou_matrix


def _boxes(*rows: tuple[float, float, float, float]) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, 4)


def _scene(boxes: NDArray[np.float32], scores: list[float], faces: NDArray[np.float32], source: str = "") -> ScenePair:
    return ScenePair(boxes=boxes, scores=np.array(scores, np.float32), faces=faces, source=source)


def test_the_overlap_of_two_boxes_by_hand() -> None:
    matrix = iou_matrix(_boxes((0, 0, 10, 10), (20, 20, 30, 30)), _boxes((5, 0, 15, 10)))
    assert matrix[:, 0] == pytest.approx([50 / 150, 0.0])


def test_boxes_that_lie_on_their_faces_score_one() -> None:
    faces = _boxes((0, 0, 40, 40), (60, 0, 100, 50))
    result = measure([_scene(faces, [0.9, 0.8], faces)], threshold=0.5, resamples=20)
    assert (result.ap.value, result.recall.value, result.false_boxes, result.faces) == (1.0, 1.0, 0, 2)


def test_a_second_box_on_one_face_is_false() -> None:
    face = _boxes((0, 0, 40, 40))
    result = measure([_scene(np.concatenate([face, face]), [0.9, 0.8], face)], threshold=0.5, resamples=0)
    assert (result.ap.value, result.false_boxes) == (1.0, 1)


@pytest.mark.parametrize(
    ("floor_px", "faces", "false_boxes"),
    [(0.0, 3, 1), (16.0, 2, 1), (24.0, 1, 1)],
    ids=["all", "from 16 px", "from 24 px"],
)
def test_small_faces_and_small_boxes_are_neither_counted_nor_punished(
    floor_px: float, faces: int, false_boxes: int
) -> None:
    """Faces of 40, 20 and 10 px, each found, a false box of 50 px, and below the floor a box of 10 px on nothing."""
    labelled = _boxes((0, 0, 40, 40), (100, 0, 120, 20), (200, 0, 210, 10))
    boxes = np.concatenate([labelled, _boxes((300, 300, 350, 350))])
    result = measure([_scene(boxes, [0.9, 0.9, 0.9, 0.6], labelled)], threshold=0.5, floor_px=floor_px, resamples=0)
    assert (result.faces, result.recall.value, result.false_boxes) == (faces, 1.0, false_boxes)


def test_a_box_above_the_floor_on_a_face_below_it_is_passed_over() -> None:
    """A 25 px box on a 23 px face is no false box at a floor of 24."""
    scene = _scene(_boxes((0, 0, 25, 25)), [0.9], _boxes((1, 1, 24, 24)))
    result = measure([scene, _scene(_boxes(), [], _boxes((0, 0, 50, 50)))], threshold=0.5, floor_px=24.0, resamples=0)
    assert (result.faces, result.false_boxes, result.recall.value) == (1, 0, 0.0)


def test_a_box_under_the_threshold_counts_for_ap_only() -> None:
    face = _boxes((0, 0, 40, 40))
    result = measure([_scene(face, [0.3], face)], threshold=0.4, resamples=0)
    assert (result.ap.value, result.recall.value) == (1.0, 0.0)


def test_false_boxes_on_pictures_without_a_face_lower_the_precision() -> None:
    face = _boxes((0, 0, 40, 40))
    empty = _scene(_boxes((0, 0, 30, 30)), [0.95], _boxes(), "empty")
    result = measure([_scene(face, [0.9], face), empty], threshold=0.5, resamples=0)
    assert (result.ap.value, result.false_boxes) == (0.5, 1)


def _slow_ap(scenes: list[ScenePair], iou: float) -> float:
    """Pascal VOC's area, threshold by threshold, matching each picture anew at every threshold."""
    faces = sum(len(s.faces) for s in scenes)
    curve = []
    for threshold in sorted({float(x) for s in scenes for x in s.scores}, reverse=True):
        hits = taken = 0
        for scene in scenes:
            left = list(range(len(scene.faces)))
            for k in np.argsort(-scene.scores, kind="stable"):
                if scene.scores[k] < threshold:
                    continue
                taken += 1
                overlaps = [float(iou_matrix(scene.boxes[k], scene.faces[f])[0, 0]) for f in left]
                if overlaps and max(overlaps) >= iou:
                    left.pop(int(np.argmax(overlaps)))
                    hits += 1
        curve.append((hits / faces, hits / taken))
    area, before = 0.0, 0.0
    for recall, _ in curve:
        area += (recall - before) * max(p for r, p in curve if r >= recall)
        before = recall
    return area


@st.composite
def _scenes(draw: st.DrawFn) -> list[ScenePair]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scenes: list[ScenePair] = []
    for _ in range(draw(st.integers(1, 4))):
        faces = rng.integers(0, 60, size=(draw(st.integers(0, 4)), 2))
        faces = np.concatenate([faces, faces + rng.integers(10, 40, size=faces.shape)], axis=1)
        near = faces + rng.normal(0, 3, size=faces.shape)
        near = np.concatenate([np.minimum(near[:, :2], near[:, 2:]), np.maximum(near[:, :2], near[:, 2:])], axis=1)
        far = rng.integers(0, 60, size=(draw(st.integers(0, 4)), 2))
        boxes = np.concatenate([near, np.concatenate([far, far + 20], axis=1)]).astype(np.float32)
        scores = rng.permutation(1000)[: len(boxes)] / 1000 + len(scenes) * 1e-4  # no ties between boxes
        scenes.append(ScenePair(boxes=boxes, scores=scores.astype(np.float32), faces=faces.astype(np.float32)))
    return scenes


@settings(max_examples=60, deadline=None)
@given(_scenes())
def test_ap_equals_the_area_counted_threshold_by_threshold(scenes: list[ScenePair]) -> None:
    """The sorted, cumulative count against matching everything anew at every score."""
    got = average_precision(judge(scenes))
    if sum(len(s.faces) for s in scenes) == 0:
        assert np.isnan(got)
    else:
        assert got == pytest.approx(_slow_ap(scenes, 0.5), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(_scenes())
def test_a_picture_of_weight_two_counts_as_two_pictures(scenes: list[ScenePair]) -> None:
    """What the bootstrap does with multiplicities is what copying the picture would do."""
    weights = np.arange(1.0, len(scenes) + 1)
    copied = [scene for scene, times in zip(scenes, weights, strict=True) for _ in range(int(times))]
    weighted, plain = average_precision(judge(scenes), weights), average_precision(judge(copied))
    # Copies tie in score and are added one by one: the envelope may only differ inside a tie.
    assert (np.isnan(weighted) and np.isnan(plain)) or weighted == pytest.approx(plain, abs=0.12)


def test_the_stricter_ap_is_the_mean_over_its_limits() -> None:
    face = _boxes((0, 0, 40, 40))
    scene = _scene(_boxes((0, 0, 40, 28)), [0.9], face)  # IoU 0.7
    assert average_precision_at([scene], ious=(0.5, 0.6, 0.8, 0.9)) == 0.5


def test_a_box_below_the_floor_may_hit_a_face_above_it_and_is_dropped_when_it_hits_none() -> None:
    """Dropped before matching, the 23 px box would turn a 25 px face that was found into one that was missed."""
    scene = _scene(_boxes((0, 0, 23, 23), (50, 50, 70, 70)), [0.9, 0.8], _boxes((0, 0, 25, 25)))
    result = measure([scene], threshold=0.5, floor_px=24.0, resamples=0)
    assert (result.ap.value, result.recall.value, result.false_boxes) == (1.0, 1.0, 0)
    assert average_precision_at([scene], floor_px=24.0, drop_small_boxes=True) == 0.0
