"""A photo's bytes -> RGB pixels, upright, bounded. Knows formats and pixels, no faces.

The order matters: `decoding_bounds` reads the header and refuses what is too large or too costly, and only the rest
reaches a decoder. Large photos are made smaller while they are decoded, so that memory stays near the working size.
"""

from __future__ import annotations

import io
import math
import mmap
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin

from pipeline.decoding_bounds import (
    STRIP_BYTES,
    DecodingPlan,
    PhotoLimits,
    broken,
    draft_factor,
    plan_decoding,
    too_costly,
)
from pipeline.file_ends import completed_jpeg, without_gif_extensions, without_webp_gap
from pipeline.picture_header import PictureFormat
from pipeline.picture_memory import copied_rgb
from pipeline.types import DecodedPhoto, Rgb8

__all__ = ["DecodedPhoto", "PhotoLimits", "decode", "turn_by_exif"]

_PLUGINS: Final = (AvifImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin)  # importing registers them
_EXIF_ORIENTATION: Final = 0x0112
# Pillow warns of what it mends; what it has to say is in our sentences. Once, here: the list of filters belongs to the
# whole process, and photos are decoded in threads.
warnings.filterwarnings("ignore", category=Warning, module=r"PIL\.")
# What decoders raise on damaged files, as far as fuzzing showed. RuntimeError is libheif's.
_DAMAGE: Final = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    EOFError,
    OverflowError,
    RuntimeError,
    ZeroDivisionError,
    struct.error,
    zlib.error,
    cv2.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True, slots=True, eq=False)
class _Stored:
    """A decoded picture as its decoder keeps it, before it is RGB and upright."""

    size: tuple[int, int]  # width, height
    rows: Callable[[int, int, int], Image.Image]  # (top, bottom, width) -> these rows, from the left edge to `width`
    whole: Callable[[], Rgb8 | None]  # all of it by one copy; None where it is not plain RGB or not in one piece
    divided: int = 1  # by how much the decoder itself made the sides smaller
    orientation: int = 1  # EXIF, 1..8


def decode(data: bytes, *, limits: PhotoLimits | None = None) -> DecodedPhoto:
    """Decode JPEG, PNG, WebP, HEIC, AVIF or the first frame of a GIF, told by content, into upright RGB.

    Transparency is laid on white; CMYK, palettes, grey and 16 bits become 8-bit RGB. HEIC and AVIF need the extra heif.
    Raises BadPhoto.
    """
    plan = plan_decoding(data, limits or PhotoLimits())
    kind = plan.header.format
    try:
        return _shrunk_upright(data, plan)
    except MemoryError as error:
        raise too_costly(kind, "takes more memory than there is for it") from error
    except _DAMAGE as error:
        # libjpeg and OpenCV report a failed allocation as any other failure.
        if not _memory_is_there(plan.memory_bytes):
            raise too_costly(kind, "takes more memory than there is for it") from error
        raise broken(kind) from error


def _memory_is_there(size_bytes: int) -> bool:
    """Whether the process may have that much more memory; none of it is touched."""
    try:
        mmap.mmap(-1, size_bytes).close()
    except OSError:
        return False
    return True


