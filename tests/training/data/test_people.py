"""Readers of CelebA's own files and of the wild folder, and the cache of straightened crops. Pictures are drawn."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.similarity import ARCFACE_TEMPLATE, align_face
from pipeline.types import Points5, Rgb8
from tests.pictures import scene
from training.data.people import (
    MARGIN_PX,
    align_with_margin,
    celeba_pictures,
    choose_held_out,
    open_people,
    prepare,
    read_doubles,
    read_held_out,
    wild_pictures,
)

# Points of a face in CelebA's 178 x 218 frame, as list_landmarks_align_celeba.txt has them: eyes, nose, mouth.
POINTS = "69  109  106  113   77  142   73  152  108  154"
CELEBA = ["000001.jpg", "000002.jpg", "000003.jpg", "000004.jpg"]


def webp(path: Path, *, seed: int, size: tuple[int, int] = (178, 218)) -> None:
    file = io.BytesIO()
    Image.fromarray(scene(*size, seed=seed)).save(file, "WEBP", quality=95)
    path.write_bytes(file.getvalue())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The pack's layout with four CelebA and three wild pictures; one CelebA picture is broken."""
    celeba, wild = tmp_path / "celeba", tmp_path / "wild"
    (celeba / "img_align_celeba").mkdir(parents=True)
    (wild / "images").mkdir(parents=True)
    for seed, name in enumerate(CELEBA[:3]):
        webp(celeba / "img_align_celeba" / name, seed=seed)
    (celeba / "img_align_celeba" / CELEBA[3]).write_text("not a picture")
    (celeba / "identity_CelebA.txt").write_text("".join(f"{name} {2880 + k // 2}\n" for k, name in enumerate(CELEBA)))
    partition = ["0", "0", "1", "0"]
    (celeba / "list_eval_partition.txt").write_text(
        "".join(f"{name} {part}\n" for name, part in zip(CELEBA, partition, strict=True))
    )
    header = "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
    (celeba / "list_landmarks_align_celeba.txt").write_text(
        f"{len(CELEBA)}\n{header}\n" + "".join(f"{name}  {POINTS}\n" for name in CELEBA)
    )
    points = (ARCFACE_TEMPLATE + 16).ravel()
    with (wild / "people.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["file", "person", "split", "source", "eye_distance", "detector_score"]
            + [f"{axis}{i}" for i in range(5) for axis in "xy"]
        )
        for k, split in enumerate(("train", "train", "val")):
            writer.writerow([f"Ann Lee__{k}.jpg", "Ann Lee" if k < 2 else "Bo", split, "pins", 90, 0.8, *points])
            webp(wild / "images" / f"Ann Lee__{k}.jpg", seed=10 + k, size=(144, 144))
    np.save(wild / "teacher.npy", np.eye(3, 256, dtype=np.int8) * 100)
    return tmp_path


def with_listing(data: Path) -> None:
    """Add the pack's own list: the last train picture is not for training."""
    rows = ["file,person,split,source,width,height,eye_distance,detector_score"]
    for name, person, split in zip(CELEBA, (2880, 2880, 2881, 2881), ("train", "train", "val", "none"), strict=True):
        rows.append(f"{name},{person},{split},small,89,109,15.0,0.8")
    (data / "celeba" / "pictures.csv").write_text("\n".join(rows) + "\n")
    teacher = np.zeros((4, 256), np.int8)
    teacher[:, :2] = [[3, 4], [0, 127], [5, 12], [1, 0]]
    np.save(data / "celeba" / "teacher.npy", teacher)


def test_celebas_own_files_are_enough(data: Path) -> None:
    pictures = celeba_pictures(data / "celeba")
    assert [p.path.name for p in pictures] == CELEBA
    assert [p.person for p in pictures] == ["celeba/2880", "celeba/2880", "celeba/2881", "celeba/2881"]
    assert [p.split for p in pictures] == ["train", "train", "val", "train"]
    assert pictures[0].points.tolist() == [[69, 109], [106, 113], [77, 142], [73, 152], [108, 154]]
    assert pictures[0].teacher is None


