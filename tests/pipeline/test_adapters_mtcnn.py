"""MTCNN: each stage's boxes by hand, axes in both orders, bounds on its work."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.adapters.mtcnn import MAX_WINDOWS, CascadeEngines, Mtcnn, level_sides
from pipeline.adapters.mtcnn_boxes import cut, moved, points_of, squared, windows_above
from pipeline.errors import EngineFailed
from pipeline.manifest import CascadeSettings, DetectorThresholds, InputSpec
from pipeline.manifest_tables import PointsOrder
from pipeline.types import FloatArray, Nchw
from tests.pictures import scene

THRESHOLDS = DetectorThresholds(score=0.8, sure=0.9, iou=0.7, covered=0.7)
SETTINGS = CascadeSettings(
    min_face_px=12, factor=0.5, proposal_score=0.6, refinement_score=0.7, transposed=False, points_order="xxyy"
)


class Answers:
    """An engine that answers each batch by a function and keeps what it saw."""

    def __init__(self, answer: Callable[[Nchw], tuple[FloatArray, ...]], *sizes_px: int) -> None:
        self.spec = InputSpec(
            name="data", sizes_px=sizes_px, color="RGB", mean=(127.5, 127.5, 127.5), std=(128.0, 128.0, 128.0)
        )
        self._answer = answer
        self.seen: list[Nchw] = []

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        self.seen.append(batch)
        return self._answer(batch)


def one_window(row: int, column: int, offsets: list[float]) -> Callable[[Nchw], tuple[FloatArray, ...]]:
    """P-Net sees one window, in the first level only."""

    def answer(batch: Nchw) -> tuple[FloatArray, ...]:
        cells = (batch.shape[2] - 12) // 2 + 1
        scores = np.zeros((1, 2, cells, cells), np.float32)
        scores[0, 0] = 1.0
        if batch.shape[2] == 64:
            scores[0, :, row, column] = [0.1, 0.9]
        maps = np.zeros((1, 4, cells, cells), np.float32)
        maps[0, :, row % cells, column % cells] = offsets
        return maps, scores

    return answer


def rows(*numbers: list[float]) -> Callable[[Nchw], tuple[FloatArray, ...]]:
    """The same numbers for every picture of a batch."""
    return lambda batch: tuple(np.tile(np.array(one, np.float32), (len(batch), 1)) for one in numbers)


def cascade(
    proposal: Callable[[Nchw], tuple[FloatArray, ...]],
    refinement: Callable[[Nchw], tuple[FloatArray, ...]],
    output: Callable[[Nchw], tuple[FloatArray, ...]],
) -> CascadeEngines:
    return CascadeEngines(Answers(proposal, 64, 32), Answers(refinement, 24), Answers(output, 48))


def test_a_face_goes_through_the_three_stages_by_hand() -> None:
    """A photo of 128 x 96 at 64 px: a canvas pixel is two photo pixels. Numbers worked out on paper."""
    points = [0.2, 0.8, 0.5, 0.3, 0.7, 0.25, 0.25, 0.5, 0.75, 0.75]  # five x, five y
    engines = cascade(
        one_window(4, 6, [0.0, 0.25, 0.5, 0.0]),
        rows([0.1, 0.0, -0.1, 0.0], [0.05, 0.95]),
        rows([-0.25, 0.0, 0.25, 0.5], points, [0.15, 0.85]),
    )
    (found,) = Mtcnn(engines, THRESHOLDS, SETTINGS).detect(scene(128, 96))
    # P-Net: window at (12, 8), 12 px: moved (12, 11, 30, 20); in the photo (24, 22, 60, 40), squared (24, 13, 60, 49).
    # R-Net: 36 px wide: moved (27.6, 13, 56.4, 49), squared (24, 13, 60, 49) again.
    # O-Net: moved (15, 13, 69, 67); its points lie in the box that it was shown.
    assert [found.box.x0, found.box.y0, found.box.x1, found.box.y1] == pytest.approx([15, 13, 69, 67], abs=1e-3)
    assert found.score == pytest.approx(0.85)
    assert found.points is not None
    wanted = [[24 + 36 * x, 13 + 36 * y] for x, y in zip(points[:5], points[5:], strict=True)]
    assert np.allclose(found.points, wanted, atol=1e-3)


@pytest.mark.parametrize(
    ("refinement", "output", "why"),
    [([0.35, 0.65], [0.0, 1.0], "R-Net doubts"), ([0.0, 1.0], [0.25, 0.75], "O-Net doubts")],
)
def test_each_stage_may_say_no(refinement: list[float], output: list[float], why: str) -> None:
    engines = cascade(one_window(4, 6, [0.0] * 4), rows([0.0] * 4, refinement), rows([0.0] * 4, [0.5] * 10, output))
    mtcnn = Mtcnn(engines, THRESHOLDS, SETTINGS)
    assert mtcnn.detect(scene(128, 96)) == []
    assert len(mtcnn.detect(scene(128, 96), threshold=0.7)) == (why == "O-Net doubts")


def test_transposed_networks_see_every_picture_with_x_and_y_swapped() -> None:
    """P-Net's map comes back swapped as well; what R-Net and O-Net say of edges and points does not."""
    image = scene(128, 96, seed=4)
    answers = rows([0.0] * 4, [0.0, 1.0]), rows([0.1, 0.2, 0.3, 0.4], [0.1 * k for k in range(10)], [0.0, 1.0])
    upright = cascade(one_window(4, 6, [0.0, 0.25, 0.5, 0.0]), *answers)
    swapped = cascade(one_window(6, 4, [0.0, 0.25, 0.5, 0.0]), *answers)
    settings = CascadeSettings(
        min_face_px=12, factor=0.5, proposal_score=0.6, refinement_score=0.7, transposed=True, points_order="xxyy"
    )
    (wanted,) = Mtcnn(upright, THRESHOLDS, SETTINGS).detect(image)
    (found,) = Mtcnn(swapped, THRESHOLDS, settings).detect(image)
    assert found == wanted
    assert np.array_equal(found.points, wanted.points)  # type: ignore[arg-type]  # both have points, or this fails
    for name in ("proposal", "refinement", "output"):
        one, other = getattr(upright, name).seen, getattr(swapped, name).seen
        assert [batch.shape for batch in one] == [batch.shape for batch in other]
        assert all(np.array_equal(a, b.swapaxes(2, 3)) for a, b in zip(one, other, strict=True))


