"""Files that lack only their end are read, pixel for pixel; a picture that is cut off is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pipeline.decode import decode
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.picture_header import find_gif_frame
from tests.pictures import encoded, scene

NOISY = np.random.default_rng(3).integers(0, 256, (96, 128, 3), dtype=np.uint8)
JPEGS = {
    "baseline": encoded(NOISY, "JPEG"),
    "full colour": encoded(NOISY, "JPEG", subsampling=0),
    "progressive": encoded(NOISY, "JPEG", progressive=True),
    "grey": encoded(Image.fromarray(NOISY).convert("L"), "JPEG"),
    "cmyk": encoded(Image.fromarray(NOISY).convert("CMYK"), "JPEG"),
    "with restart markers": encoded(NOISY, "JPEG", restart_marker_rows=1),
    "reduced while it is decoded": encoded(scene(3200, 200), "JPEG"),
}
PNG, GIF, WEBP = encoded(NOISY), encoded(Image.fromarray(NOISY).quantize(64), "GIF"), encoded(NOISY, "WEBP")


@pytest.mark.parametrize("name", JPEGS)
@pytest.mark.parametrize("tail", [b"", b"\xff", b"\0", b"\xff\0", bytes(5000)], ids=["none", "half", "0", "ff0", "0s"])
def test_a_jpeg_without_its_end_marker_is_read(name: str, tail: bytes) -> None:
    """Browsers show it: every pixel is there. Cameras that lose power and recovery programs leave such files."""
    data = JPEGS[name]
    assert np.array_equal(decode(data[:-2] + tail).image, decode(data).image)


@pytest.mark.parametrize("name", JPEGS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.97])
@pytest.mark.parametrize("tail", [b"", b"\xff"], ids=["none", "half"])
def test_a_jpeg_that_is_cut_off_is_refused(name: str, share: float, tail: bytes) -> None:
    """A decoder would fill the rest with grey and not say so."""
    data = JPEGS[name]
    with pytest.raises(BadPhoto) as refused:
        decode(data[: int(len(data) * share)] + tail)
    assert refused.value.code is BadPhotoCode.BROKEN


def test_a_progressive_jpeg_that_ends_between_two_scans_is_refused() -> None:
    """Nothing waits for data there, and yet the picture is a coarse one."""
    data = JPEGS["progressive"]
    scans = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    assert len(scans) == 10
    for at in scans[1:]:
        with pytest.raises(BadPhoto):
            decode(data[:at])


@pytest.mark.parametrize(("name", "data"), [("png", PNG), ("gif", GIF), ("webp", WEBP), ("jpeg", JPEGS["baseline"])])
def test_what_comes_after_a_picture_does_not_matter(name: str, data: bytes) -> None:
    for tail in (b"\0" * 100, b"\xff" * 100, b"junk" * 50, data[:2000]):
        assert np.array_equal(decode(data + tail).image, decode(data).image), name


@pytest.mark.parametrize("missing", [1, 4, 8, 12])
def test_a_png_without_its_end_is_read(missing: int) -> None:
    assert np.array_equal(decode(PNG[:-missing]).image, decode(PNG).image)


def test_a_gif_without_its_trailer_is_read() -> None:
    assert np.array_equal(decode(GIF[:-1]).image, decode(GIF).image)


def test_a_webp_without_its_padding_byte_is_read() -> None:
    data = encoded(NOISY, "WEBP", exif=b"Exif\0\0 of eleven!")
    assert data[-1:] == b"\0"
    assert data[-16] == 11  # the length of the last chunk's content, where a padding byte follows it
    assert np.array_equal(decode(data[:-1]).image, decode(data).image)


@pytest.mark.parametrize("data", [PNG, GIF, WEBP], ids=["png", "gif", "webp"])
def test_other_pictures_that_are_cut_off_are_refused(data: bytes) -> None:
    with pytest.raises(BadPhoto) as refused:
        decode(data[: len(data) * 3 // 4])
    assert refused.value.code is BadPhotoCode.BROKEN


def test_what_lies_before_a_gifs_frame_is_left_out_and_its_transparency_stays() -> None:
    picture = Image.new("P", (40, 40), 1)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    plain = encoded(picture, "GIF", transparency=1)
    start = find_gif_frame(plain).start
    fake = b"!\xfe\x04!\xf9\x04\x01\0"  # a comment that looks like a control extension
    data = plain[:start] + b"!\xfe\x02hi\0" * 500 + plain[start:]
    frame = find_gif_frame(data).frame
    for changed in (data, data[:frame] + fake + data[frame:]):
        assert tuple(decode(changed).image[5, 5]) == (255, 255, 255)
    assert tuple(decode(encoded(picture, "GIF", comment=b"x" * 900)).image[5, 5]) == (10, 20, 30)
