"""What a file's first bytes promise: format and size, read without a decoder. Bytes and numbers only.

A 20 KB file may unfold to gigabytes, and a decoder may reserve them on opening, so the size is read here first.
Layouts: JPEG T.81 B.2.2, PNG 11.2.2, GIF89a 18 and 20, WebP container (VP8X, VP8, VP8L), as their standards have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PictureFormat(StrEnum):
    """The formats that are taken; values are Pillow's names."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    GIF = "GIF"


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """Width and height are those stored, before any EXIF orientation; None: the header is cut off or makes no sense."""

    format: PictureFormat
    size: tuple[int, int] | None  # width, height

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1] if self.size else 0


# Start-of-frame markers that carry a size: C0..CF without C4 (tables), C8 (reserved), CC (arithmetic conditioning).
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_STANDALONE: Final = frozenset(range(0xD0, 0xD9)) | {0x01}  # markers without a length


def read_header(data: bytes) -> PictureHeader | None:
    """Tell the format by its signature and the size by its header; None when it is none of the four formats."""
    if data[:3] == b"\xff\xd8\xff":
        return PictureHeader(PictureFormat.JPEG, _checked(_jpeg_size(data)))
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return PictureHeader(PictureFormat.PNG, _checked(_png_size(data)))
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return PictureHeader(PictureFormat.GIF, _checked(_gif_size(data)))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return PictureHeader(PictureFormat.WEBP, _checked(_webp_size(data)))
    return None


def _checked(size: tuple[int, int] | None) -> tuple[int, int] | None:
    return size if size is not None and min(size) > 0 else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:  # decoders skip stray bytes between segments, so this does too
            at = data.find(b"\xff", at)
            if at < 0:
                return None
            continue
        marker = data[at + 1]
        if marker in {0xFF, 0x00}:  # fill byte, stuffed byte
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _JPEG_STANDALONE:
            at += 2
            continue
        if marker in _JPEG_FRAMES:
            if at + 9 > len(data):
                return None
            return _be(data, at + 7, 2), _be(data, at + 5, 2)
        if marker in {0xD9, 0xDA}:  # the picture's end or its scan before any frame
            return None
        at += 2 + max(_be(data, at + 2, 2), 2)
    return None


def _png_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    return _be(data, 16, 4), _be(data, 20, 4)


def _gif_size(data: bytes) -> tuple[int, int] | None:
    """Find the larger of the screen and the first frame's extent: a frame may lie outside the screen it is drawn on."""
    if len(data) < 13:
        return None
    width, height = _le(data, 6, 2), _le(data, 8, 2)
    at = 13 + (3 * 2 ** ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    while at < len(data) and data[at] == 0x21:  # extensions: label, then sub-blocks up to an empty one
        at += 2
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    if at + 10 > len(data) or data[at] != 0x2C:
        return None
    right, bottom = _le(data, at + 1, 2) + _le(data, at + 5, 2), _le(data, at + 3, 2) + _le(data, at + 7, 2)
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


def _be(data: bytes, at: int, count: int) -> int:
    return int.from_bytes(data[at : at + count], "big")


def _le(data: bytes, at: int, count: int) -> int:
    return int.from_bytes(data[at : at + count], "little")
