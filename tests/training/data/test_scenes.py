"""Scenes: the split, labels, CelebA's box list, and the pictures composed from scenes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.celeba_boxes import convert_celeba_boxes, read_celeba_boxes
from training.data.scene_synthesis import Cutout, close_up, contact_sheet, cut_out, paste
from training.data.scenes import (
    Boxes,
    Scene,
    ScenesError,
    hold_out,
    list_scenes,
    read_yolo_labels,
    yolo_label_text,
)
from training.detector.cli import main

RED = (0, 0, 255)  # BGR: the colour of every drawn face
CELEBA_LIST = """4
image_id x_1 y_1 width height
000001.jpg    95  71 226 313
000002.jpg    72  94 221 306
000003.jpg     0   0   0   0
000004.jpg   622 257 564 781
"""


def scene(name: str) -> Scene:
    return Scene(image=Path(f"{name}.webp"), label=Path(f"{name}.txt"))


def drawn_face(height: int, width: int, box: tuple[int, int, int, int]) -> np.ndarray:
    """A grey picture whose face is a red rectangle: its box can be read off the pixels."""
    picture = np.full((height, width, 3), 128, dtype=np.uint8)
    x0, y0, x1, y1 = box
    picture[y0:y1, x0:x1] = RED
    return picture


def red_box(picture: np.ndarray) -> list[int]:
    """x0, y0, x1, y1 of what is more red than anything else."""
    channels = picture.astype(int)
    rows, columns = np.nonzero(channels[:, :, 2] - channels[:, :, 1] > 60)
    return [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]


@given(st.lists(st.sampled_from(["wider", "mask", "empty"]), max_size=60), st.integers(2, 7), st.randoms())
def test_every_nth_picture_of_each_source_is_held_out_whatever_the_order(
    sources: list[str], every: int, random: object
) -> None:
    """The held-out pictures choose epochs and thresholds: they must be the same ones in every run."""
    scenes = [scene(f"{source}_{k:03d}") for k, source in enumerate(sources)]
    shuffled = list(scenes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out random.Random
    kept, held = hold_out(shuffled, every=every)
    assert sorted(s.image for s in kept + held) == sorted(s.image for s in scenes)
    assert {s.image for s in kept}.isdisjoint(s.image for s in held)
    for source in set(sources):
        assert sum(s.source == source for s in held) == sources.count(source) // every
    assert hold_out(scenes, every=every)[1] == held


corner = st.floats(0, 1, width=32)


@given(st.lists(st.tuples(corner, corner, corner, corner), max_size=8))
def test_a_label_file_gives_back_the_boxes_that_were_written(
    tmp_path_factory: pytest.TempPathFactory, shares: list[tuple[float, float, float, float]]
) -> None:
    """Corners -> `class cx cy w h` -> corners, within a hundredth of a pixel; empty boxes are not written."""
    height, width = 300, 400
    corners = [(min(a, c) * width, min(b, d) * height, max(a, c) * width, max(b, d) * height) for a, b, c, d in shares]
    boxes = np.asarray(corners, dtype=np.float32).reshape(-1, 4)
    wanted = boxes[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])]
    path = tmp_path_factory.mktemp("labels") / "a.txt"
    path.write_text(yolo_label_text(boxes, height=height, width=width))
    np.testing.assert_allclose(read_yolo_labels(path, height=height, width=width), wanted, atol=0.01)


def test_a_box_is_clipped_to_its_picture_before_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    boxes = np.array([[-10, -20, 50, 40], [120, 10, 150, 20]], dtype=np.float32)
    path.write_text(yolo_label_text(boxes, height=80, width=100))
    np.testing.assert_allclose(read_yolo_labels(path, height=80, width=100), [[0, 0, 50, 40]], atol=1e-3)


@pytest.mark.parametrize("line", ["0 0.5 0.5 0.2", "0 0.5 0.5 0.2 wide", "face 0.5 0.5 0.2 0.2"])
def test_a_malformed_label_is_refused_with_file_and_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(ScenesError, match=r"bad\.txt:2: wanted"):
        read_yolo_labels(path, height=10, width=10)


def test_a_picture_without_label_file_is_refused_not_taken_for_empty(tmp_path: Path) -> None:
    (tmp_path / "images" / "train").mkdir(parents=True)
    (tmp_path / "images" / "train" / "wider_1.png").write_bytes(b"")
    with pytest.raises(ScenesError, match=r"wider_1\.txt: no such label file"):
        list_scenes(tmp_path, "train")


def test_a_folder_without_pictures_says_what_to_unpack(tmp_path: Path) -> None:
    with pytest.raises(ScenesError, match="unpack"):
        list_scenes(tmp_path, "val")


def test_celebas_box_list_becomes_yolo_labels_of_the_pictures_that_are_there(tmp_path: Path) -> None:
    """CelebA's own file: corner and size in pixels of the original; 0 x 0 rows and absent pictures write nothing."""
    images, labels = tmp_path / "img_celeba", tmp_path / "labels"
    images.mkdir()
    for name, (height, width) in {"000001": (687, 409), "000002": (400, 423), "000003": (50, 50)}.items():
        cv2.imwrite(str(images / f"{name}.jpg"), np.zeros((height, width, 3), np.uint8))
    (tmp_path / "list_bbox_celeba.txt").write_text(CELEBA_LIST)
    assert convert_celeba_boxes(tmp_path / "list_bbox_celeba.txt", images, labels) == 2
    assert sorted(p.name for p in labels.iterdir()) == ["000001.txt", "000002.txt"]
    found = read_yolo_labels(labels / "000001.txt", height=687, width=409)
    np.testing.assert_allclose(found, [[95, 71, 95 + 226, 71 + 313]], atol=0.01)
    assert (labels / "000002.txt").read_text() == "0 0.431442 0.617500 0.522459 0.765000\n"


