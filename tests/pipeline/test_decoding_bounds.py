"""What a photo may cost is told from its header: bombs are refused in no time, ordinary photos are not."""

from __future__ import annotations

import re
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decode import decode
from pipeline.decoding_bounds import PhotoLimits, plan_decoding
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.jpeg_structure import PROGRESSIVE, read_jpeg
from tests import hostile_pictures as hostile
from tests.pictures import encoded, odd_formats, scene

COSTLY = {
    "a jpeg in arithmetic coding": hostile.arithmetic_jpeg(scans=1),
    "a jpeg of 4,500 scans in arithmetic coding": hostile.arithmetic_jpeg(scans=4500),
    "a jpeg of 101 scans": hostile.jpeg_of_scans(101),
    "a jpeg of 300,000 scans": hostile.jpeg_of_scans(300_000),
    "a jpeg of 50,000 comments": hostile.jpeg_of_segments(50_000),
    "a gif of comment blocks": hostile.gif_of_comments(3_000_000),
    "a gif of comments": hostile.gif_of_comments(3_000_000, separate=True),
    "a png of text chunks": hostile.png_of_chunks(50_000, b"tEXt", b"a\0b"),
    "a png of empty data chunks": hostile.png_of_chunks(50_000, b"IDAT", b""),
}


@pytest.mark.parametrize("name", COSTLY)
def test_what_costs_more_than_its_size_says_is_refused_at_once(name: str) -> None:
    """The 54 kB JPEG of 4,500 scans took ten minutes, 15 MB of GIF comments took half a gigabyte."""
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(BadPhoto) as refused:
        decode(COSTLY[name])
    taken_s = time.process_time() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.code is BadPhotoCode.TOO_COSTLY
    assert refused.value.message.endswith("save it anew, smaller or as a usual JPEG.")
    assert taken_s < 1.0
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("data", "pixels"),
    [
        pytest.param(hostile.jpeg_header(6320, 6320, components=4), 22_000_000, id="progressive, CMYK"),
        pytest.param(hostile.jpeg_header(6320, 6320, components=3), 28_000_000, id="progressive, full colour"),
        pytest.param(hostile.webp_header(6320, 6320), 20_000_000, id="WebP"),
    ],
)
def test_codings_that_need_more_memory_get_fewer_pixels(data: bytes, pixels: int) -> None:
    with pytest.raises(BadPhoto) as refused:
        decode(data)
    assert refused.value.code is BadPhotoCode.TOO_MANY_PIXELS
    assert refused.value.got == 6320 * 6320
    assert refused.value.want == pytest.approx(pixels, rel=0.1)


def test_the_refusal_for_memory_names_the_limit_of_pixels_that_would_do() -> None:
    """In the fact, before the semicolon: whoever reads their own files is given other advice behind it."""
    data = hostile.webp_header(6000, 4000)
    with pytest.raises(BadPhoto, match=r"24 million pixels and, .* takes the memory of \d+ million.*; ") as refused:
        decode(data)
    assert refused.value.message.count(";") == 1
    wanted = int(re.findall(r"memory of (\d+) million", refused.value.message)[0])
    assert plan_decoding(data, PhotoLimits(max_pixels=wanted * 1_000_000)).header.pixels == 24_000_000
    with pytest.raises(BadPhoto):
        plan_decoding(data, PhotoLimits(max_pixels=(wanted - 1) * 1_000_000))


def test_forty_million_pixels_of_the_usual_kinds_are_within_the_memory() -> None:
    limits = PhotoLimits()
    for data in (
        hostile.jpeg_header(6320, 6320, components=3, frame=0xC0),
        hostile.jpeg_header(6320, 6320, components=3, sampling=0x22),
        hostile.png_of_chunks(1, b"IDAT", b"", size=(6320, 6320), depth=16, colour=6),
    ):
        assert plan_decoding(data, limits).memory_bytes <= limits.max_memory_bytes


def test_raising_the_limit_of_pixels_raises_the_memory() -> None:
    data = hostile.jpeg_header(6320, 6320, components=3)
    assert plan_decoding(data, PhotoLimits(max_pixels=80_000_000)).memory_bytes > PhotoLimits().max_memory_bytes


def test_a_refusal_carries_the_limit_and_what_the_photo_has() -> None:
    data = encoded(scene(300, 200))
    with pytest.raises(BadPhoto) as refused:
        decode(data, limits=PhotoLimits(max_bytes=1000))
    assert (refused.value.code, refused.value.want, refused.value.got) == ("too_many_bytes", 1000, len(data))
    assert "more than 0.001 MB" in refused.value.message
    with pytest.raises(BadPhoto) as refused:
        decode(data, limits=PhotoLimits(max_pixels=59_999))
    assert (refused.value.code, refused.value.want, refused.value.got) == ("too_many_pixels", 59_999, 60_000)
    with pytest.raises(BadPhoto) as refused:
        decode(data, limits=PhotoLimits(min_side_px=201))
    assert (refused.value.code, refused.value.want, refused.value.got) == ("too_small", 201, 200)


def test_processor_time_grows_with_the_picture() -> None:
    small = plan_decoding(encoded(scene()), PhotoLimits()).cpu_s
    large = plan_decoding(hostile.jpeg_header(6320, 6320, components=3, frame=0xC0), PhotoLimits()).cpu_s
    assert 3 <= small < large <= 15


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
def test_the_scans_of_an_ordinary_jpeg_are_read(options: dict[str, object]) -> None:
    structure = read_jpeg(encoded(scene(), "JPEG", **options))
    assert structure is not None
    assert structure.complete
    assert structure.size == (160, 120)
    assert structure.scans == (10 if structure.frame == PROGRESSIVE else 1)
    assert (structure.coefficient_bytes > 0) == (structure.frame == PROGRESSIVE)


@pytest.mark.parametrize("name", odd_formats(scene()))
def test_ordinary_pictures_need_little(name: str) -> None:
    assert plan_decoding(odd_formats(scene())[name], PhotoLimits()).memory_bytes < 8_000_000


@given(
    st.binary(max_size=300), st.sampled_from([b"\xff\xff", b"\xff\xd0", b"\xff\xe0\0\2", b"\xff\xda\0\2", b"\xff\0"])
)
def test_the_walk_over_a_jpeg_ends(rest: bytes, repeated: bytes) -> None:
    read_jpeg(b"\xff\xd8" + rest + repeated * 2000)
    read_jpeg(b"\xff\xd8" + repeated * 2000 + rest)


def test_a_damaged_file_is_not_blamed_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders report a failed allocation as any other failure."""
    monkeypatch.setattr("pipeline.decode._memory_is_there", lambda _size: False)
    with pytest.raises(BadPhoto) as refused:
        decode(encoded(scene(), "JPEG")[:1000])
    assert refused.value.code is BadPhotoCode.TOO_COSTLY
    assert "memory" in refused.value.message
