"""Which files are pictures, by the end of their name and by their first bytes. No decoding.

A picture here is whatever a person would call one, also in a format that nothing in this program reads: such a file
is listed with the reason, instead of not being seen at all.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

HEAD_BYTES: Final = 16  # of a file tell its kind

# Names that end so are pictures without a look at the file. What is in it is told by its content when it is read.
PICTURE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".png", ".apng", ".webp", ".gif"}
    | {".heic", ".heif", ".hif", ".avif"}
    | {".bmp", ".dib", ".tif", ".tiff", ".jp2", ".j2k", ".jxl", ".psd", ".svg", ".tga", ".ico", ".xcf"}
    | {".raw", ".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".raf", ".rw2", ".pef"}
)
# Files that cameras and systems put beside pictures, some of them pictures themselves.
COMPANION_SUFFIXES: Final = frozenset({".thm", ".db", ".ini", ".lnk", ".xmp", ".aae", ".json", ".txt", ".csv", ".xml"})

_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
)


def picture_kind(head: bytes) -> str | None:
    """The format that a file's first HEAD_BYTES bytes announce, or None: it is no picture, as far as is known."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "HEIC"
    if head[4:8] == b"ftyp" and head[8:12] in _AVIF_BRANDS:
        return "AVIF"
    # "BM" begins many a text: the four reserved bytes behind the size are zero in a bitmap alone.
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return "BMP"
    return None


def named_as_picture(name: str) -> bool | None:
    """Whether the end of a file's name says that it is a picture; None where only its content can tell."""
    suffix = PurePath(name).suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        return True
    return False if suffix in COMPANION_SUFFIXES else None