def test_the_command_writes_labels_and_prints_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "boxes.txt").write_text("1\nimage_id x_1 y_1 width height\n000001.jpg 10 20 30 40\n")
    cv2.imwrite(str(tmp_path / "000001.jpg"), np.zeros((100, 100, 3), np.uint8))
    assert main(["labels", str(tmp_path / "boxes.txt"), "--images", str(tmp_path), "--out", str(tmp_path / "l")]) == 0
    assert capsys.readouterr().out == "1\n"
    assert (tmp_path / "l" / "000001.txt").read_text() == "0 0.250000 0.400000 0.300000 0.400000\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("image_id x_1 y_1 width height\n", ":1: wanted the number"),
        ("1\nimage_id lefteye_x lefteye_y\n000001.jpg 1 2\n", ":2: wanted `image_id x_1"),
        ("2\nimage_id x_1 y_1 width height\n000001.jpg 1 2 3 4\n", "says 2 pictures, there are 1"),
        ("1\nimage_id x_1 y_1 width height\n000001.jpg 1 2 3\n", ":3: wanted `file x y width height`"),
    ],
    ids=["no count", "landmark list", "cut off", "short row"],
)
def test_a_file_that_is_not_celebas_box_list_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "list_bbox_celeba.txt"
    path.write_text(text)
    with pytest.raises(ScenesError, match=problem):
        list(read_celeba_boxes(path))


def test_a_cutout_knows_where_its_face_is_even_at_the_edge() -> None:
    picture = drawn_face(100, 120, (2, 30, 42, 80))
    cutout = cut_out(picture, np.array([2, 30, 42, 80], np.float32), expand=1.5)
    np.testing.assert_allclose(cutout.box, red_box(cutout.pixels), atol=0.01)
    assert cutout.pixels.shape[:2] == (74, 52)  # half to even: 55 - 37.5 and 55 + 37.5


@given(st.integers(0, 10_000))
def test_pasted_faces_lie_where_their_boxes_say_and_nowhere_else(seed: int) -> None:
    """One red face on a grey canvas: its pixels span the box; the rest of the canvas is as it was."""
    rng = np.random.default_rng(seed)
    canvas = np.full((240, 320, 3), 128, dtype=np.uint8)
    picture = drawn_face(100, 100, (25, 20, 75, 80))
    cutout = Cutout(picture, np.array([25, 20, 75, 80], np.float32))
    composed = paste(canvas, [cutout], smallest_px=16, rng=rng)
    assert len(composed.boxes) == 1
    box = composed.boxes[0]
    side = min(box[2] - box[0], box[3] - box[1])
    assert 15 <= side <= 1.3 * 50 + 1
    seen = np.array(red_box(composed.pixels))
    # The soft ellipse may take a little off the rectangle's corners, never add to it.
    assert np.abs(seen - box).max() <= max(2.0, 0.2 * side)
    assert np.all(canvas == 128)


def test_pasted_faces_never_cover_each_other() -> None:
    canvas = np.zeros((300, 300, 3), np.uint8)
    cutout = Cutout(drawn_face(60, 60, (10, 10, 50, 50)), np.array([10, 10, 50, 50], np.float32))
    composed = paste(canvas, [cutout] * 8, smallest_px=14, rng=np.random.default_rng(3))
    boxes = composed.boxes
    assert len(boxes) >= 2
    for k, one in enumerate(boxes):
        for other in boxes[k + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)


@given(st.integers(0, 10_000))
def test_a_close_up_shows_one_face_that_fills_it(seed: int) -> None:
    picture = drawn_face(400, 400, (120, 100, 260, 290))
    boxes = np.array([[120, 100, 260, 290]], np.float32)
    near = close_up(picture, boxes, 0, rng=np.random.default_rng(seed))
    assert near is not None
    np.testing.assert_allclose(near.boxes[0], red_box(near.pixels), atol=1.0)
    height, width = near.pixels.shape[:2]
    area = np.prod(near.boxes[0][2:] - near.boxes[0][:2])
    assert area / (height * width) > 0.3


def test_a_close_up_that_would_halve_a_neighbour_is_not_made() -> None:
    """Half a face that nobody labelled teaches the wrong thing either way."""
    boxes: Boxes = np.array([[100, 100, 200, 200], [150, 100, 330, 200]], np.float32)
    picture = np.zeros((300, 400, 3), np.uint8)
    made = [close_up(picture, boxes, 0, rng=np.random.default_rng(seed)) for seed in range(40)]
    assert any(near is None for near in made)
    for near in made:
        if near is not None:
            assert len(near.boxes) == 2 or near.pixels.shape[1] < 110


def test_a_contact_sheet_of_sixteen_has_a_box_in_each_of_sixteen_cells() -> None:
    cutout = Cutout(drawn_face(90, 60, (10, 20, 50, 80)), np.array([10, 20, 50, 80], np.float32))
    sheet = contact_sheet([cutout] * 16, columns=4, cell_px=120, gap_px=4)
    centres = (sheet.boxes[:, :2] + sheet.boxes[:, 2:]) / 2
    cells = {(int(x // 124), int(y // 124)) for x, y in centres}
    assert len(cells) == 16
    top_left = sheet.pixels[:124, :124]
    np.testing.assert_allclose(sheet.boxes[0], red_box(np.where(top_left == 255, 128, top_left)), atol=1.5)
