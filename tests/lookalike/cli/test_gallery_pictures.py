"""Pictures become vectors by given points or by search, and a bad one is an outcome, not an end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from index.embed import Embedded, Skipped
from index.source import Picture
from lookalike.cli.gallery_pictures import PictureEmbedder
from pipeline.embedder import Embedder
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.manifest import InputSpec
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import FloatArray, Nchw, PhotoFaces, Points5
from tests.lookalike.builders import face, photo, unit


class MeanColor:
    """An engine whose vector is the crop's mean colour, each channel by itself."""

    spec = InputSpec(name="images", sizes_px=(112,), color="RGB", mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0))

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        return (np.asarray(batch.mean(axis=(2, 3)), np.float32),)


def _reads(answer: PhotoFaces | BadPhoto) -> PictureEmbedder:
    def read(_: bytes) -> PhotoFaces:
        if isinstance(answer, BadPhoto):
            raise answer
        return answer

    return PictureEmbedder(Embedder(MeanColor(), model="m" * 64), read, recipe="test")


NO_SEARCH = BadPhoto(BadPhotoCode.EMPTY, "the search was not to be used")


def _one(embed: PictureEmbedder, folder: Path, points: Points5 | None = None) -> Embedded | Skipped:
    (outcome,) = embed(folder, [Picture(file="a.png", person="1", points=points)])
    return outcome


def _picture(folder: Path, size: tuple[int, int] = (178, 218), color: tuple[int, int, int] = (200, 100, 0)) -> None:
    Image.new("RGB", size, color).save(folder / "a.png")


def test_given_points_straighten_the_face_without_a_search(tmp_path: Path) -> None:
    """The crop lies within the picture, so its colour is the picture's; the size is the picture's smaller side."""
    _picture(tmp_path)
    outcome = _one(_reads(NO_SEARCH), tmp_path, ARCFACE_TEMPLATE + 30)
    assert isinstance(outcome, Embedded)
    np.testing.assert_allclose(outcome.vector, np.array([2, 1, 0]) / 5**0.5, atol=1e-3)
    assert outcome.size_px == 178
    np.testing.assert_allclose(outcome.box, (46, 42, 126, 140), atol=0.01)


def test_points_are_of_the_stored_picture_even_where_it_is_read_smaller(tmp_path: Path) -> None:
    """A large picture is shrunk while it is decoded; a red face on grey is still cut out where it is."""
    pixels = np.full((3600, 3000, 3), 128, np.uint8)
    pixels[1000:2500, 1000:2500] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    outcome = _one(_reads(NO_SEARCH), tmp_path, ARCFACE_TEMPLATE * 10 + 1150)
    assert isinstance(outcome, Embedded)
    np.testing.assert_allclose(outcome.vector, [1, 0, 0], atol=1e-3)
    assert outcome.size_px == pytest.approx(3000, rel=0.01)


def test_without_points_the_largest_usable_face_is_taken(tmp_path: Path) -> None:
    _picture(tmp_path)
    found = photo(face(None, size_px=200.0), face(unit(1, 2), size_px=80.0), face(unit(3, 1), size_px=50.0), scale=2.0)
    outcome = _one(_reads(found), tmp_path)
    assert isinstance(outcome, Embedded)
    assert np.array_equal(outcome.vector, unit(1, 2))
    assert outcome.size_px == 160
    assert outcome.box == (20, 20, 180, 180)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (photo(), "no face was found"),
        (photo(face(None)), "too_small"),
        (BadPhoto(BadPhotoCode.BROKEN, "the file is cut short"), "the file is cut short"),
    ],
)
def test_a_picture_without_a_usable_face_says_why(tmp_path: Path, answer: PhotoFaces | BadPhoto, reason: str) -> None:
    _picture(tmp_path)
    outcome = _one(_reads(answer), tmp_path)
    assert isinstance(outcome, Skipped)
    assert reason in outcome.reason


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (ARCFACE_TEMPLATE + 500, "outside the picture of 178x218 px"),
        (np.full((5, 2), 60, np.float32), "fit no face"),
    ],
    ids=["of a larger picture", "all in one place"],
)
def test_given_points_that_cannot_be_are_a_reason(tmp_path: Path, points: Points5, reason: str) -> None:
    _picture(tmp_path)
    outcome = _one(_reads(NO_SEARCH), tmp_path, points)
    assert isinstance(outcome, Skipped)
    assert reason in outcome.reason


def test_a_black_picture_gives_no_direction(tmp_path: Path) -> None:
    _picture(tmp_path, color=(0, 0, 0))
    assert _one(_reads(NO_SEARCH), tmp_path, ARCFACE_TEMPLATE) == Skipped(reason="the network gave no direction")


def test_files_that_are_gone_or_no_picture_are_passed_over_and_order_is_kept(tmp_path: Path) -> None:
    Image.new("RGB", (178, 218), (255, 0, 0)).save(tmp_path / "red.png")
    Image.new("RGB", (178, 218), (0, 0, 255)).save(tmp_path / "blue.png")
    (tmp_path / "text.png").write_text("no picture")
    pictures = [
        Picture(file=name, person="1", points=ARCFACE_TEMPLATE)
        for name in ("red.png", "gone.png", "text.png", "blue.png")
    ]
    red, gone, text, blue = _reads(NO_SEARCH)(tmp_path, pictures)
    assert isinstance(red, Embedded)
    assert isinstance(blue, Embedded)
    np.testing.assert_allclose([red.vector, blue.vector], [[1, 0, 0], [0, 0, 1]], atol=1e-3)
    assert isinstance(gone, Skipped)
    assert "can't be read" in gone.reason
    assert isinstance(text, Skipped)
