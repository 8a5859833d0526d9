"""Where pictures of the gallery come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.cards.pictures import FolderPictures
from tests.lookalike.cards.samples import person

SOMEBODY = replace(person("7"), image="img/000007.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gallery" / "img").mkdir(parents=True)
    Image.new("L", (8, 10), 77).save(tmp_path / "gallery" / "img" / "000007.jpg", "PNG")
    Image.new("RGB", (8, 10)).save(tmp_path / "secret.png")
    return tmp_path / "gallery"


def test_a_picture_is_read_by_content_as_rgb(folder: Path) -> None:
    image = FolderPictures(folder).picture(SOMEBODY)
    assert image is not None
    assert image.shape == (10, 8, 3)
    assert np.unique(image).tolist() == [77]


def test_the_folder_may_be_the_one_with_the_pictures_themselves(folder: Path) -> None:
    assert FolderPictures(folder / "img").picture(SOMEBODY) is not None


def test_without_a_folder_there_are_no_pictures() -> None:
    assert FolderPictures(None).picture(SOMEBODY) is None


@pytest.mark.parametrize("image", ["", "img/missing.jpg", "img", "../secret.png", "/etc/hostname", "img/\0.jpg"])
def test_what_is_not_a_picture_below_the_folder_is_none(folder: Path, image: str) -> None:
    assert FolderPictures(folder).picture(replace(SOMEBODY, image=image)) is None


def test_a_broken_picture_is_none(folder: Path) -> None:
    (folder / "img" / "000007.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    assert FolderPictures(folder).picture(SOMEBODY) is None
