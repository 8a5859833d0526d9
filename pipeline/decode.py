"""A photo's bytes -> RGB pixels, upright, bounded. Knows formats and limits, no faces.

The order matters: bytes are counted, the header is read (`picture_header`), and only what fits the limits reaches a
decoder. Large photos are made smaller while they are decoded, so that memory stays near the working size.
"""

from __future__ import annotations

import io
import math
import re
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.picture_header import PictureFormat, read_header
from pipeline.types import Rgb8

_PLUGINS: Final = (GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)  # importing registers them
_EXIF_ORIENTATION: Final = 0x0112
_STRIP_ROWS: Final = 64  # rows of the reduced picture made at a time
# A JPEG is decoded at 1/2, 1/4 or 1/8 as long as its longer side keeps this share of the working side: a 12 Mpx
# photo (4032 px) then comes as 2016 px in a third of the time, rather than whole and shrunk by 0.51.
_DRAFT_SHARE: Final = 0.75
_PILLOW_CHATTER: Final = ("ignore", None, Warning, re.compile(r"PIL\."), 0)
# What Pillow's decoders raise on damaged files, as far as fuzzing showed.
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
    ZeroDivisionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoLimits:
    """What is taken at all, and how large the working picture may be."""

    max_bytes: int = 20_000_000
    max_pixels: int = 40_000_000
    max_webp_pixels: int = 16_000_000  # its decoder holds the picture four times: 600 MB at 39 million, 250 at 16
    min_side_px: int = 20  # the detector's smallest face; under it nothing can be found
    working_side_px: int = 2048  # longer side of what the networks see; crops of 112 px need no more


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPhoto:
    """The working picture, turned as its EXIF says, and how many pixels of the stored photo one of its own covers."""

    image: Rgb8
    scale: float = 1.0


def decode(data: bytes, *, limits: PhotoLimits | None = None) -> DecodedPhoto:
    """Decode JPEG, PNG, WebP or the first frame of a GIF, told by content, into upright RGB.

    Transparency is laid on white; CMYK, palettes, grey and 16 bits become 8-bit RGB. Raises BadPhoto.
    """
    limits = limits or PhotoLimits()
    kind = _check(data, limits)
    # Pillow warns of what it mends; set here, not on import, because test runners swap the list of filters.
    if _PILLOW_CHATTER not in warnings.filters:
        warnings.filterwarnings("ignore", category=Warning, module=r"PIL\.")
    try:
        with Image.open(io.BytesIO(data), formats=(kind.value,)) as picture:
            return _shrunk_upright(picture, kind, limits)
    except BadPhoto:
        raise
    except _DAMAGE as error:
        raise BadPhoto(
            BadPhotoCode.BROKEN, f"The {_name(kind)} file is damaged or cut off; send it again or save it anew."
        ) from error


def _check(data: bytes, limits: PhotoLimits) -> PictureFormat:
    if not data:
        raise BadPhoto(BadPhotoCode.EMPTY, "The file is empty; send the picture again.")
    if len(data) > limits.max_bytes:
        raise BadPhoto(
            BadPhotoCode.TOO_MANY_BYTES,
            f"The file has {len(data) / 1e6:,.1f} MB, the limit is {limits.max_bytes / 1e6:,.0f} MB; "
            f"send a smaller one.",
        )
    header = read_header(data)
    if header is None:
        raise BadPhoto(
            BadPhotoCode.NOT_A_PICTURE,
            "This is not a JPEG, PNG, WebP or GIF picture; save it as one of these and send that.",
        )
    if header.size is None:
        raise BadPhoto(
            BadPhotoCode.BROKEN,
            f"The {_name(header.format)} file is damaged or cut off; send it again or save it anew.",
        )
    _check_size(header.size, header.format, limits)
    return header.format


def _check_size(size: tuple[int, int], kind: PictureFormat, limits: PhotoLimits) -> None:
    width, height = size
    most = limits.max_pixels
    if kind is PictureFormat.WEBP:
        most = min(most, limits.max_webp_pixels)
    if width * height > most:
        raise BadPhoto(
            BadPhotoCode.TOO_MANY_PIXELS,
            f"The picture has {width:,} x {height:,} pixels ({width * height / 1e6:,.0f} million), the limit is "
            f"{most / 1e6:,.0f} million; send a smaller one.",
        )
    if min(width, height) < limits.min_side_px:
        raise BadPhoto(
            BadPhotoCode.TOO_SMALL,
            f"The picture has {width:,} x {height:,} pixels, no face can be seen under {limits.min_side_px}; "
            f"send a larger one.",
        )


def _shrunk_upright(picture: ImageFile.ImageFile, kind: PictureFormat, limits: PhotoLimits) -> DecodedPhoto:
    stored = picture.size
    _check_size(
        stored, kind, limits
    )  # again: the decoder's word counts, should it read another size than the header had
    if kind is PictureFormat.JPEG:
        wanted = round(limits.working_side_px * _DRAFT_SHARE)
        factor = max(1, max(stored) // wanted)
        # Pillow takes the largest of 1, 2, 4, 8 that keeps both sides at least this large.
        picture.draft(None, (max(1, stored[0] // factor), max(1, stored[1] // factor)))
    picture.load()
    drafted = _power_of_two_at_most(max(stored) / max(picture.size))
    # A strip of 40,000 x 30 pixels must keep a row.
    factor = max(1, min(max(picture.size) // limits.working_side_px, *picture.size))
    image = _reduced(picture, factor)
    scale = float(drafted * factor)
    longer = max(image.shape[:2])
    if longer > limits.working_side_px:
        ratio = limits.working_side_px / longer
        height, width = (max(1, round(side * ratio)) for side in image.shape[:2])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        scale /= ratio
    return DecodedPhoto(turn_by_exif(image, _orientation(picture)), scale)


def _power_of_two_at_most(ratio: float) -> int:
    # libjpeg rounds the smaller size up, so the ratio of a halved picture may lie a little below two.
    return 1 << max(0, round(math.log2(ratio)))


def _reduced(picture: Image.Image, factor: int) -> Rgb8:
    """Flatten to RGB and average blocks of factor x factor, strip by strip: a whole copy in RGBA would cost gigabytes.

    A remainder narrower than one block at the right and lower edge is left out, so that the scale is exact.
    """
    if factor == 1:
        return np.array(_flat(picture), np.uint8)
    width, height = picture.width // factor, picture.height // factor
    image = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP_ROWS):
        rows = min(_STRIP_ROWS, height - top)
        strip = picture.crop((0, top * factor, width * factor, (top + rows) * factor))
        image[top : top + rows] = np.asarray(_flat(strip).reduce(factor))
    return image


def _flat(picture: Image.Image) -> Image.Image:
    """Make 8-bit RGB of any mode, transparency on white."""
    if picture.mode == "RGB" and "transparency" not in picture.info:
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
    try:
        value = picture.getexif().get(_EXIF_ORIENTATION, 1)
    except _DAMAGE:
        return 1  # a damaged EXIF block says nothing about the pixels
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def turn_by_exif(image: Rgb8, orientation: int) -> Rgb8:
    """Turn stored pixels as EXIF orientation 1..8 says they should be seen (EXIF 2.32, 4.6.4, tag 0x0112)."""
    if orientation in {5, 6, 7, 8}:  # the stored rows are the seen columns
        image = image.swapaxes(0, 1)
    if orientation in {2, 3, 6, 7}:
        image = image[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        image = image[::-1]
    return np.ascontiguousarray(image)


def _name(kind: PictureFormat) -> str:
    return "WebP" if kind is PictureFormat.WEBP else kind.value
