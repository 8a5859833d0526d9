"""adapters: outputs of SCRFD and YOLO pose are read as their makers read them, other shapes are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.adapters.detector_points import PointsOfDetector
from pipeline.adapters.scrfd import read_scrfd
from pipeline.adapters.yolo_pose import read_yolo_pose
from pipeline.errors import EngineFailed
from pipeline.types import Box, Detection, FloatArray

POINTS = np.arange(10, dtype=np.float32).reshape(5, 2)


def scrfd_outputs(seed: int, *, side_px: int, anchors: int, levels: int, points: bool) -> list[FloatArray]:
    """Random scores, boxes and points, in InsightFace's order: all scores, all boxes, all points, strides rising."""
    rng = np.random.default_rng(seed)
    counts = [(side_px // (8 << level)) ** 2 * anchors for level in range(levels)]
    sizes = (1, 4, 10) if points else (1, 4)
    return [rng.random((count, size), np.float32) for size in sizes for count in counts]


def scrfd_oracle(
    outputs: list[FloatArray], *, side_px: int, anchors: int, levels: int, threshold: float
) -> list[tuple[float, ...]]:
    """The definition, cell by cell: score, four edges, ten coordinates."""
    found = []
    for level in range(levels):
        stride = 8 << level
        cells = side_px // stride
        for row in range(cells):
            for column in range(cells):
                for anchor in range(anchors):
                    at = (row * cells + column) * anchors + anchor
                    score = float(outputs[level][at, 0])
                    if score < threshold:
                        continue
                    x, y = column * stride, row * stride
                    left, upper, right, lower = outputs[levels + level][at] * stride
                    line = [score, x - left, y - upper, x + right, y + lower]
                    if len(outputs) > 2 * levels:
                        offsets = outputs[2 * levels + level][at] * stride
                        for k in range(5):
                            line += [x + offsets[2 * k], y + offsets[2 * k + 1]]
                    found.append(tuple(float(value) for value in line))
    return found


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 1000),
    st.sampled_from([(64, 2, 3), (96, 2, 3), (96, 1, 3), (128, 1, 5), (256, 2, 5)]),
    st.booleans(),
    st.booleans(),
    st.floats(0.2, 0.99),
)
def test_scrfd_is_read_as_it_is_defined_whatever_the_order_of_its_outputs(
    seed: int, shape: tuple[int, int, int], points: bool, batch_axis: bool, threshold: float
) -> None:
    side_px, anchors, levels = shape
    outputs = scrfd_outputs(seed, side_px=side_px, anchors=anchors, levels=levels, points=points)
    shuffled = [
        outputs[k][None] if batch_axis else outputs[k] for k in np.random.default_rng(seed).permutation(len(outputs))
    ]
    found = read_scrfd(tuple(shuffled), canvas=(side_px, side_px), threshold=threshold)
    wanted = scrfd_oracle(outputs, side_px=side_px, anchors=anchors, levels=levels, threshold=threshold)
    rows = [found.scores[:, None], found.boxes]
    if points:
        assert found.points is not None
        rows.append(found.points.reshape(-1, 10))
    else:
        assert found.points is None
    told = np.concatenate(rows, axis=1)
    assert len(told) == len(wanted)
    assert np.allclose(told, np.array(wanted).reshape(told.shape), atol=1e-3)  # none above the threshold is a case too


@pytest.mark.parametrize(
    "shapes",
    [
        pytest.param(
            [(128, 1), (32, 1), (8, 1), (128, 4), (32, 4), (8, 4), (128, 10), (32, 10)], id="a stride lacks points"
        ),
        pytest.param([(128, 1), (32, 1), (8, 1)], id="no boxes"),
        pytest.param([(64, 1), (32, 1), (8, 1), (128, 4), (32, 4), (8, 4)], id="scores for half of the boxes"),
        pytest.param([(512, 1), (128, 1), (32, 1), (512, 4), (128, 4), (32, 4)], id="of an input twice as large"),
        pytest.param([(128, 2), (32, 2), (8, 2), (128, 4), (32, 4), (8, 4)], id="two scores"),
        pytest.param([(1, 4, 8, 8), (1, 8, 8, 8)], id="maps, as RetinaFace has them"),
        pytest.param([], id="nothing"),
    ],
)
def test_outputs_that_do_not_fit_scrfd_are_refused(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(EngineFailed, match="SCRFD on 64 x 64 px wants"):
        read_scrfd(tuple(np.ones(shape, np.float32) for shape in shapes), canvas=(64, 64), threshold=0.5)


def test_scrfd_wants_a_side_that_its_strides_divide() -> None:
    """At 72 px the cells of the largest stride would not cover the picture, and positions would drift."""
    outputs = scrfd_outputs(0, side_px=72, anchors=2, levels=3, points=True)
    with pytest.raises(EngineFailed, match="multiple"):
        read_scrfd(tuple(outputs), canvas=(72, 72), threshold=0.5)


@pytest.mark.parametrize("numbers", [2, 3], ids=["x and y", "x, y and visibility"])
def test_a_pose_column_is_a_box_a_score_and_five_points(numbers: int) -> None:
    columns = np.zeros((5 + 5 * numbers, 3), np.float32)
    columns[:5, 1] = [50, 40, 20, 10, 0.8]
    for k in range(5):
        columns[5 + k * numbers : 7 + k * numbers, 1] = POINTS[k]
    columns[5:, 2] = 99.0  # a column under the threshold
    found = read_yolo_pose((columns[None],), canvas=(64, 64), threshold=0.5)
    assert found.boxes.tolist() == [[40, 35, 60, 45]]
    assert found.scores.tolist() == pytest.approx([0.8])
    assert found.points is not None
    assert found.points.tolist() == [POINTS.tolist()]


@pytest.mark.parametrize("shape", [(1, 5, 84), (1, 56, 84), (1, 84, 20), (1, 300, 21), (2, 20, 84), (20, 84)], ids=str)
def test_other_networks_are_no_pose_network_with_five_points(shape: tuple[int, ...]) -> None:
    """Boxes alone, seventeen points of a body, rows for columns, the suppression built in, two pictures, no batch."""
    with pytest.raises(EngineFailed, match=r"wants \(1, 20, N\)"):
        read_yolo_pose((np.ones(shape, np.float32),), canvas=(64, 64), threshold=0.5)


def test_the_detectors_points_are_handed_on_in_their_order() -> None:
    faces = [Detection(Box(0, 0, 9, 9), 0.9, POINTS), Detection(Box(5, 5, 9, 9), 0.8, POINTS + 3)]
    found = PointsOfDetector(expected_error=0.05).find(np.zeros((9, 9, 3), np.uint8), faces)
    assert [marks.points.tolist() for marks in found] == [POINTS.tolist(), (POINTS + 3).tolist()]
    assert {marks.error for marks in found} == {0.05}


def test_a_box_without_points_has_none() -> None:
    """As when the evaluation asks for the points of a given box: no guess, and an error that nothing accepts."""
    (found,) = PointsOfDetector(expected_error=0.05).find(
        np.zeros((9, 9, 3), np.uint8), [Detection(Box(0, 0, 9, 9), 0.9)]
    )
    assert np.isnan(found.points).all()
    assert found.error == float("inf")
