"""`lookalike index pictures`: faces out of CelebA's own archive into a small one, and cards made from it."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from index.build import build_gallery, rewrite_people
from index.source import Picture, Source
from lookalike.app import open_pictures
from lookalike.settings import Settings
from pipeline.types import Rgb8
from tests.index.arithmetic_embed import ArithmeticEmbed
from tests.lookalike.builders import person
from tests.lookalike.cli.gallery_runs import run

# Where CelebA's aligned pictures have eyes, nose and mouth, as the research pack's copies of half the size have them.
HALF_POINTS = (34.5, 55.5, 53.5, 55.5, 44.0, 67.5, 35.5, 76.0, 52.5, 76.0)
SOMEBODY = replace(person("7"), image="img_align_celeba/000007.jpg", points=HALF_POINTS, frame=(89, 109))


def _celeba_picture(colour: tuple[int, int, int]) -> bytes:
    """178 x 218 px, one colour, with a white square between the eyes."""
    image = Image.new("RGB", (178, 218), colour)
    image.paste((255, 255, 255), (84, 107, 94, 117))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=95)
    return data.getvalue()


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    """CelebA's archive with three of its pictures."""
    path = tmp_path / "img_align_celeba.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in (6, 7, 8):
            archive.writestr(f"img_align_celeba/{number:06d}.jpg", _celeba_picture((20 * number, 60, 60)))
    return path


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    """The shipped gallery's form with two people: one has a picture in the archive, one has none."""
    (tmp_path / "src").mkdir()
    for number in ("7", "9"):
        (tmp_path / "src" / f"{number}.jpg").write_bytes(number.encode() * 20)
    source = Source(
        folder=tmp_path / "src",
        layout="celeba",
        description="two people",
        known={},
        pictures=tuple(Picture(file=f"{number}.jpg", person=number) for number in ("7", "9")),
    )
    build_gallery(source, tmp_path / "gallery", ArithmeticEmbed())
    rewrite_people(
        tmp_path / "gallery",
        lambda people: (SOMEBODY, replace(people[1], image="img_align_celeba/000009.jpg", points=HALF_POINTS)),
    )
    return tmp_path / "gallery"


def _shown(images: Path, gallery: Path) -> Rgb8 | None:
    settings = Settings(gallery=gallery, gallery_images=images)
    return open_pictures(settings, [SOMEBODY]).picture(SOMEBODY, width=200, height=200)


def test_the_small_archive_shows_what_celebas_own_shows(celeba: Path, gallery: Path, tmp_path: Path) -> None:
    out = tmp_path / "faces.zip"
    result = run("pictures", celeba, "--gallery", gallery, "--out", out)
    assert result.exit_code == 0, result.output
    assert f"{out}: 1 of 2 people" in result.output
    assert "1 person without a picture there: 9" in result.output
    assert f"GALLERY_IMAGES={out}" in result.output
    own, small = _shown(celeba, gallery), _shown(out, gallery)
    assert own is not None
    assert small is not None
    assert np.abs(own.astype(int) - small).mean() < 4
    # Points of a copy of half the size are carried onto the whole picture: the square lies in the middle of the face.
    bright = np.argwhere(small[..., 1] > 180).mean(axis=0)
    assert abs(bright[1] - 100) < 6


def test_an_archive_made_before_is_replaced_and_nothing_else_is(celeba: Path, gallery: Path, tmp_path: Path) -> None:
    out = tmp_path / "faces.zip"
    for _ in range(2):
        assert run("pictures", celeba, "--gallery", gallery, "--out", out, "--json").exit_code == 0
    before = celeba.read_bytes()
    refused = run("pictures", celeba, "--gallery", gallery, "--out", celeba)
    assert refused.exit_code == 2
    assert "holds something else; choose another name: --out FILE" in refused.output
    assert celeba.read_bytes() == before
    assert not list(tmp_path.glob(".faces*"))


def test_an_archive_of_others_writes_nothing(gallery: Path, tmp_path: Path) -> None:
    strangers = tmp_path / "holiday.zip"
    with zipfile.ZipFile(strangers, "w") as archive:
        archive.writestr("beach.jpg", _celeba_picture((1, 2, 3)))
    result = run("pictures", strangers, "--gallery", gallery, "--out", tmp_path / "faces.zip", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["faces"] == 0
    assert not (tmp_path / "faces.zip").exists()


@pytest.mark.parametrize("name", ["nowhere.zip", "text.zip"])
def test_what_is_no_archive_is_one_sentence(gallery: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "text.zip").write_text("no archive", encoding="utf-8")
    result = run("pictures", tmp_path / name, "--gallery", gallery, "--out", tmp_path / "faces.zip")
    assert result.exit_code == 3
    assert name in result.output
    assert "Traceback" not in result.output
