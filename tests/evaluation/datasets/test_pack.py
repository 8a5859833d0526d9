"""The pack's layout, read as it is written: splits, frames, and pictures by their content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluation.datasets.pack import (
    DataMissing,
    read_boxes,
    read_celeba,
    read_inferred_names,
    read_picture,
    read_points_pictures,
    read_scenes,
    read_wild,
)
from tests.evaluation.tiny_pack import PEOPLE, POINTS, SIDE_PX, write_pack


@pytest.fixture(name="pack", scope="module")
def _pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("pack"))


def test_people_come_with_split_source_and_the_points_of_their_picture(pack: Path) -> None:
    pictures = read_celeba(pack)
    assert len({p.person for p in pictures if p.split == "val" and p.source == "small"}) == PEOPLE
    assert pictures[0].points == pytest.approx(POINTS, abs=0.06)
    assert all(p.file.is_file() for p in pictures)
    assert {p.split for p in read_wild(pack)} == {"val"}
    assert read_wild(pack)[0].points == pytest.approx(POINTS, abs=0.06)


def test_names_are_compared_in_lower_case(pack: Path) -> None:
    """The pack writes `amber heard` and `Amanda Crew`; both must be found."""
    assert read_inferred_names(pack) == {"person 0": "1"}


def test_only_the_split_asked_for_is_read(pack: Path) -> None:
    assert len(read_points_pictures(pack, split="val")) == 9
    assert len(read_points_pictures(pack, split="train")) == 3


def test_labels_in_shares_become_corners_in_pixels(pack: Path) -> None:
    scene = next(s for s in read_scenes(pack, split="val") if s.source == "wider")
    boxes = read_boxes(scene, width=SIDE_PX, height=SIDE_PX)
    assert boxes[0] == pytest.approx([36, 24, 108, 120], abs=0.01)
    assert (boxes[1, 2:] - boxes[1, :2]) == pytest.approx([12, 12], abs=0.01)


def test_an_empty_or_absent_label_file_is_no_face(pack: Path, tmp_path: Path) -> None:
    scene = next(s for s in read_scenes(pack, split="val") if s.source == "empty")
    assert read_boxes(scene, width=10, height=10).shape == (0, 4)
    gone = type(scene)(file=scene.file, labels=tmp_path / "none.txt", source="empty")
    assert read_boxes(gone, width=10, height=10).shape == (0, 4)


def test_a_picture_is_read_by_its_content_and_in_rgb(pack: Path) -> None:
    """The names end in .jpg, the bytes are WebP; red must stay red."""
    picture = read_picture(read_celeba(pack)[0].file)
    assert picture.shape == (SIDE_PX, SIDE_PX, 3)
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 250
    import cv2

    path = pack / "red.jpg"
    path.write_bytes(cv2.imencode(".webp", red[..., ::-1])[1].tobytes())
    assert read_picture(path).mean(axis=(0, 1)) == pytest.approx([250, 0, 0], abs=8)


@pytest.mark.parametrize("read", [read_celeba, read_wild], ids=["celeba", "wild"])
def test_a_folder_that_is_no_pack_is_a_sentence(tmp_path: Path, read: object) -> None:
    assert callable(read)
    with pytest.raises(DataMissing, match="--data"):
        read(tmp_path)


def test_a_broken_picture_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"not a picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    for name in ("x.jpg", "empty.jpg", "absent.jpg"):
        with pytest.raises(DataMissing, match="unpack"):
            read_picture(tmp_path / name)
