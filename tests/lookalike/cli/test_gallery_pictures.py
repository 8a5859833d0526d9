"""Pictures become vectors by given points or by search, and a bad one is an outcome, not an end."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from index.embed import Embedded, Skipped
from index.previews import Previews, encode_previews
from index.source import Picture
from index.types import Person
from lookalike.cards.pictures import FolderPictures
from lookalike.cli import gallery_photo
from lookalike.cli.gallery_pictures import GALLERY_GATES, PictureEmbedder
from pipeline.decode import PhotoLimits
from pipeline.embedder import Embedder
from pipeline.errors import BadPhoto
from pipeline.manifest import InputSpec
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import FloatArray, Nchw, PhotoFaces, Points5, Rgb8
from tests.lookalike.builders import face, photo, unit


class MeanColor:
    """An engine whose vector is the crop's mean colour, each channel by itself."""

    spec = InputSpec(name="images", sizes_px=(112,), color="RGB", mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0))

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        return (np.asarray(batch.mean(axis=(2, 3)), np.float32),)


def _reads(answer: PhotoFaces | None = None, *, limits: PhotoLimits | None = None) -> PictureEmbedder:
    """answer: what is found on any picture; None where nothing may be searched for."""

    def read_image(_: Rgb8) -> PhotoFaces:
        assert answer is not None, "the search was not to be used"
        return answer

    return PictureEmbedder(Embedder(MeanColor(), model="m" * 64), read_image, recipe="test", limits=limits)


def _one(embed: PictureEmbedder, folder: Path, points: Points5 | None = None) -> Embedded | Skipped:
    (outcome,) = embed(folder, [Picture(file="a.png", person="1", points=points)])
    return outcome


def _picture(folder: Path, size: tuple[int, int] = (178, 218), color: tuple[int, int, int] = (200, 100, 0)) -> None:
    Image.new("RGB", size, color).save(folder / "a.png")


def test_given_points_straighten_the_face_without_a_search(tmp_path: Path) -> None:
    """The crop lies within the picture, so its colour is the picture's; the size is the picture's smaller side."""
    _picture(tmp_path)
    outcome = _one(_reads(), tmp_path, ARCFACE_TEMPLATE + 30)
    assert isinstance(outcome, Embedded)
    np.testing.assert_allclose(outcome.vector, np.array([2, 1, 0]) / 5**0.5, atol=1e-3)
    assert outcome.size_px == 178
    np.testing.assert_allclose(outcome.box, (46, 42, 126, 140), atol=0.01)


def test_points_are_of_the_stored_picture_even_where_it_is_read_smaller(tmp_path: Path) -> None:
    """A large picture is shrunk while it is decoded; a red face on grey is still cut out where it is."""
    pixels = np.full((3600, 3000, 3), 128, np.uint8)
    pixels[1000:2500, 1000:2500] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    outcome = _one(_reads(), tmp_path, ARCFACE_TEMPLATE * 10 + 1150)
    assert isinstance(outcome, Embedded)
    np.testing.assert_allclose(outcome.vector, [1, 0, 0], atol=1e-3)
    assert outcome.size_px == pytest.approx(3000, rel=0.01)


def test_without_points_the_largest_usable_face_is_taken(tmp_path: Path) -> None:
    _picture(tmp_path, size=(4096, 3072))  # decoded at half its size
    found = photo(face(None, size_px=200.0), face(unit(1, 2), size_px=80.0), face(unit(3, 1), size_px=50.0))
    outcome = _one(_reads(found), tmp_path)
    assert isinstance(outcome, Embedded)
    assert np.array_equal(outcome.vector, unit(1, 2))
    assert outcome.size_px == 160
    assert outcome.box == (20, 20, 180, 180)


@pytest.mark.parametrize(("answer", "reason"), [(photo(), "no face was found"), (photo(face(None)), "too_small")])
def test_a_picture_without_a_usable_face_says_why(tmp_path: Path, answer: PhotoFaces, reason: str) -> None:
    _picture(tmp_path)
    outcome = _one(_reads(answer), tmp_path)
    assert isinstance(outcome, Skipped)
    assert reason in outcome.reason