def _shrunk_upright(data: bytes, plan: DecodingPlan) -> DecodedPhoto:
    stored = _STORED[plan.header.format](data, plan)
    width, height = stored.size
    working = plan.limits.longer_side_px(plan.header.size or stored.size)
    # A strip of 40,000 x 30 pixels must keep a row.
    factor = max(1, min(max(width, height) // working, width, height))
    image = stored.whole() if factor == 1 else None
    if image is None:
        image = _reduced(stored, factor)
    scale, orientation = float(stored.divided * factor), stored.orientation
    del stored  # its memory is free before the next copies are made
    longer = max(image.shape[:2])
    if longer > working:
        ratio = working / longer
        height, width = (max(1, round(side * ratio)) for side in image.shape[:2])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        scale /= ratio
    return DecodedPhoto(turn_by_exif(image, orientation), scale)


def _by_pillow(data: bytes, plan: DecodingPlan) -> _Stored:
    """PNG, GIF and AVIF."""
    kind = plan.header.format
    if kind is PictureFormat.GIF:
        data = without_gif_extensions(data)
    picture = Image.open(io.BytesIO(data), formats=(kind.value,))
    _check_promise(picture.size, plan)
    picture.load()
    return _of_pillow(picture)


def _jpeg(data: bytes, plan: DecodingPlan) -> _Stored:
    def load(data: bytes) -> ImageFile.ImageFile:
        picture = Image.open(io.BytesIO(data), formats=(PictureFormat.JPEG.value,))
        size = picture.size
        _check_promise(size, plan)
        factor = draft_factor(plan.header, size, plan.limits)
        if factor > 1:
            # Pillow takes the largest of 1, 2, 4, 8 that keeps both sides at least this large.
            picture.draft(None, (max(1, size[0] // factor), max(1, size[1] // factor)))
        picture.load()
        return picture

    try:
        picture = load(data)
    except OSError as error:
        if "truncated" not in str(error) or plan.header.jpeg is None:
            raise
        completed = completed_jpeg(data, plan.header.jpeg, load)
        if completed is None:
            raise
        picture = completed
    size = plan.header.size or picture.size
    return replace(_of_pillow(picture), divided=_power_of_two_at_most(max(size) / max(picture.size)))


def _of_pillow(picture: ImageFile.ImageFile) -> _Stored:
    return _Stored(
        picture.size,
        lambda top, bottom, width: picture.crop((0, top, width, bottom)),
        lambda: copied_rgb(picture) if _is_plain(picture) else None,
        orientation=_orientation(picture),
    )


def _webp(data: bytes, plan: DecodingPlan) -> _Stored:
    """By OpenCV: the same pixels as Pillow's in a quarter of the memory, which keeps the picture four times."""
    data = without_webp_gap(data)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise broken(plan.header.format)
    height, width = pixels.shape[:2]
    _check_promise((width, height), plan)
    plain = pixels.ndim == 3 and pixels.shape[2] == 3
    return _Stored(
        (width, height),
        _rows_of(pixels, bgr=True),
        lambda: np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8) if plain else None,
        orientation=_webp_orientation(data),
    )


def _heic(data: bytes, plan: DecodingPlan) -> _Stored:
    """By libheif, which turns the picture itself: the standard has viewers ignore an orientation in HEIC's EXIF."""
    import pillow_heif

    opened = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
    size = opened.size
    _check_promise(size, plan)
    if opened.mode not in {"RGB", "RGBA", "L"}:
        picture = opened.to_pillow()
        return _Stored(picture.size, lambda top, bottom, width: picture.crop((0, top, width, bottom)), lambda: None)
    pixels = np.asarray(opened)
    return _Stored(
        (pixels.shape[1], pixels.shape[0]),
        _rows_of(pixels, bgr=False),
        lambda: pixels.copy() if opened.mode == "RGB" else None,
    )


_STORED: Final[dict[PictureFormat, Callable[[bytes, DecodingPlan], _Stored]]] = {
    PictureFormat.JPEG: _jpeg,
    PictureFormat.PNG: _by_pillow,
    PictureFormat.GIF: _by_pillow,
    PictureFormat.AVIF: _by_pillow,
    PictureFormat.WEBP: _webp,
    PictureFormat.HEIC: _heic,
}


def _rows_of(pixels: NDArray[np.uint8], *, bgr: bool) -> Callable[[int, int, int], Image.Image]:
    def rows(top: int, bottom: int, width: int) -> Image.Image:
        part = pixels[top:bottom, :width]
        if bgr and part.ndim == 3:
            part = part[..., [2, 1, 0, 3][: part.shape[2]]]
        return Image.fromarray(np.ascontiguousarray(part))

    return rows


def _check_promise(size: tuple[int, int], plan: DecodingPlan) -> None:
    """Refuse a picture whose decoder reads another size than its header promised.

    A turned HEIC may have its sides swapped, and one of several pictures may be smaller than the largest.
    """
    header = plan.header
    if header.format in {PictureFormat.HEIC, PictureFormat.AVIF}:
        kept = min(size) > 0 and size[0] * size[1] <= header.pixels
    else:
        kept = size == header.size
    if not kept:
        raise broken(header.format)


def _power_of_two_at_most(ratio: float) -> int:
    # libjpeg rounds the smaller size up, so the ratio of a halved picture may lie a little below two.
    return 1 << max(0, round(math.log2(ratio)))


def _reduced(stored: _Stored, factor: int) -> Rgb8:
    """Flatten to RGB and average blocks of factor x factor, strip by strip: a whole copy in RGBA would cost gigabytes.

    A remainder narrower than one block at the right and lower edge is left out, so that the scale is exact.
    """
    width, height = stored.size[0] // factor, stored.size[1] // factor
    image = np.empty((height, width, 3), np.uint8)
    at_once = max(1, STRIP_BYTES // (20 * width * factor * factor))  # five copies in RGBA
    for top in range(0, height, at_once):
        count = min(at_once, height - top)
        strip = _flat(stored.rows(top * factor, (top + count) * factor, width * factor))
        image[top : top + count] = np.asarray(strip.reduce(factor) if factor > 1 else strip)
    return image


def _is_plain(picture: Image.Image) -> bool:
    return picture.mode == "RGB" and "transparency" not in picture.info


def _flat(picture: Image.Image) -> Image.Image:
    """Make 8-bit RGB of any mode, transparency on white."""
    if _is_plain(picture):
        return picture
    if picture.mode.startswith("I"):  # 16-bit grey, as "I;16" or, from older files, in 32 bits
        grey = np.clip(np.asarray(picture).astype(np.int64), 0, 65535) // 257
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if picture.mode in {"RGBA", "RGBa", "LA", "La", "PA"} or "transparency" in picture.info:
        if picture.mode in {"La", "RGBa"}:
            picture = picture.convert("LA" if picture.mode == "La" else "RGBA")
        seen = picture.convert("RGBA")
        white = Image.new("RGBA", seen.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, seen).convert("RGB")
    return picture.convert("RGB")


def _orientation(picture: Image.Image) -> int:
    """EXIF's word. Pillow would also heed XMP's, which programs that turn the pixels leave behind stale."""
    for name in ("xmp", "XML:com.adobe.xmp"):
        picture.info.pop(name, None)
    try:
        exif = picture.getexif()
        if stored := picture.info.get("exif"):
            exif = Image.Exif()  # a JPEG's was read when it was opened, together with XMP
            exif.load(stored)
        return _checked_orientation(exif)
    except _DAMAGE:
        return 1  # a damaged EXIF block says nothing about the pixels


def _webp_orientation(data: bytes) -> int:
    """Find the EXIF chunk among those of the RIFF container."""
    at = 12
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind == b"EXIF":
            exif = Image.Exif()
            try:
                exif.load(data[at + 8 : at + 8 + length])
                return _checked_orientation(exif)
            except _DAMAGE:
                return 1
        at += 8 + length + length % 2
    return 1


def _checked_orientation(exif: Image.Exif) -> int:
    value = exif.get(_EXIF_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def turn_by_exif(image: Rgb8, orientation: int) -> Rgb8:
    """Turn stored pixels as EXIF orientation 1..8 says they should be seen (EXIF 2.32, 4.6.4, tag 0x0112)."""
    image = np.ascontiguousarray(image)
    match orientation:
        case 2:
            turned = cv2.flip(image, 1)
        case 3:
            turned = cv2.rotate(image, cv2.ROTATE_180)
        case 4:
            turned = cv2.flip(image, 0)
        case 5:  # the stored rows are the seen columns
            turned = cv2.transpose(image)
        case 6:
            turned = cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            turned = cv2.transpose(cv2.rotate(image, cv2.ROTATE_180))
        case 8:
            turned = cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)
        case _:
            return image
    return np.asarray(turned, np.uint8)
