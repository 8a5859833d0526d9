"""Files that lack only their end, or carry more than their picture: what can be read of them is all there.

Bytes in, bytes out; the JPEG's check decodes by a function that it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from PIL import Image

from pipeline.jpeg_structure import JpegStructure
from pipeline.picture_header import find_gif_frame

P = TypeVar("P", bound=Image.Image)

_END_OF_IMAGE: Final = b"\xff\xd9"
# Entropy-coded data of no picture: after a cut-off picture's last byte it changes the pixels that are missing.
_STRANGE_DATA: Final = b"\x5a\xc3\x96\x2d" * 64
_COMPARED_ROWS: Final = 256


def completed_jpeg(data: bytes, structure: JpegStructure, load: Callable[[bytes], P]) -> P | None:
    """Decode a JPEG that ends without its end marker, or None when pixels are missing as well.

    load: decodes whole JPEGs; raises OSError. A decoder fills what is missing with grey and does not say so. So the
    picture is completed twice, once with strange data before the marker: as long as a pixel waits for data, the two
    differ. A progressive picture may also end between two scans, which its structure shows.
    """
    if not structure.complete:
        return None
    kept = data.rstrip(b"\0")  # what recovery programs fill up with
    if kept.endswith(b"\xff"):  # half of the end marker, or a stuffed byte whose zero was just taken off
        kept = kept + b"\0" if len(kept) < len(data) else kept[:-1]
    plain = load(kept + _END_OF_IMAGE)
    return plain if _same_pixels(plain, load(kept + _STRANGE_DATA + _END_OF_IMAGE)) else None


def _same_pixels(a: Image.Image, b: Image.Image) -> bool:
    if a.size != b.size or a.mode != b.mode:
        return False
    strips = ((0, top, a.width, min(top + _COMPARED_ROWS, a.height)) for top in range(0, a.height, _COMPARED_ROWS))
    return all(a.crop(strip).tobytes() == b.crop(strip).tobytes() for strip in strips)


def without_gif_extensions(data: bytes) -> bytes:
    """Leave out what lies before the first frame, but for the last graphic control extension: its transparency.

    Comments and application data are kept by Pillow block by block, in hundreds of megabytes for a hostile file.
    """
    found = find_gif_frame(data)
    if not found.frame or found.frame == found.start:
        return data
    control = data[found.control : found.control + 8] if found.control else b""
    return data[: found.start] + control + data[found.frame :]


def without_webp_gap(data: bytes) -> bytes:
    """Add the padding byte behind a last chunk of odd length, which some writers forget."""
    if int.from_bytes(data[4:8], "little") + 8 != len(data) + 1:
        return data
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + length + length % 2
    return data + b"\0" if at == len(data) + 1 and length % 2 else data