def test_a_picture_full_of_windows_costs_no_more_than_a_thousand() -> None:
    """A P-Net that says yes everywhere must not fill the memory; small boxes, so that none covers another."""

    def everywhere(batch: Nchw) -> tuple[FloatArray, ...]:
        cells = (batch.shape[2] - 12) // 2 + 1
        shrunk = np.tile(np.array([0.45, 0.45, -0.45, -0.45], np.float32)[:, None, None], (1, cells, cells))
        scores = np.random.default_rng(0).uniform(0.7, 1.0, (1, 1, cells, cells)).astype(np.float32)
        return shrunk[None], scores

    engines = CascadeEngines(
        Answers(everywhere, 160, 128),
        Answers(rows([0.0] * 4, [0.0]), 24),
        Answers(rows([0.0] * 4, [0.5] * 10, [0.0]), 48),
    )
    assert Mtcnn(engines, THRESHOLDS, SETTINGS).detect(scene(640, 640)) == []
    assert 0 < len(engines.refinement.seen[0]) <= MAX_WINDOWS  # type: ignore[attr-defined]  # an Answers


def test_a_network_of_the_wrong_stage_is_refused() -> None:
    engines = cascade(rows([0.0] * 4, [0.0, 1.0]), rows([0.0] * 4, [0.0]), rows([0.0] * 4, [0.0] * 10, [0.0]))
    with pytest.raises(EngineFailed, match=r"wants one output \(B, n, H, W\)"):
        Mtcnn(engines, THRESHOLDS, SETTINGS).detect(scene(64, 64))
    engines = cascade(one_window(4, 6, [0.0] * 4), rows([0.0] * 4, [0.0] * 4), rows([0.0] * 4, [0.0] * 10, [0.0]))
    with pytest.raises(EngineFailed, match=r"wants one output \(B, n\)"):
        Mtcnn(engines, THRESHOLDS, SETTINGS).detect(scene(64, 64))


