"""HEIC and AVIF: read where the extra is there, turned as they should be, and named where it is missing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pipeline import decoding_bounds
from pipeline.decode import decode
from pipeline.decoding_bounds import PhotoLimits, heif_is_read
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.picture_header import PictureFormat, read_header
from tests.pictures import encoded, four_corners, scene, with_xmp_orientation

needs_extra = pytest.mark.skipif(not heif_is_read(), reason="the heif extra is not installed")
KINDS = ["HEIF", "AVIF"]


@needs_extra
@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_the_one_that_was_stored(kind: str) -> None:
    photo = decode(encoded(scene(640, 480), kind, quality=90))
    assert photo.image.shape == (480, 640, 3)
    assert photo.scale == 1.0
    assert float(np.abs(photo.image.astype(int) - scene(640, 480)).mean()) < 4.0


@needs_extra
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_an_orientation_turns_the_picture_once(kind: str, orientation: int) -> None:
    """HEIC says it in a box of its own that its decoder heeds, AVIF's comes as EXIF."""
    upright = decode(encoded(four_corners(), "PNG", orientation=orientation)).image
    image = decode(encoded(four_corners(), kind, quality=90, orientation=orientation)).image
    assert image.shape == upright.shape
    assert float(np.abs(image.astype(int) - upright).mean()) < 8.0


@needs_extra
@pytest.mark.parametrize("kind", KINDS)
def test_an_orientation_in_xmp_alone_turns_nothing(kind: str) -> None:
    data = encoded(four_corners(), kind, quality=90, xmp=with_xmp_orientation(1))
    assert b'Orientation="1"' in data  # with another one the encoder would write a box that turns the picture, too
    data = data.replace(b'Orientation="1"', b'Orientation="6"')
    assert decode(data).image.shape == four_corners().shape


@needs_extra
def test_transparency_is_laid_on_white() -> None:
    see_through = np.zeros((64, 64, 4), np.uint8)
    see_through[:32] = (200, 10, 10, 255)
    image = decode(encoded(Image.fromarray(see_through), "HEIF", quality=95)).image
    assert image[60, 30].min() > 240
    assert image[5, 30, 0] > 180


@needs_extra
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [16, 200, -300])
def test_a_damaged_file_is_refused_with_a_sentence(kind: str, cut: int) -> None:
    with pytest.raises(BadPhoto) as refused:
        decode(encoded(scene(640, 480), kind)[:cut])
    assert refused.value.code is BadPhotoCode.BROKEN
    assert ("HEIC" if kind == "HEIF" else "AVIF") in refused.value.message


@needs_extra
def test_garbage_after_a_good_beginning_is_refused() -> None:
    data = bytearray(encoded(scene(640, 480), "HEIF"))
    data[40:400] = b"\xff" * 360
    with pytest.raises(BadPhoto):
        decode(bytes(data))


@needs_extra
@pytest.mark.parametrize("kind", KINDS)
def test_pixels_are_counted_from_the_header(kind: str) -> None:
    with pytest.raises(BadPhoto) as refused:
        decode(encoded(scene(640, 480), kind), limits=PhotoLimits(max_pixels=640 * 480 - 1))
    assert refused.value.code is BadPhotoCode.TOO_MANY_PIXELS


@pytest.mark.parametrize(("brand", "name"), [(b"heic", "HEIC"), (b"avif", "AVIF")])
def test_without_the_extra_the_sentence_names_it(monkeypatch: pytest.MonkeyPatch, brand: bytes, name: str) -> None:
    monkeypatch.setattr(decoding_bounds, "heif_is_read", lambda: False)
    with pytest.raises(BadPhoto) as refused:
        decode(b"\0\0\0\x18ftyp" + brand + bytes(200))
    assert refused.value.code is BadPhotoCode.NEEDS_EXTRA
    assert refused.value.message.startswith(name)
    assert "extra heif" in refused.value.message


def test_other_files_are_not_taken_for_one() -> None:
    assert read_header(b"\x00\x00\x00\x18ftypmp42" + bytes(50)) is None
    header = read_header(b"\0\0\0\x18ftypmif1\0\0\0\0avifheic" + bytes(50))
    assert header is not None
    assert header.format is PictureFormat.AVIF
