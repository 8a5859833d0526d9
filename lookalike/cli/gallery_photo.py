"""Reads one picture that goes into a gallery: also HEIC and AVIF, where the extra is installed.

Its messages speak of files that lie on one's own disk, and name the settings whose limits are one's own to raise.
"""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageOps

from index.picture_kinds import HEAD_BYTES, picture_kind
from lookalike.photo_file import read_photo_file
from pipeline.decode import PhotoLimits, decode
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.types import Rgb8

_HEIF_KINDS: Final = frozenset({"HEIC", "AVIF"})
# What is to be done, by what is wrong; the pipeline's own advice is for photos that are sent.
_ADVICE: Final = {
    BadPhotoCode.EMPTY: "copy it again",
    BadPhotoCode.BROKEN: "copy it again or save it anew",
    BadPhotoCode.TOO_MANY_BYTES: "save it smaller, or raise MAX_PHOTO_MB",
    BadPhotoCode.TOO_MANY_PIXELS: "save it smaller, or raise MAX_PHOTO_MPX",
    BadPhotoCode.TOO_SMALL: "take a larger one",
}


@dataclass(frozen=True, slots=True, eq=False)
class GalleryPhoto:
    """Upright pixels, and how many of the stored picture's one of them covers."""

    image: Rgb8
    scale: float
    is_decodable: bool  # by pipeline.decode, as cards do it; HEIC and AVIF are not


@cache
def heif_is_read() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("pillow_heif") is not None


def read_gallery_photo(path: Path, *, limits: PhotoLimits) -> GalleryPhoto:
    """Read a regular file within the limits. Raises OSError, or BadPhoto with what is wrong and what to do."""
    data = read_photo_file(path, max_bytes=limits.max_bytes)
    kind = picture_kind(data[:HEAD_BYTES])
    try:
        if kind in _HEIF_KINDS and len(data) <= limits.max_bytes:
            image, scale = _heif(data, str(kind), limits)
            return GalleryPhoto(image, scale, is_decodable=False)
        photo = decode(data, limits=limits)
    except BadPhoto as error:
        raise _told_anew(error, kind) from error
    return GalleryPhoto(photo.image, photo.scale, is_decodable=True)


def _heif(data: bytes, kind: str, limits: PhotoLimits) -> tuple[Rgb8, float]:
    if not heif_is_read():
        advice = "save it as a JPEG, or to read it: pip install pillow-heif"
        raise BadPhoto(BadPhotoCode.NOT_A_PICTURE, f"{kind} pictures need an extra; {advice}")
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)
    try:
        with Image.open(io.BytesIO(data), formats=("HEIF", "AVIF")) as opened:
            pixels = opened.width * opened.height
            if pixels > limits.max_pixels:
                message = f"The picture has {pixels / 1e6:,.0f} million pixels, the limit is"
                raise BadPhoto(
                    BadPhotoCode.TOO_MANY_PIXELS, f"{message} {limits.max_pixels / 1e6:,.0f} million; save it smaller"
                )
            upright = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, MemoryError) as error:
        raise BadPhoto(BadPhotoCode.BROKEN, f"The {kind} file is damaged or cut off; copy it again") from error
    height, width = upright.shape[:2]
    scale = max(1.0, max(height, width) / limits.working_side_px)
    if scale > 1.0:
        small = (max(1, round(width / scale)), max(1, round(height / scale)))
        upright = np.asarray(cv2.resize(upright, small, interpolation=cv2.INTER_AREA), np.uint8)
    return upright, scale


def _told_anew(error: BadPhoto, kind: str | None) -> BadPhoto:
    """The same fault, with the advice for a file of one's own."""
    if error.code is not BadPhotoCode.NOT_A_PICTURE:
        problem = error.message.partition(";")[0]
        return BadPhoto(error.code, f"{problem}; {_ADVICE[error.code]}")
    if kind in _HEIF_KINDS:
        return error
    what = "it is no picture" if kind is None else f"{kind} pictures are not read"
    return BadPhoto(error.code, f"{what}; save it as a JPEG or PNG")
