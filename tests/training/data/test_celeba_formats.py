"""The whole CelebA as upstream lays it out, in its exact formats, through every reader that trains on it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from index.celeba import read_attributes
from training.command_line import RECIPES
from training.config import load_recipe
from training.data.celeba_boxes import read_celeba_boxes
from training.data.faces_with_points import celeba_faces
from training.data.people import celeba_pictures as read_people
from training.data.people import open_people, prepare
from training.data.scenes import list_scenes
from training.detector.cli import main
from training.landmarks.recipe import LandmarkRecipe
from training.landmarks.train import dev_faces, make_batches

# The files' own first lines: counts, headers, columns parted by runs of blanks, attributes with a trailing blank.
BOXES = """3
image_id x_1 y_1 width height
000001.jpg    95  71 226 313
000002.jpg    72  94 221 306
000003.jpg   216  59  91 126
"""
ALIGNED = """3
lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y
000001.jpg  69  109  106  113   77  142   73  152  108  154
000002.jpg  69  110  107  112   81  135   70  151  108  153
000003.jpg  76  112  104  106  108  128   74  156   98  158
"""
WHOLE = """3
lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y
000001.jpg 165  184  244  176  196  249  194  271  266  260
000002.jpg 140  204  220  204  168  254  146  289  226  289
000003.jpg 244  104  264  105  263  121  235  134  251  140
"""
ATTRIBUTES = """3
5_o_Clock_Shadow Eyeglasses Male Young\x20
000001.jpg -1 -1 -1  1
000002.jpg -1 -1 -1  1
000003.jpg -1  1  1 -1
"""


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    """Three pictures, 178 x 218 aligned and 409 x 687 whole, with the lists beside the folders."""
    folder = tmp_path / "data" / "celeba"
    for name, text in {
        "list_bbox_celeba": BOXES,
        "list_landmarks_align_celeba": ALIGNED,
        "list_landmarks_celeba": WHOLE,
        "list_attr_celeba": ATTRIBUTES,
        "identity_CelebA": "000001.jpg 2880\n000002.jpg 2937\n000003.jpg 8692\n",
        "list_eval_partition": "000001.jpg 0\n000002.jpg 0\n000003.jpg 1\n",
    }.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    rng = np.random.default_rng(0)
    for kind, (width, height) in {"img_align_celeba": (178, 218), "img_celeba": (409, 687)}.items():
        (folder / kind).mkdir()
        for k in (1, 2, 3):
            picture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
            cv2.imwrite(str(folder / kind / f"00000{k}.jpg"), picture)
    return folder


def test_boxes_are_given_as_corners_of_the_whole_pictures(celeba: Path) -> None:
    assert dict(read_celeba_boxes(celeba / "list_bbox_celeba.txt"))["000002.jpg"] == (72, 94, 72 + 221, 94 + 306)


def test_the_box_list_becomes_labels_that_the_detectors_reader_takes(
    celeba: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole pictures are linked as scenes of the source `celeba`; boxes come back in their pixels. Twice is once."""
    scenes = tmp_path / "scenes"
    words = ["labels", str(celeba / "list_bbox_celeba.txt"), "--images", str(celeba / "img_celeba")]
    words += ["--out", str(scenes / "labels" / "train"), "--link", str(scenes / "images" / "train")]
    for _ in range(2):
        assert main(words) == 0
        assert capsys.readouterr().out == "3\n"
    found = list_scenes(scenes, "train")
    assert [scene.source for scene in found] == ["celeba"] * 3
    assert found[0].read().shape == (687, 409, 3)
    np.testing.assert_allclose(found[0].boxes(height=687, width=409), [[95, 71, 321, 384]], atol=0.01)


def test_boxes_of_the_whole_pictures_are_not_taken_for_the_aligned_ones(celeba: Path) -> None:
    """Upstream's box list lies beside both folders and belongs to one of them."""
    aligned, whole = celeba_faces(celeba), celeba_faces(celeba, in_the_wild=True)
    assert [face.path.parent.name for face in (*aligned, *whole)] == ["img_align_celeba"] * 2 + ["img_celeba"] * 2
    assert [face.box for face in aligned] == [None, None]
    assert whole[0].box == (95, 71, 321, 384)
    assert aligned[0].five.tolist() == [[69, 109], [106, 113], [77, 142], [73, 152], [108, 154]]
    assert whole[0].five.tolist() == [[165, 184], [244, 176], [196, 249], [194, 271], [266, 260]]
    assert [face.path.name for face in celeba_faces(celeba, split="val")] == ["000003.jpg"]


def test_people_come_with_the_official_partition_and_make_a_cache_without_a_teacher(celeba: Path) -> None:
    pictures = read_people(celeba)
    assert [(p.person, p.split) for p in pictures] == [
        ("celeba/2880", "train"),
        ("celeba/2937", "train"),
        ("celeba/8692", "val"),
    ]
    people = open_people(prepare(celeba.parent, celeba.parent / "cache"))
    assert people.crops.shape == (3, 128, 128, 3)
    assert not people.teacher.any()


def test_the_aligner_learns_from_the_whole_celeba_alone(celeba: Path) -> None:
    """No landmark sets, no scenes, no web pictures: the recipe asks for none of them, and checks are CelebA's val."""
    recipe = load_recipe(RECIPES / "landmarks_celeba.toml", LandmarkRecipe, overrides={"run": {"batch": 4}})
    assert make_batches(recipe, celeba.parent)(0).points.shape == (4, 5, 2)
    assert [face.path.name for face in dev_faces(celeba.parent)] == ["000003.jpg"]


def test_attributes_keep_their_columns(celeba: Path) -> None:
    table = read_attributes(celeba / "list_attr_celeba.txt")
    assert table.names == ("5_o_Clock_Shadow", "Eyeglasses", "Male", "Young")
    assert table.labels[table.rows["000003.jpg"]].tolist() == [False, True, True, False]
