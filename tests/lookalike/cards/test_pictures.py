"""Where pictures of the gallery come from, and that they are read as photos are: upright, bounded, round the face."""

from __future__ import annotations

import io
import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from index.files import PREVIEWS
from index.previews import Preview, Previews, encode_previews
from index.types import Person
from lookalike.cards import pictures as pictures_module
from lookalike.cards.pictures import FolderPictures
from pipeline.decode import DecodedPhoto, PhotoLimits, decode
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import Rgb8
from tests.lookalike.cards.samples import person

SOMEBODY = replace(person("7"), image="img/000007.jpg")
SIZE = 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gallery" / "img").mkdir(parents=True)
    Image.new("L", (80, 100), 77).save(tmp_path / "gallery" / "img" / "000007.jpg", "PNG")
    Image.new("RGB", (80, 100)).save(tmp_path / "secret.png")
    return tmp_path / "gallery"


def _shown(pictures: FolderPictures, who: Person = SOMEBODY) -> Rgb8 | None:
    return pictures.picture(who, width=SIZE, height=SIZE)


def test_a_picture_is_read_by_content_as_rgb(folder: Path) -> None:
    image = FolderPictures(folder).picture(SOMEBODY, width=90, height=60)
    assert image is not None
    assert image.shape == (60, 90, 3)
    assert np.unique(image).tolist() == [77]


def test_the_folder_may_be_the_one_with_the_pictures_themselves(folder: Path) -> None:
    assert _shown(FolderPictures(folder / "img")) is not None


def test_without_a_folder_there_are_no_pictures() -> None:
    assert _shown(FolderPictures(None)) is None


@pytest.mark.parametrize(
    "image",
    ["", "img/missing.jpg", "img", "../secret.png", "/etc/hostname", "img/\0.jpg", "a" * 5000, "\udcff.jpg", ".."],
)
def test_what_is_not_a_picture_below_the_folder_is_none(folder: Path, image: str) -> None:
    assert _shown(FolderPictures(folder), replace(SOMEBODY, image=image)) is None


def test_links_lead_nowhere_else(folder: Path) -> None:
    (folder / "out.png").symlink_to(folder.parent / "secret.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "in.png").symlink_to("img/000007.jpg")
    found = [
        _shown(FolderPictures(folder), replace(SOMEBODY, image=name)) for name in ("out.png", "loop.png", "in.png")
    ]
    assert [image is None for image in found] == [True, True, False]


def test_a_broken_picture_is_none(folder: Path) -> None:
    (folder / "img" / "000007.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    assert _shown(FolderPictures(folder)) is None


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "PPM", "EPS"])
def test_formats_that_photos_may_not_have_are_none(folder: Path, kind: str) -> None:
    """Pillow opens them, EPS by running Ghostscript."""
    Image.new("RGB", (80, 100)).save(folder / "img" / "000007.jpg", kind)
    assert _shown(FolderPictures(folder)) is None


def test_a_pipe_or_a_device_is_never_opened(folder: Path) -> None:
    """Opening a pipe without a writer waits for ever, and with it the only worker."""
    os.mkfifo(folder / "pipe.jpg")
    found: list[Rgb8 | None] = []
    pictures = FolderPictures(folder)
    thread = threading.Thread(
        target=lambda: found.append(_shown(pictures, replace(SOMEBODY, image="pipe.jpg"))), daemon=True
    )
    thread.start()
    thread.join(10)
    assert found == [None]
    assert _shown(FolderPictures(Path("/dev")), replace(SOMEBODY, image="zero")) is None


def test_the_limits_of_photos_are_those_of_the_gallerys_pictures(folder: Path) -> None:
    assert _shown(FolderPictures(folder, limits=PhotoLimits(max_pixels=7_999))) is None
    assert _shown(FolderPictures(folder, limits=PhotoLimits(max_bytes=20))) is None


def _quarters() -> Rgb8:
    """Four colours, so that every orientation looks different."""
    image = np.zeros((200, 160, 3), np.uint8)
    image[:100, :80], image[:100, 80:], image[100:, :80], image[100:, 80:] = (
        (220, 30, 30), (30, 220, 30), (30, 30, 220), (220, 220, 30),
    )  # fmt: skip
    return image


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_is_stored_sideways_is_shown_upright(folder: Path, kind: str, orientation: int) -> None:
    """The same tile as from the upright file, whichever of the EXIF orientations."""
    upright = Image.fromarray(_quarters())
    ways = Image.Transpose
    stored = {
        2: (ways.FLIP_LEFT_RIGHT,), 3: (ways.ROTATE_180,), 4: (ways.FLIP_TOP_BOTTOM,), 5: (ways.TRANSPOSE,),
        6: (ways.ROTATE_90,), 7: (ways.TRANSVERSE,), 8: (ways.ROTATE_270,),
    }[orientation]  # fmt: skip
    turned = upright
    for way in stored:
        turned = turned.transpose(way)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"quality": 95}
    upright.save(folder / "img" / "up", kind, **options)
    turned.save(folder / "img" / "side", kind, exif=exif, **options)
    pictures = FolderPictures(folder)
    known = replace(SOMEBODY, points=tuple((ARCFACE_TEMPLATE * 0.6 + 45).ravel().tolist()))
    for who in (SOMEBODY, known):
        one, other = (_shown(pictures, replace(who, image=f"img/{name}")) for name in ("up", "side"))
        assert one is not None
        assert other is not None
        assert np.abs(one.astype(int) - other.astype(int)).mean() < 6


