"""nms: one box a face, against a slow suppression written from its definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.nms import iomin_matrix, iou_matrix, non_maximum_suppression
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


def slow_iomin(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return float(max(width, 0) * max(height, 0) / smaller) if smaller > 0 else 0.0


@given(MANY, st.sampled_from([0.3, 0.5, 0.7]), st.sampled_from([0.6, 0.8, 1.0]))
def test_it_keeps_what_the_slow_one_keeps(many: list[Box], max_iou: float, max_iomin: float) -> None:
    array = rows(many).astype(np.float64)
    scores = np.random.default_rng(len(many)).permutation(len(many)).astype(np.float32) / np.float32(20)
    kept: list[int] = []
    for row in sorted(range(len(many)), key=lambda row: -scores[row]):
        if all(
            slow_iou(array[row], array[other]) <= max_iou
            and (max_iomin == 1.0 or slow_iomin(array[row], array[other]) <= max_iomin)
            for other in kept
        ):
            kept.append(row)
    assert (
        non_maximum_suppression(array.astype(np.float32), scores, max_iou=max_iou, max_iomin=max_iomin).tolist() == kept
    )


@given(MANY, MANY)
def test_every_overlap_is_the_slow_one(many: list[Box], others: list[Box]) -> None:
    """No boxes on either side are no exception: an empty matrix of the right shape."""
    array, other = rows(many).astype(np.float64), rows(others).astype(np.float64)
    for matrix, slow in ((iou_matrix, slow_iou), (iomin_matrix, slow_iomin)):
        wanted = np.array([[slow(a, b) for b in other] for a in array]).reshape(len(many), len(others))
        got = matrix(array, other)
        assert got.shape == wanted.shape
        assert np.allclose(got, wanted, atol=1e-9)
    assert np.allclose(np.diagonal(iou_matrix(array, array)), 1.0)


def test_equal_scores_keep_their_order() -> None:
    far = np.array([[0, 0, 2, 2], [10, 0, 12, 2], [20, 0, 22, 2]], np.float32)
    assert non_maximum_suppression(far, np.ones(3, np.float32), max_iou=0.5).tolist() == [0, 1, 2]


def test_empty_boxes_divide_by_nothing() -> None:
    empty = np.zeros((3, 4), np.float32)
    assert not iou_matrix(empty, empty).any()
    assert not iomin_matrix(empty, empty).any()
    assert non_maximum_suppression(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), max_iou=0.5).size == 0
