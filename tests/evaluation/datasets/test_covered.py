"""covered: the mouth goes, the eyes stay, and a picture is spoilt the same way whenever it is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from evaluation.datasets.covered import CUT_SHARES, DRAWN, CoveredFace, covered_faces, evenly
from evaluation.datasets.pack import PointsPicture
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import Box

POINTS = (ARCFACE_TEMPLATE * 1.5 + np.array([20, 10])).astype(np.float32)


@pytest.fixture(name="whole")
def _whole(tmp_path: Path) -> CoveredFace:
    cv2.imwrite(str(tmp_path / "face.png"), np.full((240, 200, 3), 128, np.uint8))
    return CoveredFace(file=tmp_path / "face.png", points=POINTS, kind="whole")


def pictures(whole: CoveredFace, count: int) -> list[PointsPicture]:
    return [PointsPicture(file=whole.file, set_name="mtfl", box=Box(0, 0, 1, 1), points=POINTS)] * count


@pytest.mark.parametrize("kind", DRAWN)
def test_what_is_drawn_hides_the_mouth_and_leaves_the_eyes(whole: CoveredFace, kind: str) -> None:
    spoilt = replace(whole, kind=kind)
    off = np.abs(spoilt.read().astype(int) - 128).max(axis=2) > 8
    for x, y in POINTS[:2].round().astype(int):
        assert not off[y - 6 : y + 7, x - 6 : x + 7].any()
    x, y = POINTS[3:].mean(axis=0).round().astype(int)
    assert off[y - 3 : y + 4, x - 3 : x + 4].all()
    assert np.array_equal(spoilt.read(), spoilt.read())


def test_a_cut_ends_the_picture_above_the_mouth_from_two_fifths_on(whole: CoveredFace) -> None:
    heights = [replace(whole, kind=f"cut {share:g}").read().shape[0] for share in CUT_SHARES]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] > POINTS[3:, 1].max()  # a fifth leaves the mouth
    assert heights[2] < POINTS[3:, 1].min()
    assert heights[-1] > POINTS[:2, 1].max()


def test_every_face_is_shown_whole_and_once_more_spoilt(whole: CoveredFace) -> None:
    kinds = [face.kind for face in covered_faces(pictures(whole, 14))]
    assert kinds.count("whole") == 14
    assert {kind: kinds.count(kind) for kind in set(kinds) - {"whole"}} == dict.fromkeys(
        ["cut 0.2", "cut 0.3", "cut 0.4", "cut 0.5", "mask", "scarf", "cup"], 2
    )


def test_small_and_lying_faces_are_no_test_of_coverings(whole: CoveredFace) -> None:
    (face,) = pictures(whole, 1)
    small = replace(face, points=POINTS * 0.3)
    lying = replace(face, points=np.ascontiguousarray(POINTS[:, ::-1]))
    assert list(evenly([small, face, lying], 5)) == [face]
