"""Small files that cost a decoder far more than their size says, made in memory. After the reviewer's make_*.py."""

from __future__ import annotations

import struct
import zlib


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_header(
    width: int, height: int, *, components: int, frame: int = 0xC2, sampling: int = 0x11, precision: int = 8
) -> bytes:
    """A JPEG up to its first scan, which holds nothing. sampling: the first component's factors."""
    parts = b"".join(bytes([number + 1, 0x11 if number else sampling, 0]) for number in range(components))
    return (
        b"\xff\xd8"
        + _segment(0xDB, b"\0" + b"\x10" * 64)
        + _segment(frame, struct.pack(">BHHB", precision, height, width, components) + parts)
        + _segment(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0")  # one code: no difference
        + _segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\xe0")  # one code: the next 16,384 blocks are empty
        + _scan(range(1, components + 1), 0, 0)
    )


def _scan(components: range, first: int, last: int) -> bytes:
    names = b"".join(bytes([name, 0]) for name in components)
    return _segment(0xDA, bytes([len(components)]) + names + bytes([first, last, 0]))


def arithmetic_jpeg(*, scans: int, side_px: int = 6320) -> bytes:
    """Progressive, in arithmetic coding: libjpeg walks over every coefficient in each scan of 12 bytes."""
    start = jpeg_header(side_px, side_px, components=3, frame=0xCA)
    return start + b"\xfe\x31" + (_scan(range(1, 2), 1, 63) + b"\xfe\x31") * scans + b"\xff\xd9"


def jpeg_of_scans(scans: int, *, side_px: int = 6320, sampling: int = 0x11) -> bytes:
    """Progressive, in Huffman coding: a scan says in some dozen bytes that every block stays as it is."""
    blocks = ((side_px + 7) // 8) ** 2
    body = bytes(blocks * 3 // 8 + 1)  # a bit a block: no difference
    return (
        jpeg_header(side_px, side_px, components=3, sampling=sampling)
        + body
        + (_scan(range(1, 2), 1, 63) + bytes(8)) * scans
        + b"\xff\xd9"
    )


def jpeg_of_segments(count: int) -> bytes:
    """Empty comments between the frame and its scan."""
    whole = jpeg_header(64, 64, components=3)
    scan = whole.index(b"\xff\xda")
    return whole[:scan] + _segment(0xFE, b"") * count + whole[scan:] + b"\xff\xd9"


def gif_of_comments(count: int, *, separate: bool = False) -> bytes:
    """A picture of 64 x 64 behind millions of blocks of one byte."""
    blocks = b"!\xfe\x01A\0" * count if separate else b"!\xfe" + b"\x01A" * count + b"\0"
    return b"GIF89a\x40\0\x40\0\x80\0\0" + bytes(6) + blocks + b",\0\0\0\0\x40\0\x40\0\0\2\2D\1\0;"


def png_of_chunks(
    count: int, kind: bytes, body: bytes, *, size: tuple[int, int] = (64, 64), depth: int = 8, colour: int = 2
) -> bytes:
    """A PNG of so many chunks of a kind before its end."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
        + _chunk(kind, body) * count
        + _chunk(b"IEND", b"")
    )


def flat_png(side_px: int, *, depth: int = 16, colour: int = 6) -> bytes:
    """A whole PNG of one colour."""
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    row = bytes(1 + side_px * samples * depth // 8)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()
    return png_of_chunks(1, b"IDAT", data, size=(side_px, side_px), depth=depth, colour=colour)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def webp_header(width: int, height: int) -> bytes:
    """A lossless WebP's first bytes."""
    bits = (width - 1) | (height - 1) << 14 | 1 << 28
    body = b"VP8L" + struct.pack("<I", 14) + b"\x2f" + struct.pack("<I", bits) + bytes(9)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