def _saved(kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), (200, 100, 0)).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "limits", "reason"),
    [
        (_saved("BMP"), {}, "BMP pictures are not read; save it as a JPEG or PNG"),
        (_saved("TIFF"), {}, "TIFF pictures are not read; save it as a JPEG or PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n", {}, "it is no picture; save it as a JPEG or PNG"),
        (b"", {}, "The file is empty; copy it again"),
        (_saved("JPEG")[:300], {}, "damaged or cut off; copy it again or save it anew"),
        (_saved("PNG"), {"max_pixels": 50_000}, "the limit is 0.05 million; save it smaller, or raise MAX_PHOTO_MPX"),
        (_saved("PNG"), {"max_bytes": 100}, "more than 0.0001 MB; save it smaller, or raise MAX_PHOTO_MB"),
    ],
    ids=["bmp", "tiff", "eps", "empty", "cut off", "pixels", "bytes"],
)
def test_a_file_that_is_not_read_says_why_and_what_to_do(
    tmp_path: Path, data: bytes, limits: dict[str, int], reason: str
) -> None:
    """The advice is for a file of one's own: nothing is to be sent again."""
    (tmp_path / "a.png").write_bytes(data)
    outcome = _one(_reads(limits=PhotoLimits(**limits)), tmp_path)
    assert isinstance(outcome, Skipped)
    assert reason in outcome.reason


@pytest.mark.parametrize(("kind", "name"), [("HEIF", "HEIC"), ("AVIF", "AVIF")])
def test_heic_and_avif_are_read_where_the_extra_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    (tmp_path / "a.png").write_bytes(_saved(kind, quality=95))
    outcome = _one(_reads(photo(face(unit(1, 2)))), tmp_path)
    assert isinstance(outcome, Embedded)
    monkeypatch.setattr("pipeline.decoding_bounds.heif_is_read", lambda: False)
    outcome = _one(_reads(), tmp_path)
    assert isinstance(outcome, Skipped)
    assert outcome.reason.startswith(f"{name} pictures need the extra heif")