def test_the_packs_list_narrows_the_splits_and_brings_the_teachers_rows(data: Path) -> None:
    with_listing(data)
    pictures = celeba_pictures(data / "celeba")
    assert [p.split for p in pictures] == ["train", "train", "val", "none"]
    assert {p.source for p in pictures} == {"small"}
    assert pictures[0].teacher is not None
    assert pictures[0].teacher[:3] == pytest.approx([0.6, 0.8, 0.0])


def test_wild_people_come_with_points_and_teacher_by_row(data: Path) -> None:
    pictures = wild_pictures(data)
    assert [(p.person, p.split) for p in pictures] == [
        ("wild/Ann Lee", "train"),
        ("wild/Ann Lee", "train"),
        ("wild/Bo", "val"),
    ]
    assert np.allclose(pictures[2].points, ARCFACE_TEMPLATE + 16)
    assert pictures[2].teacher is not None
    assert pictures[2].teacher[2] == pytest.approx(1.0)


def test_a_teacher_of_another_length_is_refused(data: Path) -> None:
    np.save(data / "wild" / "teacher.npy", np.zeros((2, 256), np.int8))
    with pytest.raises(ValueError, match=r"teacher.npy has 2 rows, its list 3"):
        wild_pictures(data)


def test_the_middle_of_a_cached_crop_is_what_the_pipeline_embeds() -> None:
    """One aligner, never two: within a grey level, since both sample the same places."""
    image: Rgb8 = scene(300, 280, seed=3)
    points: Points5 = ARCFACE_TEMPLATE * 1.4 + np.array([[60, 50], [62, 51], [60, 48], [61, 52], [59, 50]], np.float32)
    crop, placed = align_with_margin(image, points)
    middle = crop[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX].astype(int)
    assert np.abs(middle - align_face(image, points).astype(int)).max() <= 1
    assert np.abs(placed - MARGIN_PX - ARCFACE_TEMPLATE).max() < 3


def test_the_cache_holds_train_and_val_and_leaves_broken_pictures_out(data: Path, tmp_path: Path) -> None:
    with_listing(data)
    (data / "celeba" / "img_align_celeba" / CELEBA[1]).write_text("broken, and listed for training")
    folder = prepare(data, tmp_path / "cache")
    people = open_people(folder)
    assert people.person.tolist() == ["celeba/2880", "celeba/2881", "wild/Ann Lee", "wild/Ann Lee", "wild/Bo"]
    assert people.split.tolist() == ["train", "val", "train", "train", "val"]
    assert people.source.tolist() == ["celeba/small"] * 2 + ["wild/pins"] * 3
    assert people.crops.shape == (5, 128, 128, 3)
    assert np.allclose(people.teacher[2], np.eye(256)[0])
    assert prepare(data, tmp_path / "cache") == folder


def test_other_points_make_another_cache(data: Path, tmp_path: Path) -> None:
    first = prepare(data, tmp_path / "cache")
    listing = data / "celeba" / "list_landmarks_align_celeba.txt"
    listing.write_text(listing.read_text().replace("69  109", "70  109", 1))
    assert prepare(data, tmp_path / "cache") != first


def test_whoever_may_be_in_both_sets_is_never_held_out(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "names_inferred.csv"
    path.write_text("person,name,cosine\n2880,Ann Lee,0.7\n")
    doubles = read_doubles(path)
    assert doubles == {"celeba/2880", "wild/Ann Lee"}
    with_listing(data)
    drawn = choose_held_out(celeba_pictures(data / "celeba") + wild_pictures(data), doubles=doubles)
    assert doubles.isdisjoint(person for group in drawn.values() for person in group)


def test_the_committed_list_of_held_out_people_names_each_once() -> None:
    from evaluation.datasets.held_out import HELD_OUT_FILE

    groups = json.loads(HELD_OUT_FILE.read_text(encoding="utf-8"))["people"]
    everyone = [person for group in groups.values() for person in group]
    held = read_held_out()
    assert len(everyone) == len(set(everyone)) == len(held.people)
    assert held.mask(np.array([everyone[0], "celeba/0"])).tolist() == [True, False]
