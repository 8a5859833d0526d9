"""The readers, on small files in the sources' exact formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.data.faces_with_points import (
    SCHEMAS,
    FaceWithPoints,
    Schema,
    celeba_faces,
    is_dev,
    mirror_points,
    read_landmark_sets,
    wild_faces,
)

pytestmark = pytest.mark.train

FIVE = ",".join(f"x{k},y{k}" for k in range(5))
SIXTY_EIGHT = ",".join(f"x{k},y{k}" for k in range(68))
HEAD = "set,split,file,box_x0,box_y0,box_x1,box_y1,"


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def landmark_folder(folder: Path) -> Path:
    points = "40,50,70,50,55,70,42,90,68,90"
    rows = [f"mtfl,train,face_{k}.webp,20,20,90,110,{points}" for k in range(60)]
    rows += [f"ytf68,train,Some_One_{k:02d}.webp,20,20,90,110,{points}" for k in range(5)]
    rows += [f"mtfl,val,AFLW_1.webp,20,20,90,110,{points}"]
    write(folder / "points5.csv", HEAD + FIVE, *rows)
    many = ",".join(f"{k},{k + 100}" for k in range(68))
    write(folder / "points68.csv", HEAD + SIXTY_EIGHT, f"helen_afw,val,h.webp,0,0,9,9,{many}")
    return folder


def test_dev_and_fit_share_train_between_them_and_val_stays_outside(tmp_path: Path) -> None:
    folder = landmark_folder(tmp_path)
    split = {
        name: {face.path.name for face in read_landmark_sets(folder, split=name)}
        for name in ("train", "fit", "dev", "val")
    }
    assert split["fit"] | split["dev"] == split["train"]
    assert not split["fit"] & split["dev"]
    assert split["dev"], "60 groups, one in twelve"
    assert split["val"] == {"AFLW_1.webp"}


def test_frames_of_one_person_never_part(tmp_path: Path) -> None:
    faces = [face for face in read_landmark_sets(landmark_folder(tmp_path), split="train") if face.source == "ytf68"]
    assert len({face.group for face in faces}) == 1
    assert len({is_dev(face.group) for face in faces}) == 1


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="train, fit, dev or val"):
        read_landmark_sets(landmark_folder(tmp_path), split="test")


def test_five_points_from_68_are_eye_means_nose_tip_and_mouth_corners(tmp_path: Path) -> None:
    (face,) = read_landmark_sets(landmark_folder(tmp_path), split="val", schema=Schema.IBUG68)
    want = np.array([[38.5, 138.5], [44.5, 144.5], [30, 130], [48, 148], [54, 154]], np.float32)
    np.testing.assert_allclose(face.five, want)


def test_twelve_eye_points_align_by_two_centres_and_have_no_five(tmp_path: Path) -> None:
    (face,) = read_landmark_sets(landmark_folder(tmp_path), split="val", schema=Schema.EYES12)
    np.testing.assert_allclose(SCHEMAS[Schema.EYES12].to_align(face.points), [[38.5, 138.5], [44.5, 144.5]])
    with pytest.raises(ValueError, match="no five points"):
        _ = face.five


@pytest.mark.parametrize("schema", list(Schema))
def test_mirroring_twice_gives_the_same_points_and_once_swaps_the_sides(schema: Schema) -> None:
    info = SCHEMAS[schema]
    points = np.random.default_rng(1).uniform(0, 100, (info.count, 2)).astype(np.float32)
    once = mirror_points(points, width=101, schema=schema)
    np.testing.assert_allclose(mirror_points(once, width=101, schema=schema), points, atol=1e-4)
    reduced, reduced_once = info.to_align(points), info.to_align(once)
    np.testing.assert_allclose(reduced_once[0], [100 - reduced[1, 0], reduced[1, 1]], atol=1e-4)
    assert sorted(info.mirrored) == list(range(info.count))


def test_points_that_lie_right_of_their_place_lie_right_of_it_in_the_mirror_too() -> None:
    """An eye at column 30 written down as 31; in a mirrored picture 101 wide it is at 70 and would be written as 71."""
    points = np.array([[31, 50], [61, 50], [46, 60], [36, 80], [56, 80]], np.float32)
    mirrored = mirror_points(points, width=101, right_of_place_px=1.0)
    assert mirrored[1].tolist() == [71, 50]


def celeba_folder(folder: Path) -> Path:
    names = ["000001.jpg", "000002.jpg", "000003.jpg", "000004.jpg"]
    write(
        folder / "list_landmarks_align_celeba.txt",
        "4",
        "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y",
        *(f"{name}  69  109  {106 - 30 * k}  113   77  142   73  152  108  154" for k, name in enumerate(names)),
    )
    write(folder / "identity_CelebA.txt", *(f"{name} {k}" for k, name in enumerate(names)))
    write(folder / "list_eval_partition.txt", *(f"{name} {int(k == 3)}" for k, name in enumerate(names)))
    return folder


def test_celeba_train_leaves_out_val_and_faces_with_eyes_too_close(tmp_path: Path) -> None:
    faces = celeba_faces(celeba_folder(tmp_path), min_eye_px=25)
    assert [face.path.name for face in faces] == ["000001.jpg"]
    assert faces[0].group == "celeba/0"


def test_the_packs_own_table_narrows_celebas_split(tmp_path: Path) -> None:
    """`none` and `gallery` pictures are official train or test ones that must not be learnt from."""
    folder = celeba_folder(tmp_path)
    write(folder / "pictures.csv", "file,split", "000001.jpg,none", "000002.jpg,train", "000003.jpg,gallery")
    assert [face.path.name for face in celeba_faces(folder)] == ["000002.jpg"]


def test_wild_rows_come_with_points_and_by_split(tmp_path: Path) -> None:
    head = "file,person,split,source,eye_distance,detector_score," + FIVE
    row = "pins,20,0.8,53,67,90,66,72,89,58,107,85,107"
    write(tmp_path / "wild" / "people.csv", head, f"a b.jpg,A B,train,{row}", f"c.jpg,C,val,{row}")
    (face,) = wild_faces(tmp_path)
    assert face.path == tmp_path / "wild" / "images" / "a b.jpg"
    assert isinstance(face, FaceWithPoints)
    assert face.five.shape == (5, 2)
