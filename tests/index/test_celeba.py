"""CelebA's files, in the exact formats in which they are published, and with the quirks of their copies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from index.celeba import (
    read_attributes,
    read_identities,
    read_landmarks,
    read_names,
    read_partition,
)
from index.errors import BadSource
from index.layouts import read_source
from index.name_table import read_name_table

IDENTITIES = "000001.jpg 2880\n000002.jpg 2937\n000003.jpg 8692\n000004.jpg 2880\n"
ATTRIBUTES = (
    "4\n"
    "5_o_Clock_Shadow Eyeglasses Male Smiling Young \n"
    "000001.jpg -1  1 -1  1  1\n"
    "000002.jpg  1 -1  1 -1 -1\n"
    "000003.jpg -1 -1  1 -1  1\n"
    "000004.jpg -1 -1 -1 -1  1\n"
)
LANDMARKS = (
    "2\n"
    "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y\n"
    "000001.jpg 69  109  106  113   77  142   73  152  108  154\n"
    "000002.jpg 69  110  107  112   81  135   70  151  108  153\n"
)
NAMES = "202599\nimage_id identity_name\n000001.jpg   Heidi_Range\n000002.jpg   John_Wayne\n000004.jpg   Heidi_Range\n"

QUIRKS: dict[str, Callable[[str], bytes]] = {
    "as published": lambda text: text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "trailing blanks": lambda text: text.replace("\n", "  \n").encode(),
    "no last newline": lambda text: text.rstrip("\n").encode(),
    "empty lines at the end": lambda text: (text + "\n\n").encode(),
}
quirks = pytest.mark.parametrize("quirk", QUIRKS.values(), ids=QUIRKS.keys())


def _file(folder: Path, name: str, contents: bytes) -> Path:
    path = folder / name
    path.write_bytes(contents)
    return path


@quirks
def test_identities_are_read(tmp_path: Path, quirk: Callable[[str], bytes]) -> None:
    path = _file(tmp_path, "identity_CelebA.txt", quirk(IDENTITIES))
    assert read_identities(path) == {
        "000001.jpg": "2880",
        "000002.jpg": "2937",
        "000003.jpg": "8692",
        "000004.jpg": "2880",
    }


@quirks
def test_attributes_are_read(tmp_path: Path, quirk: Callable[[str], bytes]) -> None:
    table = read_attributes(_file(tmp_path, "list_attr_celeba.txt", quirk(ATTRIBUTES)))
    assert table.names == ("5_o_Clock_Shadow", "Eyeglasses", "Male", "Smiling", "Young")
    assert table.labels[table.rows["000002.jpg"]].tolist() == [True, False, True, False, False]
    assert len(table.rows) == 4


@quirks
def test_landmarks_are_read_in_the_order_eyes_nose_mouth(tmp_path: Path, quirk: Callable[[str], bytes]) -> None:
    points = read_landmarks(_file(tmp_path, "list_landmarks_align_celeba.txt", quirk(LANDMARKS)))
    assert points["000001.jpg"].tolist() == [[69, 109], [106, 113], [77, 142], [73, 152], [108, 154]]
    assert points["000002.jpg"].dtype == np.float32


@quirks
def test_names_lose_their_underscores(tmp_path: Path, quirk: Callable[[str], bytes]) -> None:
    names = read_names(_file(tmp_path, "list_identity_celeba.txt", quirk(NAMES)))
    assert names == {"000001.jpg": "Heidi Range", "000002.jpg": "John Wayne", "000004.jpg": "Heidi Range"}


@quirks
def test_the_partition_is_read(tmp_path: Path, quirk: Callable[[str], bytes]) -> None:
    path = _file(tmp_path, "list_eval_partition.txt", quirk("000001.jpg 0\n000002.jpg 2\n"))
    assert read_partition(path) == {"000001.jpg": 0, "000002.jpg": 2}


def test_the_copies_with_commas_are_read(tmp_path: Path) -> None:
    """Kaggle's CelebA has list_*.csv with a header that begins with image_id."""
    attributes = _file(tmp_path, "list_attr_celeba.csv", b"image_id,Male,Young\n000001.jpg,-1,1\n")
    assert read_attributes(attributes).names == ("Male", "Young")
    head = "image_id,lefteye_x,lefteye_y,righteye_x,righteye_y,nose_x,nose_y,leftmouth_x,leftmouth_y,a,b"
    points = _file(tmp_path, "p.csv", f"{head}\n000001.jpg,69,109,106,113,77,142,73,152,108,154\n".encode())
    assert read_landmarks(points)["000001.jpg"][4].tolist() == [108, 154]
    partition = _file(tmp_path, "e.csv", b"image_id,partition\n000001.jpg,1\n")
    assert read_partition(partition) == {"000001.jpg": 1}


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_identities, "000001.jpg 2880\n000002.jpg\n", "line 2: want 2 fields, got 1"),
        (read_identities, "000001.jpg Heidi\n", "line 1: want an identity number, got 'Heidi'"),
        (read_partition, "000001.jpg 0\n000002.jpg 7\n", "line 2: want 0, 1 or 2"),
        (read_attributes, "1\nMale Young\n000001.jpg 1\n", "line 3: want 3 fields, got 2"),
        (read_attributes, "1\nMale Young\n000001.jpg 1 5\n", "line 3: want -1 or 1"),
        (read_attributes, "1\nMale Male\n", "line 2: want the names"),
        (read_attributes, "", "empty"),
        (read_landmarks, "1\nlefteye_x\n000001.jpg 1 2 3 4 5 6 7 8 9\n", "line 3: want 11 fields, got 10"),
        (read_landmarks, "000001.jpg 1 2 3 4 5 6 7 8 9 x\n", "line 1: want ten numbers"),
        (read_landmarks, "000001.jpg 1 2 3 4 5 6 7 8 9 nan\n", "not finite"),
        (read_names, "2\nimage_id identity_name\n000001.jpg\n", "line 3: want a picture and a name"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, read: Callable[[Path], object], text: str, message: str) -> None:
    path = _file(tmp_path, "list.txt", text.encode())
    with pytest.raises(BadSource, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="can't be read"):
        read_identities(_file(tmp_path, "identity_CelebA.txt", b"\xff\xd8\xff\xe0"))


