"""decode: every format a person sends becomes upright RGB; everything else becomes one clear sentence."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from pipeline.decode import PhotoLimits, decode, turn_by_exif
from pipeline.errors import BadPhoto, BadPhotoCode
from tests.pictures import animated_gif, encoded, four_corners, huge_png, odd_formats, scene, with_xmp_orientation

ODD = odd_formats(scene())


@pytest.mark.parametrize("name", ODD)
def test_every_format_and_mode_becomes_the_same_rgb(name: str) -> None:
    image = decode(ODD[name]).image
    wanted = scene() if "grey" not in name else np.asarray(Image.fromarray(scene()).convert("L").convert("RGB"))
    assert image.shape == (120, 160, 3)
    assert image.dtype == np.uint8
    assert float(np.abs(image.astype(int) - wanted).mean()) < 6.0


def test_transparency_is_laid_on_white() -> None:
    """Black is what lies under most transparent pixels; a cut-out portrait on black would be a dark photo."""
    see_through = np.zeros((40, 40, 4), np.uint8)
    see_through[:20, :, :] = (200, 10, 10, 255)
    for kind in ("PNG", "WEBP"):
        image = decode(encoded(Image.fromarray(see_through), kind, lossless=True)).image
        assert tuple(image[5, 5]) == (200, 10, 10), kind
        assert tuple(image[30, 30]) == (255, 255, 255), kind


def test_a_palette_colour_may_be_transparent() -> None:
    picture = Image.new("P", (40, 40), 1)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    assert tuple(decode(encoded(picture, "GIF", transparency=1)).image[5, 5]) == (255, 255, 255)
    assert tuple(decode(encoded(picture, "PNG", transparency=1)).image[5, 5]) == (255, 255, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_applied_as_pillow_applies_it(kind: str, orientation: int) -> None:
    data = encoded(four_corners(), kind, orientation=orientation)
    with Image.open(io.BytesIO(data)) as picture:
        oracle = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    image = decode(data).image
    assert image.shape == oracle.shape
    assert float(np.abs(image.astype(int) - oracle).mean()) < 2.0
    assert image.flags.c_contiguous


def test_an_orientation_of_nonsense_is_ignored() -> None:
    for orientation in (0, 9, 77):
        data = encoded(four_corners(), "JPEG", orientation=orientation)
        assert decode(data).image.shape == (120, 160, 3)
    assert np.array_equal(turn_by_exif(four_corners(), 1), four_corners())


def test_only_the_first_frame_of_an_animation_is_seen() -> None:
    first, second = np.full((40, 50, 3), 30, np.uint8), np.full((40, 50, 3), 220, np.uint8)
    assert abs(float(decode(animated_gif(first, second, first)).image.mean()) - 30) < 3
    webp = encoded(Image.fromarray(first), "WEBP", save_all=True, append_images=[Image.fromarray(second)])
    assert abs(float(decode(webp).image.mean()) - 30) < 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", BadPhotoCode.EMPTY, id="empty"),
        pytest.param(b"just some text, named .jpg\n" * 50, BadPhotoCode.NOT_A_PICTURE, id="text"),
        pytest.param(b"%PDF-1.7 ...", BadPhotoCode.NOT_A_PICTURE, id="pdf"),
        pytest.param(encoded(scene(), "BMP"), BadPhotoCode.NOT_A_PICTURE, id="a format that is not taken"),
        pytest.param(encoded(scene(), "TIFF"), BadPhotoCode.NOT_A_PICTURE, id="another"),
        pytest.param(encoded(scene(), "JPEG")[:1000], BadPhotoCode.BROKEN, id="truncated jpeg"),
        pytest.param(encoded(scene(), "JPEG")[:3], BadPhotoCode.BROKEN, id="a jpeg's first bytes"),
        pytest.param(encoded(scene(), "PNG")[:900], BadPhotoCode.BROKEN, id="truncated png"),
        pytest.param(encoded(scene(), "WEBP")[:200], BadPhotoCode.BROKEN, id="truncated webp"),
        pytest.param(encoded(scene(), "GIF")[:900], BadPhotoCode.BROKEN, id="truncated gif"),
        pytest.param(huge_png(), BadPhotoCode.TOO_MANY_PIXELS, id="30,000 x 30,000"),
        pytest.param(encoded(scene(160, 10)), BadPhotoCode.TOO_SMALL, id="ten pixels high"),
    ],
)
def test_what_is_no_usable_picture_is_refused_with_its_own_code(data: bytes, code: BadPhotoCode) -> None:
    with pytest.raises(BadPhoto) as refused:
        decode(data)
    assert refused.value.code is code
    assert refused.value.message.endswith(".")
    assert ";" in refused.value.message, "the sentence says what to do"


def test_a_bomb_is_refused_before_anything_is_unfolded() -> None:
    """30,000 x 30,000 pixels in 20 KB: refused from the header, in no time and no memory."""
    data = huge_png()
    assert len(data) == pytest.approx(20_000, rel=0.05)
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(BadPhoto):
        decode(data)
    taken_s = time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken_s < 0.2
    assert peak < 1_000_000


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_pixels_are_counted_in_every_format(kind: str) -> None:
    data = encoded(Image.fromarray(scene()).quantize(32) if kind == "GIF" else scene(), kind)
    assert decode(data, limits=PhotoLimits(max_pixels=160 * 120)).image.shape == (120, 160, 3)
    with pytest.raises(BadPhoto) as refused:
        decode(data, limits=PhotoLimits(max_pixels=160 * 120 - 1))
    assert refused.value.code is BadPhotoCode.TOO_MANY_PIXELS


def test_webp_takes_no_more_memory_than_its_plan_says() -> None:
    """Pillow's decoder keeps the picture four times; OpenCV's gives the same pixels."""
    for options in ({"quality": 80}, {"lossless": True}):
        data = encoded(scene(333, 251), "WEBP", **options)
        with Image.open(io.BytesIO(data)) as picture:
            assert np.array_equal(decode(data).image, np.asarray(picture.convert("RGB")))


def test_bytes_are_counted() -> None:
    data = encoded(scene())
    assert decode(data, limits=PhotoLimits(max_bytes=len(data))).image.shape == (120, 160, 3)
    with pytest.raises(BadPhoto) as refused:
        decode(data, limits=PhotoLimits(max_bytes=len(data) - 1))
    assert refused.value.code is BadPhotoCode.TOO_MANY_BYTES


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(("width", "height"), [(1000, 700), (701, 1403), (4001, 903), (512, 256), (513, 256)])
def test_large_photos_come_in_working_size_with_their_scale(kind: str, width: int, height: int) -> None:
    """A mark keeps its place: working pixel * scale is the photo's pixel, within one of each."""
    image = scene(width, height) // 4
    x, y = int(width * 0.7), int(height * 0.4)
    size = max(width, height) // 20
    image[y - size : y + size, x - size : x + size] = 255
    photo = decode(encoded(image, kind), limits=PhotoLimits(working_side_px=512, longest_side_px=512))
    assert max(photo.image.shape) <= 512
    assert max(photo.image.shape) >= 512 * 0.74 or photo.scale == 1.0
    rows, columns = np.nonzero(photo.image.min(axis=2) > 150)
    assert (columns.mean() + 0.5) * photo.scale == pytest.approx(x, abs=1.5 * photo.scale)
    assert (rows.mean() + 0.5) * photo.scale == pytest.approx(y, abs=1.5 * photo.scale)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(("width", "height"), [(20, 12_000), (12_000, 21)])
