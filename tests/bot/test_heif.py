"""HEIC and AVIF: read in a process of their own, and no harm done by what they hold."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from lookalike.serving.heif import HeifFailed, heif_is_read, is_heif, to_jpeg

pytestmark = pytest.mark.skipif(not heif_is_read(), reason="the heif extra is not installed")


def encoded(kind: str, size: tuple[int, int] = (640, 480)) -> bytes:
    import pillow_heif

    pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(buffer, kind, quality=80)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
async def test_a_picture_comes_back_as_the_same_jpeg(kind: str) -> None:
    data = encoded(kind)
    assert is_heif(data)
    picture = Image.open(io.BytesIO(await to_jpeg(data)))
    assert (picture.format, picture.size) == ("JPEG", (640, 480))
    assert abs(picture.convert("L").resize((1, 1)).tobytes()[0] - 127) < 6


@pytest.mark.parametrize("cut", [16, 200, -300])
async def test_a_damaged_file_is_an_error_and_nothing_else(cut: int) -> None:
    with pytest.raises(HeifFailed):
        await to_jpeg(encoded("HEIF")[:cut])


async def test_garbage_after_a_good_beginning_is_an_error() -> None:
    data = bytearray(encoded("HEIF"))
    data[40:400] = b"\xff" * 360
    with pytest.raises(HeifFailed):
        await to_jpeg(bytes(data))


async def test_a_picture_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(HeifFailed):
        await to_jpeg(encoded("HEIF"), timeout_s=0.01)


def test_other_files_are_not_taken_for_one() -> None:
    assert not is_heif(b"\xff\xd8\xff\xe0JFIF")
    assert not is_heif(b"\x00\x00\x00\x18ftypmp42")
    assert not is_heif(b"")