def _celeba(folder: Path) -> Path:
    pictures = folder / "Img" / "img_align_celeba"
    pictures.mkdir(parents=True)
    for number in (1, 2, 4):
        (pictures / f"00000{number}.jpg").write_bytes(b"x")
    _file(folder, "identity_CelebA.txt", IDENTITIES.encode())
    return folder


def test_pictures_are_found_anywhere_below_and_come_by_person(tmp_path: Path) -> None:
    source = read_source(_celeba(tmp_path))
    assert [(picture.person, picture.file) for picture in source.pictures] == [
        ("2880", "Img/img_align_celeba/000001.jpg"),
        ("2880", "Img/img_align_celeba/000004.jpg"),
        ("2937", "Img/img_align_celeba/000002.jpg"),
    ]
    assert source.missing == ("000003.jpg",)
    assert all(picture.points is None for picture in source.pictures)


def test_people_get_what_most_of_their_pictures_say(tmp_path: Path) -> None:
    """2880 has two labelled pictures: they agree on three kept attributes and draw on the glasses."""
    _file(_celeba(tmp_path), "list_attr_celeba.txt", ATTRIBUTES.encode())
    known = read_source(tmp_path).known
    assert known["2880"].attributes == {"5_o_Clock_Shadow": False, "Male": False, "Young": True}
    assert known["2937"].attributes == {"5_o_Clock_Shadow": True, "Eyeglasses": False, "Male": True, "Young": False}


def test_told_names_win_over_guessed_ones(tmp_path: Path) -> None:
    _celeba(tmp_path)
    _file(tmp_path, "names_inferred.csv", b"person,name,cosine\r\n2880,amber heard,0.703\r\n8692,elon musk,0.7\r\n")
    guessed = read_source(tmp_path).known
    assert (guessed["2880"].name, guessed["2880"].name_inferred) == ("Amber Heard", True)
    _file(tmp_path, "list_identity_celeba.txt", NAMES.encode())
    told = read_source(tmp_path).known
    assert (told["2880"].name, told["2880"].name_inferred) == ("Heidi Range", False)
    assert (told["8692"].name, told["8692"].name_inferred) == ("Elon Musk", True)


def test_points_go_to_aligned_pictures_only(tmp_path: Path) -> None:
    """Upstream's whole pictures have the same names, in img_celeba; the points would lie anywhere on them."""
    _file(_celeba(tmp_path), "list_landmarks_align_celeba.txt", LANDMARKS.encode())
    whole = tmp_path / "Img" / "img_celeba"
    whole.mkdir()
    for number in (1, 3):
        (whole / f"00000{number}.jpg").write_bytes(b"y")
    by_file = {picture.file: picture.points for picture in read_source(tmp_path).pictures}
    assert by_file["Img/img_align_celeba/000001.jpg"] is not None
    assert by_file["Img/img_celeba/000003.jpg"] is None
    assert "Img/img_celeba/000001.jpg" not in by_file


def test_the_png_copy_is_found_by_the_names_of_the_lists(tmp_path: Path) -> None:
    _file(tmp_path, "identity_CelebA.txt", b"000001.jpg 7\n")
    (tmp_path / "img_align_celeba_png").mkdir()
    (tmp_path / "img_align_celeba_png" / "000001.png").write_bytes(b"x")
    assert [picture.file for picture in read_source(tmp_path).pictures] == ["img_align_celeba_png/000001.png"]


def test_lists_without_pictures_are_refused_with_what_to_do(tmp_path: Path) -> None:
    _file(tmp_path, "identity_CelebA.txt", IDENTITIES.encode())
    with pytest.raises(BadSource, match=r"none of the 4 pictures.*unpack img_align_celeba"):
        read_source(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("number,name\n1,Ann\n", "want a header with the columns person and name"),
        ("person,name\n1\n", "line 2: want 2 fields, got 1"),
    ],
)
def test_a_bad_table_of_names_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadSource, match=message):
        read_name_table(_file(tmp_path, "names.csv", text.encode()))


def test_a_table_of_ones_own_keeps_the_spelling(tmp_path: Path) -> None:
    read = read_name_table(_file(tmp_path, "names.csv", "\ufeffName,Person\r\nk.d. lang,1\r\n ,2\r\n".encode()))
    assert (read.names, read.inferred) == ({"1": "k.d. lang"}, False)