def test_heic_keeps_to_the_limits_and_to_the_frame_of_the_stored_picture(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    data = _saved("HEIF")
    (tmp_path / "a.png").write_bytes(data)
    read = gallery_photo.read_gallery_photo(
        tmp_path / "a.png", limits=PhotoLimits(working_side_px=150, longest_side_px=150)
    )
    assert (read.image.shape, read.scale) == ((100, 150, 3), 2.0)
    with pytest.raises(BadPhoto, match="raise MAX_PHOTO_MPX"):
        gallery_photo.read_gallery_photo(tmp_path / "a.png", limits=PhotoLimits(max_pixels=50_000))
    (tmp_path / "a.png").write_bytes(data[:200])
    with pytest.raises(BadPhoto, match="The HEIC file is damaged"):
        gallery_photo.read_gallery_photo(tmp_path / "a.png", limits=PhotoLimits())


def test_a_pipe_is_no_picture(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    outcome = _one(_reads(), tmp_path)
    assert isinstance(outcome, Skipped)
    assert "pipe or a device" in outcome.reason


PERSON = Person(number="1", name=None, image="a.png", images=1, attributes={})


def test_a_large_picture_gets_a_preview_of_the_faces_surroundings(tmp_path: Path) -> None:
    """A red face of 560 px on grey in 8 Mpx comes out red at its place, in a picture of at most 840 px."""
    pixels = np.full((2400, 3600, 3), 128, np.uint8)
    pixels[700:1300, 2000:2600] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    points = ARCFACE_TEMPLATE * 5 + np.array([2020, 720])
    preview = _reads().preview(tmp_path, replace(PERSON, points=tuple(points.ravel().tolist())))
    assert preview is not None
    assert preview.source_bytes == (tmp_path / "a.png").stat().st_size
    small = Image.open(io.BytesIO(preview.jpeg))
    assert max(small.size) <= 842
    here = np.array(preview.points).reshape(5, 2)
    assert [small.getpixel((round(x), round(y))) for x, y in here.tolist()] == [(254, 0, 0)] * 5
    np.testing.assert_allclose(
        here[1, 0] - here[0, 0], (ARCFACE_TEMPLATE[1, 0] - ARCFACE_TEMPLATE[0, 0]) * 1.875, atol=0.1
    )


def test_small_pictures_and_unknown_places_need_no_preview(tmp_path: Path) -> None:
    _picture(tmp_path)
    known = replace(PERSON, points=tuple((ARCFACE_TEMPLATE + 30).ravel().tolist()))
    assert _reads().preview(tmp_path, known) is None
    _picture(tmp_path, size=(1200, 1000))
    assert _reads().preview(tmp_path, PERSON) is None
    assert _reads().preview(tmp_path, known) is not None
    assert _reads().preview(tmp_path, replace(known, image="gone.png")) is None


@pytest.mark.parametrize(
    ("side_px", "noise", "kind"),
    [(112, 0, "PNG"), (500, 255, "PNG"), (1600, 0, "PNG"), (1600, 255, "JPEG"), (1400, 0, "WEBP")],
    ids=["small", "many bytes", "many pixels", "many of both", "many pixels of another format"],
)
def test_a_gallery_that_is_passed_on_shows_everybody(tmp_path: Path, side_px: int, noise: int, kind: str) -> None:
    """Whatever the picture is like, its face is on the card from what the gallery itself keeps of it."""
    pixels = np.random.default_rng(0).integers(0, noise + 1, (side_px, side_px, 3)).astype(np.uint8)
    points = ARCFACE_TEMPLATE * (side_px / 112)
    (x0, y0), (x1, y1) = points.min(axis=0).astype(int), points.max(axis=0).astype(int) + 1
    pixels[y0:y1, x0:x1] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png", kind)
    known = replace(PERSON, points=tuple(points.ravel().tolist()))
    kept = _reads().whole(tmp_path, known)
    assert kept is not None
    (tmp_path / "pictures.zip").write_bytes(encode_previews({known.number: kept}))
    tile = FolderPictures(None, faces=Previews.read(tmp_path / "pictures.zip")).picture(known, width=100, height=100)
    assert tile is not None
    assert np.abs(tile[50, 50].astype(int) - (255, 0, 0)).max() < 12


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
    outcome = _one(_reads(), tmp_path, points)
    assert isinstance(outcome, Skipped)
    assert reason in outcome.reason


def test_a_black_picture_gives_no_direction(tmp_path: Path) -> None:
    _picture(tmp_path, color=(0, 0, 0))
    assert _one(_reads(), tmp_path, ARCFACE_TEMPLATE) == Skipped(reason="the network gave no direction")


def test_files_that_are_gone_or_no_picture_are_passed_over_and_order_is_kept(tmp_path: Path) -> None:
    Image.new("RGB", (178, 218), (255, 0, 0)).save(tmp_path / "red.png")
    Image.new("RGB", (178, 218), (0, 0, 255)).save(tmp_path / "blue.png")
    (tmp_path / "text.png").write_text("no picture")
    pictures = [
        Picture(file=name, person="1", points=ARCFACE_TEMPLATE)
        for name in ("red.png", "gone.png", "text.png", "blue.png")
    ]
    red, gone, text, blue = _reads()(tmp_path, pictures)
    assert isinstance(red, Embedded)
    assert isinstance(blue, Embedded)
    np.testing.assert_allclose([red.vector, blue.vector], [[1, 0, 0], [0, 0, 1]], atol=1e-3)
    assert isinstance(gone, Skipped)
    assert "can't be read" in gone.reason
    assert isinstance(text, Skipped)


@pytest.mark.parametrize(
    ("quality", "taken"),
    [
        ({"eye_distance_px": 6.5}, True),  # a stranger's photo: from 10
        ({"eye_distance_px": 5.5}, False),
        ({"points_error": 0.2}, True),  # up to 0.15
        ({"points_error": 0.26}, False),
        ({"yaw_deg": -80.0}, True),  # up to 70
        ({"yaw_deg": 86.0}, False),
        ({"light": 9.0}, True),  # from 12
        ({"light": 7.0}, False),
        ({"light": 245.0}, True),  # up to 240
        ({"light": 251.0}, False),
        ({"sharpness": 0.5}, True),  # from 10
    ],
    ids=str,
)
def test_of_a_gallerys_pictures_only_what_can_not_be_measured_is_left_out(
    quality: dict[str, float], *, taken: bool
) -> None:
    measured = replace(face(unit(1)).quality, **quality)
    assert (GALLERY_GATES.refuse(measured) is None) is taken
