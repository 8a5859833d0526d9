"""picture_header: format and size from the first bytes, as a decoder would find them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.picture_header import PictureFormat, read_header
from tests.pictures import encoded, huge_png, odd_formats, scene

ODD = odd_formats(scene(151, 83))


@pytest.mark.parametrize("name", ODD)
def test_format_and_size_are_what_pillow_says(name: str) -> None:
    header = read_header(ODD[name])
    with Image.open(io.BytesIO(ODD[name])) as picture:
        assert header is not None
        assert (header.format, header.size) == (picture.format, picture.size)


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 50}, {"quality": 50, "exif": b"Exif\0\0"}])
def test_the_three_kinds_of_webp_are_read(options: dict[str, object]) -> None:
    header = read_header(encoded(scene(77, 201), "WEBP", **options))
    assert header is not None
    assert header.size == (77, 201)


def test_a_gif_frame_outside_its_screen_counts() -> None:
    """Pillow would enlarge the picture to hold it, so the screen's size alone is no bound."""
    data = bytearray(encoded(scene(40, 30), "GIF"))
    data[6:10] = (4).to_bytes(2, "little") + (3).to_bytes(2, "little")
    header = read_header(bytes(data))
    assert header is not None
    assert header.size == (40, 30)


def test_thumbnails_before_the_frame_are_skipped() -> None:
    """A JPEG's EXIF block may hold a whole small JPEG with a size of its own."""
    thumbnail = encoded(scene(16, 16), "JPEG")
    data = encoded(scene(90, 70), "JPEG", exif=b"Exif\0\0" + thumbnail)
    header = read_header(data)
    assert header is not None
    assert header.size == (90, 70)


def test_pixels_are_width_times_height() -> None:
    header = read_header(huge_png())
    assert header is not None
    assert (header.format, header.pixels) == (PictureFormat.PNG, 900_000_000)


@given(st.sampled_from(sorted(ODD)), st.integers(0, 200))
def test_a_cut_header_has_no_size_or_the_right_one(name: str, length: int) -> None:
    header = read_header(ODD[name][:length])
    assert header is None or header.size in {None, (151, 83)}


@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF0000WEBPVP8 "]), st.binary(max_size=300)
)
def test_any_bytes_after_a_signature_are_survived(signature: bytes, rest: bytes) -> None:
    header = read_header(signature + rest)
    assert header is not None
    assert header.size is None or min(header.size) > 0