def test_a_long_strip_keeps_at_least_one_row_and_column(kind: str, width: int, height: int) -> None:
    """Found by fuzzing: shrunk to 512 px its short side came to nothing, and the resize failed."""
    photo = decode(encoded(scene(width, height), kind), limits=PhotoLimits(working_side_px=512, longest_side_px=512))
    assert max(photo.image.shape) <= 600
    assert min(photo.image.shape[:2]) >= 1


def test_small_photos_are_not_touched() -> None:
    photo = decode(encoded(scene()))
    assert photo.scale == 1.0
    assert np.array_equal(photo.image, scene())


def test_a_twelve_megapixel_jpeg_is_never_whole_in_memory() -> None:
    """Decoded at half size by the codec; NumPy sees no more than the working picture."""
    data = encoded(scene(4032, 3024), "JPEG")
    tracemalloc.start()
    photo = decode(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert photo.image.shape == (1512, 2016, 3)
    assert photo.scale == 2.0
    assert peak < 3 * photo.image.nbytes


def test_pillow_never_speaks_on_its_own() -> None:
    """Its warnings would reach a terminal; what it has to say is in our sentences."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12garbage"
    program = (
        "import sys, warnings; from pipeline.decode import decode; filters = list(warnings.filters)\n"
        "decode(sys.stdin.buffer.read()); assert warnings.filters == filters"
    )
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", program],
        input=encoded(scene(), "JPEG", exif=exif),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_orientation_in_xmp_alone_turns_nothing(kind: str) -> None:
    """Browsers don't heed it, and programs that turn the pixels leave it behind."""
    data = xmp_encoded(kind, 6)
    assert np.abs(decode(data).image.astype(int) - four_corners()).mean() < 2.0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_orientation_in_xmp_turns_nothing_beside_exif_that_has_none_either(kind: str) -> None:
    """As programs leave it that turn the pixels and take the orientation out of EXIF."""
    exif = Image.Exif()
    exif[0x010F] = "a maker of cameras"
    data = xmp_encoded(kind, 6, exif=exif)
    assert np.abs(decode(data).image.astype(int) - four_corners()).mean() < 2.0


def xmp_encoded(kind: str, orientation: int, **options: Any) -> bytes:
    if kind != "PNG":
        return encoded(four_corners(), kind, xmp=with_xmp_orientation(orientation), **options)
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", with_xmp_orientation(orientation).decode())
    return encoded(four_corners(), kind, pnginfo=text, **options)


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(ODD)), data=st.data())
def test_damaged_files_decode_or_are_refused_and_nothing_else(name: str, data: st.DataObject) -> None:
    """Bytes changed and cut anywhere: a picture or a BadPhoto."""
    damaged = bytearray(ODD[name])
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del damaged[data.draw(st.integers(0, len(damaged))) :]
    try:
        image = decode(bytes(damaged), limits=PhotoLimits(max_pixels=1_000_000)).image
    except BadPhoto as refused:
        assert refused.message  # noqa: PT017 - either outcome is right
    else:
        assert image.ndim == 3


@given(st.binary(max_size=400))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BadPhoto):
        decode(data)
