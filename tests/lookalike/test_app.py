"""What the composition root hands on of the settings."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from index.errors import PicturesUnreadable
from index.files import PICTURES, PREVIEWS
from index.previews import Preview, encode_previews
from lookalike.app import open_pictures, photo_limits
from lookalike.cards import FolderPictures
from lookalike.settings import Settings
from pipeline.similarity import ARCFACE_TEMPLATE
from tests.lookalike.builders import person

SEVEN = person("7")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A gallery with a red preview of person 7, whose own picture is grey."""
    (tmp_path / "people").mkdir()
    (tmp_path / "gallery").mkdir()
    picture = tmp_path / "people" / "7.jpg"
    Image.new("RGB", (300, 300), (90, 90, 90)).save(picture)
    red = io.BytesIO()
    Image.new("RGB", (300, 300), (200, 0, 0)).save(red, "JPEG")
    points = tuple((ARCFACE_TEMPLATE + 90).ravel().tolist())
    preview = Preview(jpeg=red.getvalue(), points=points, source_bytes=picture.stat().st_size)
    (tmp_path / "gallery" / PREVIEWS).write_bytes(encode_previews({"7": preview}))
    return Settings(gallery=tmp_path / "gallery", gallery_images=tmp_path / "people")


def test_cards_show_the_small_pictures_that_the_build_kept(settings: Settings) -> None:
    shown = open_pictures(settings, [SEVEN]).picture(person("7"), width=50, height=50)
    assert shown is not None
    assert shown[25, 25, 0] > 190


def test_cards_show_the_pictures_that_a_gallery_is_passed_on_with_before_they_read_large_ones(
    settings: Settings,
) -> None:
    (settings.gallery_path / PREVIEWS).rename(settings.gallery_path / PICTURES)
    shown = open_pictures(settings, [SEVEN]).picture(person("7"), width=50, height=50)
    assert shown is not None
    assert shown[25, 25, 0] > 190


def test_a_picture_of_ones_own_keeps_to_the_limits_of_photos(settings: Settings) -> None:
    (settings.gallery_path / PREVIEWS).unlink()
    assert open_pictures(settings, [SEVEN]).picture(person("7"), width=50, height=50) is not None
    small = settings.model_copy(update={"max_photo_mpx": 0.05})
    assert photo_limits(small).max_pixels == 50_000
    assert open_pictures(small, [SEVEN]).picture(person("7"), width=50, height=50) is None


def _archive(path: Path, names: list[str], picture: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, picture)
    return path


@pytest.mark.parametrize("name", ["7.jpg", "img_align_celeba/7.jpg", "img_align_celeba/img/7.jpg"])
def test_pictures_are_shown_from_a_zip_file_as_from_a_folder(settings: Settings, name: str) -> None:
    (settings.gallery_path / PREVIEWS).unlink()
    picture = (settings.gallery_path.parent / "people" / "7.jpg").read_bytes()
    archive = _archive(settings.gallery_path.parent / "celeba.zip", [name, "8.jpg", "other/9.jpg"], picture)
    zipped = settings.model_copy(update={"gallery_images": archive})
    people = [replace(SEVEN, image="img/7.jpg" if "/img/" in name else SEVEN.image), person("6")]
    shown, plain = (open_pictures(one, people) for one in (zipped, settings))
    assert shown.found(people) == 1
    zipped_tile, plain_tile = shown.picture(people[0], width=50, height=50), plain.picture(SEVEN, width=50, height=50)
    assert zipped_tile is not None
    assert plain_tile is not None
    assert np.array_equal(zipped_tile, plain_tile)
    assert shown.picture(people[1], width=50, height=50) is None


def test_a_zip_file_cut_short_is_one_sentence(settings: Settings) -> None:
    archive = _archive(settings.gallery_path.parent / "celeba.zip", ["7.jpg"], b"picture")
    cut = settings.model_copy(update={"gallery_images": archive})
    archive.write_bytes(archive.read_bytes()[:-9])
    with pytest.raises(PicturesUnreadable, match=r"celeba\.zip.*leave it empty"):
        open_pictures(cut, [SEVEN])


def test_a_file_that_is_no_zip_file_is_refused_with_the_settings(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(ValueError, match="neither a folder nor a zip file"):
        Settings(gallery_images=tmp_path / "photo.jpg")


def test_pictures_are_found_by_their_path_and_by_its_last_part(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"")
    (tmp_path / "deep").mkdir()
    people = [replace(person("1"), image="img/1.jpg"), person("2")]
    assert FolderPictures(tmp_path).found(people) == 1
    assert FolderPictures(tmp_path / "deep").found(people) == 0


def test_without_the_setting_people_are_drawn_whatever_the_gallery_holds(settings: Settings) -> None:
    drawn = settings.model_copy(update={"gallery_images": None})
    assert open_pictures(drawn, [SEVEN]).picture(replace(person("7"), name="Ann"), width=50, height=50) is None
