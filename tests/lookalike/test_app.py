"""What the composition root hands on of the settings."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from index.files import PREVIEWS
from index.previews import Preview, encode_previews
from lookalike.app import open_pictures, photo_limits
from lookalike.settings import Settings
from pipeline.similarity import ARCFACE_TEMPLATE
from tests.lookalike.builders import person


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
    shown = open_pictures(settings).picture(person("7"), width=50, height=50)
    assert shown is not None
    assert shown[25, 25, 0] > 190


def test_a_picture_of_ones_own_keeps_to_the_limits_of_photos(settings: Settings) -> None:
    (settings.gallery_path / PREVIEWS).unlink()
    assert open_pictures(settings).picture(person("7"), width=50, height=50) is not None
    small = settings.model_copy(update={"max_photo_mpx": 0.05})
    assert photo_limits(small).max_pixels == 50_000
    assert open_pictures(small).picture(person("7"), width=50, height=50) is None


def test_without_the_setting_people_are_drawn_whatever_the_gallery_holds(settings: Settings) -> None:
    drawn = settings.model_copy(update={"gallery_images": None})
    assert open_pictures(drawn).picture(replace(person("7"), name="Ann"), width=50, height=50) is None