def test_boxes_that_a_network_throws_out_of_all_bounds_are_left_out() -> None:
    for offsets in ([float("nan")] * 4, [1e30, 0.0, 1e38, 0.0], [0.6, 0.6, -0.6, -0.6]):
        engines = cascade(one_window(4, 6, offsets), rows([0.0] * 4, [0.0, 1.0]), rows([0.0] * 4, [0.5] * 10, [1.0]))
        with np.errstate(over="ignore", invalid="ignore"):
            assert Mtcnn(engines, THRESHOLDS, SETTINGS).detect(scene(64, 64)) == []


@pytest.mark.parametrize(
    ("side_px", "min_face_px", "factor", "sides"),
    [
        (640, 20, 0.709, (384, 272, 193, 137, 97, 69, 49, 35, 25, 17, 12)),
        (64, 12, 0.5, (64, 32, 16)),
        (24, 24, 0.5, (12,)),
    ],
)
def test_the_pyramid_goes_from_the_smallest_face_to_the_whole_photo(
    side_px: int, min_face_px: float, factor: float, sides: tuple[int, ...]
) -> None:
    assert level_sides(side_px=side_px, min_face_px=min_face_px, factor=factor) == sides


def test_windows_lie_every_two_pixels() -> None:
    scores = np.zeros((3, 4), np.float32)
    scores[2, 1] = 0.7
    scores[0, 3] = 0.6
    offsets = np.arange(48, dtype=np.float32).reshape(4, 3, 4)
    found, moves = windows_above(scores, offsets, 0.6)
    assert found.boxes.tolist() == [[6, 0, 18, 12], [2, 4, 14, 16]]
    assert moves.tolist() == [offsets[:, 0, 3].tolist(), offsets[:, 2, 1].tolist()]
    assert moved(found.boxes, np.array([[0.5, 0, 0, 0], [0, 0, 0, -0.25]], np.float32)).tolist() == [
        [12, 0, 18, 12],
        [2, 4, 14, 13],
    ]


def test_a_square_keeps_the_centre_and_the_longer_side() -> None:
    assert squared(np.array([[0, 10, 20, 16], [3, 0, 5, 8]], np.float32)).tolist() == [[0, 3, 20, 23], [0, 0, 8, 8]]


def test_a_box_of_whole_pixels_is_cut_out_as_it_is() -> None:
    """No half pixel is lost between edges and pixel centres."""
    image = scene(60, 50)
    assert np.array_equal(cut(image, np.array([10, 5, 34, 29], np.float32), side_px=24), image[5:29, 10:34])
    ramp = np.repeat(8 * np.arange(30, dtype=np.uint8)[None, :, None], 30, axis=0).repeat(3, axis=2)
    twice = cut(ramp, np.array([10, 5, 22, 17], np.float32), side_px=24)
    # Pixel i of the crop has its centre at (i + 0.5) / 2 from the box's edge, half a pixel before the photo's centres.
    assert np.abs(twice[12, :, 0] - 8 * (10 + (np.arange(24) + 0.5) / 2 - 0.5)).max() <= 1.0
    outside = cut(image, np.array([-12, -12, 12, 12], np.float32), side_px=24)
    assert not outside[:12].any()
    assert not outside[:, :12].any()
    assert np.array_equal(outside[12:, 12:], image[:12, :12])


@pytest.mark.parametrize(
    ("order", "shares"), [("xxyy", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), ("xyxy", [1, 6, 2, 7, 3, 8, 4, 9, 5, 10])]
)
def test_points_are_shares_of_their_box(order: PointsOrder, shares: list[float]) -> None:
    box = np.array([[100, 200, 120, 210]], np.float32)
    found = points_of(box, np.array([shares], np.float32) / np.float32(10), order=order)
    assert np.allclose(found[0], [[102, 206], [104, 207], [106, 208], [108, 209], [110, 210]])