def test_sixteen_bits_of_grey_are_shown_as_eight_are(folder: Path) -> None:
    grey = np.arange(100 * 80, dtype=np.uint16).reshape(100, 80) % 256
    Image.fromarray(grey.astype(np.uint8)).save(folder / "img" / "b8", "PNG")
    Image.fromarray((grey * 257).astype(np.uint16)).save(folder / "img" / "b16", "PNG")
    eight, sixteen = (_shown(FolderPictures(folder), replace(SOMEBODY, image=f"img/{name}")) for name in ("b8", "b16"))
    assert eight is not None
    assert sixteen is not None
    assert np.array_equal(eight, sixteen)


def _with_a_face(folder: Path, *, size: tuple[int, int], scale: float, x: float, y: float) -> Person:
    """A picture of a red face on grey, far from the middle, and the person whose it is."""
    width, height = size
    pixels = np.full((height, width, 3), 128, np.uint8)
    points = ARCFACE_TEMPLATE * scale + np.array([x, y])
    (x0, y0), (x1, y1) = points.min(axis=0).astype(int), points.max(axis=0).astype(int) + 1
    pixels[y0:y1, x0:x1] = (255, 0, 0)
    Image.fromarray(pixels).save(folder / "img" / "000007.jpg", "JPEG", quality=95)
    return replace(SOMEBODY, points=tuple(points.ravel().tolist()))


@pytest.mark.parametrize(
    ("size", "scale"), [((900, 600), 1.0), ((3000, 2000), 2.0)], ids=["as it is", "decoded smaller"]
)
def test_a_picture_is_cut_round_the_known_face(folder: Path, size: tuple[int, int], scale: float) -> None:
    """A group photo's person is not shown as the middle of the group."""
    who = _with_a_face(folder, size=size, scale=scale, x=size[0] * 0.75, y=size[1] * 0.6)
    shown = FolderPictures(folder).picture(who, width=200, height=200)
    unknown = FolderPictures(folder).picture(replace(who, points=None), width=200, height=200)
    assert shown is not None
    assert unknown is not None
    assert shown[100, 100, 0] > 200 > shown[100, 100, 1] + 100
    assert abs(int(unknown[100, 100, 0]) - 128) < 10


def _preview(gallery: Path, *, source_bytes: int, color: tuple[int, int, int]) -> Previews:
    jpeg = io.BytesIO()
    Image.new("RGB", (300, 300), color).save(jpeg, "JPEG")
    points = tuple((ARCFACE_TEMPLATE + 90).ravel().tolist())
    gallery.mkdir()
    (gallery / PREVIEWS).write_bytes(
        encode_previews({"7": Preview(jpeg=jpeg.getvalue(), points=points, source_bytes=source_bytes)})
    )
    return Previews.open(gallery)


def test_a_preview_is_shown_while_its_picture_is_there_unchanged(folder: Path, tmp_path: Path) -> None:
    file = folder / "img" / "000007.jpg"
    previews = _preview(tmp_path / "built", source_bytes=file.stat().st_size, color=(200, 10, 10))
    shown = _shown(FolderPictures(folder, previews=previews))
    assert shown is not None
    assert shown[32, 32, 0] > 190
    file.write_bytes(file.read_bytes() + b"a later one")
    shown = _shown(FolderPictures(folder, previews=previews))
    assert shown is not None
    assert np.unique(shown).tolist() == [77]
    file.unlink()
    assert _shown(FolderPictures(folder, previews=previews)) is None
    assert _shown(FolderPictures(None, previews=previews)) is None


def test_a_face_that_takes_another_s_place_is_shown_from_then_on(tmp_path: Path) -> None:
    """`index add --replace` beside a running bot: same number, same image, another archive."""
    faces = _preview(tmp_path / "built", source_bytes=1, color=(200, 10, 10))
    pictures = FolderPictures(None, faces=faces)
    before = _shown(pictures)
    _preview(tmp_path / "other", source_bytes=1, color=(10, 10, 200))
    (tmp_path / "other" / PREVIEWS).replace(tmp_path / "built" / PREVIEWS)
    after = _shown(pictures)
    assert before is not None
    assert after is not None
    assert before[32, 32, 0] > 190
    assert after[32, 32, 2] > 190


def test_a_preview_that_is_no_picture_gives_way_to_the_picture(folder: Path, tmp_path: Path) -> None:
    size = (folder / "img" / "000007.jpg").stat().st_size
    (tmp_path / "built").mkdir()
    entry = Preview(jpeg=b"\xff\xd8\xff nothing", points=tuple(range(10)), source_bytes=size)
    (tmp_path / "built" / PREVIEWS).write_bytes(encode_previews({"7": entry}))
    shown = _shown(FolderPictures(folder, previews=Previews.open(tmp_path / "built")))
    assert shown is not None
    assert np.unique(shown).tolist() == [77]


def test_a_tile_is_kept_and_many_are_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoded once for the next card; what is kept has a bound in bytes."""
    calls: list[int] = []

    def counting(data: bytes, *, limits: PhotoLimits | None = None) -> DecodedPhoto:
        calls.append(len(data))
        return decode(data, limits=limits)

    monkeypatch.setattr(pictures_module, "decode", counting)
    pictures = FolderPictures(folder)
    first, second = _shown(pictures), _shown(pictures)
    assert np.array_equal(np.asarray(first), np.asarray(second))
    assert len(calls) == 1
    monkeypatch.setattr(pictures_module, "CACHE_BYTES", 3 * SIZE * SIZE * 3)
    small = FolderPictures(folder)
    for number in (*"12345", "5", "1"):
        _shown(small, replace(SOMEBODY, number=number))
    assert len(calls) == 1 + 6
