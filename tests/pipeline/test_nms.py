"""nms: one box a face, against a slow suppression written from its definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.nms import intersection_over_union, non_maximum_suppression
from pipeline.types import Box
from tests.strategies import boxes


def rows(many: list[Box]) -> np.ndarray:
    return np.array([[box.x0, box.y0, box.x1, box.y1] for box in many], np.float32).reshape(-1, 4)


def slow_iou(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return float(shared / union) if union > 0 else 0.0


MANY = st.lists(boxes(width=60, height=60), max_size=14)


def slow_covered(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return float(max(width, 0) * max(height, 0) / smaller) if smaller > 0 else 0.0


@given(MANY, st.sampled_from([0.3, 0.5, 0.7]), st.sampled_from([0.6, 0.8, 1.0]))
def test_it_keeps_what_the_slow_one_keeps(many: list[Box], max_iou: float, max_covered: float) -> None:
    array = rows(many)
    scores = np.random.default_rng(len(many)).permutation(len(many)).astype(np.float32) / np.float32(20)
    kept: list[int] = []
    for row in sorted(range(len(many)), key=lambda row: -scores[row]):
        if all(
            slow_iou(array[row], array[other]) <= max_iou
            and (max_covered == 1.0 or slow_covered(array[row], array[other]) <= max_covered)
            for other in kept
        ):
            kept.append(row)
    assert non_maximum_suppression(array, scores, max_iou=max_iou, max_covered=max_covered).tolist() == kept


@given(st.lists(boxes(width=60, height=60), min_size=1, max_size=8))
def test_iou_is_the_slow_one(many: list[Box]) -> None:
    array = rows(many)
    got = intersection_over_union(array[0], array)
    assert np.allclose(got, [slow_iou(array[0], other) for other in array], atol=1e-5)
    assert np.isclose(got[0], 1.0)


def test_equal_scores_keep_their_order() -> None:
    far = np.array([[0, 0, 2, 2], [10, 0, 12, 2], [20, 0, 22, 2]], np.float32)
    assert non_maximum_suppression(far, np.ones(3, np.float32), max_iou=0.5).tolist() == [0, 1, 2]


def test_empty_boxes_divide_by_nothing() -> None:
    empty = np.zeros((3, 4), np.float32)
    assert intersection_over_union(empty[0], empty).tolist() == [0.0, 0.0, 0.0]
    assert non_maximum_suppression(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), max_iou=0.5).size == 0
