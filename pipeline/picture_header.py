"""What a file's first bytes promise: format, size and what its decoder will keep, read without a decoder.

A 20 KB file may unfold to gigabytes and a decoder may reserve them on opening, or walk over the picture a thousand
times, so this is read here first. Layouts: JPEG T.81 (see `jpeg_structure`), PNG 11.2.2, GIF89a 18 and 20, WebP
container (VP8X, VP8, VP8L), ISO 14496-12 and 23008-12 (HEIC and AVIF), as their standards have them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pipeline.jpeg_structure import MOST_PARTS, JpegStructure, read_jpeg


class PictureFormat(StrEnum):
    """The formats that are taken; values are Pillow's names."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    GIF = "GIF"
    HEIC = "HEIF"
    AVIF = "AVIF"

    @property
    def name_for_people(self) -> str:
        """The name as people write it."""
        return {"WEBP": "WebP", "HEIF": "HEIC"}.get(self.value, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHeader:
    """Width and height are those stored, before any EXIF orientation; None: the header is cut off or makes no sense."""

    format: PictureFormat
    size: tuple[int, int] | None  # width, height
    bytes_per_pixel: float = 4.0  # what the decoder keeps of the whole picture
    # Pieces that a decoder takes one by one, counted up to MOST_PARTS + 1: segments of a JPEG, chunks of a PNG (a file
    # of 20 MB in the usual 8 KB has 2,500), blocks before a GIF's frame.
    parts: int = 0
    jpeg: JpegStructure | None = None

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1] if self.size else 0


_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
# Pillow keeps one byte for grey and palettes, two for 16-bit grey, four for everything else. PNG, table 11.1.
_PNG_BYTES: Final = {0: 1.0, 2: 4.0, 3: 1.0, 4: 4.0, 6: 4.0}
# Measured with the decoders in use: OpenCV's for WebP (the canvas and the codec's own), for animations two canvases
# more; libheif's planes and RGB; Pillow's AVIF, which keeps planes, a copy of the RGB and the picture.
_WEBP_BYTES, _ANIMATED_WEBP_BYTES, _HEIC_BYTES, _AVIF_BYTES = 8.0, 18.0, 6.0, 9.5
_ISPE: Final = re.compile(rb"ispe\0\0\0\0(.{4})(.{4})", re.DOTALL)  # image spatial extents: width, height


def read_header(data: bytes) -> PictureHeader | None:
    """Tell the format by its signature and the size by its header; None when it is none of the six formats."""
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(data)
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return _gif(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        animated = data[12:16] == b"VP8X" and len(data) > 20 and bool(data[20] & 0x02)
        return PictureHeader(
            format=PictureFormat.WEBP,
            size=_checked(_webp_size(data)),
            bytes_per_pixel=_ANIMATED_WEBP_BYTES if animated else _WEBP_BYTES,
        )
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS | _AVIF_BRANDS:
        return _heif(data)
    return None


def _checked(size: tuple[int, int] | None) -> tuple[int, int] | None:
    return size if size is not None and min(size) > 0 else None


def _jpeg(data: bytes) -> PictureHeader:
    structure = read_jpeg(data)
    size = structure.size if structure is not None else None
    grey = structure is not None and len(structure.sampling) == 1
    return PictureHeader(
        format=PictureFormat.JPEG,
        size=size,
        bytes_per_pixel=1.0 if grey else 4.0,
        parts=structure.segments if structure is not None else 0,
        jpeg=structure,
    )


def _png(data: bytes) -> PictureHeader:
    if len(data) < 26 or data[12:16] != b"IHDR":
        return PictureHeader(format=PictureFormat.PNG, size=None)
    depth, colour = data[24], data[25]
    chunks, at = 0, 8
    while at + 8 <= len(data) and chunks <= MOST_PARTS:  # length, kind, content, checksum
        chunks += 1
        at += 12 + _be(data, at, 4)
    return PictureHeader(
        format=PictureFormat.PNG,
        size=_checked((_be(data, 16, 4), _be(data, 20, 4))),
        bytes_per_pixel=2.0 if (depth, colour) == (16, 0) else _PNG_BYTES.get(colour, 4.0),
        parts=chunks,
    )


@dataclass(frozen=True, slots=True)
class GifStart:
    """What lies before a GIF's first frame; positions are offsets into the file, 0: not there."""

    start: int  # behind header and palette
    control: int  # the last graphic control extension before the frame
    frame: int  # the frame's descriptor
    blocks: int  # of all extensions, up to MOST_PARTS + 1


def _gif(data: bytes) -> PictureHeader:
    found = find_gif_frame(data)
    too_many = found.blocks > MOST_PARTS  # then the frame was not looked for to the end, and the screen's size must do
    return PictureHeader(
        format=PictureFormat.GIF,
        size=_checked(_gif_size(data, found.frame)) if found.frame or too_many else None,
        bytes_per_pixel=1.0,
        parts=found.blocks,
    )


def find_gif_frame(data: bytes) -> GifStart:
    """Walk over the extensions to the first frame."""
    if len(data) < 13:
        return GifStart(0, 0, 0, 0)
    start = 13 + (3 * 2 ** ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    at, control, blocks = start, 0, 0
    while at + 1 < len(data) and data[at] == 0x21 and blocks <= MOST_PARTS:  # label, then sub-blocks up to an empty one
        control = at if data[at + 1 : at + 3] == b"\xf9\x04" else control
        at += 2
        while at < len(data) and data[at] and blocks <= MOST_PARTS:
            at += 1 + data[at]
            blocks += 1
        at += 1
        blocks += 1
    complete = at + 10 <= len(data) and data[at] == 0x2C and blocks <= MOST_PARTS
    return GifStart(start, control, at if complete else 0, blocks)


def _gif_size(data: bytes, frame: int) -> tuple[int, int]:
    """Find the larger of the screen and the first frame's extent: a frame may lie outside the screen it is drawn on."""
    width, height = _le(data, 6, 2), _le(data, 8, 2)
    if not frame:
        return width, height
    right = _le(data, frame + 1, 2) + _le(data, frame + 5, 2)
    bottom = _le(data, frame + 3, 2) + _le(data, frame + 7, 2)
    return max(width, right), max(height, bottom)


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if len(data) < 30:
        return None
    if kind == b"VP8X":
        return _le(data, 24, 3) + 1, _le(data, 27, 3) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return _le(data, 26, 2) & 0x3FFF, _le(data, 28, 2) & 0x3FFF
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = _le(data, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _heif(data: bytes) -> PictureHeader:
    """The largest extents that the file names: a picture of tiles names those of its tiles, too."""
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, min(_be(data, 0, 4), 256), 4))}
    kind = PictureFormat.AVIF if brands & _AVIF_BRANDS else PictureFormat.HEIC
    sizes = [(_be(found[1], 0, 4), _be(found[2], 0, 4)) for found in _ISPE.finditer(data[: 1 << 20])]
    return PictureHeader(
        format=kind,
        size=_checked(max(sizes, key=lambda size: size[0] * size[1], default=None)),
        bytes_per_pixel=_AVIF_BYTES if kind is PictureFormat.AVIF else _HEIC_BYTES,
    )


def _be(data: bytes, at: int, count: int) -> int:
    return int.from_bytes(data[at : at + count], "big")


def _le(data: bytes, at: int, count: int) -> int:
    return int.from_bytes(data[at : at + count], "little")
