"""Reads one picture that goes into a gallery.

Its messages speak of files that lie on one's own disk, and name the settings whose limits are one's own to raise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from index.picture_kinds import HEAD_BYTES, picture_kind
from lookalike.photo_file import read_photo_file
from pipeline.decode import DecodedPhoto, PhotoLimits, decode
from pipeline.errors import BadPhoto, BadPhotoCode

# What is to be done, by what is wrong, where the pipeline's own advice is for photos that are sent.
_ADVICE: Final = {
    BadPhotoCode.EMPTY: "copy it again",
    BadPhotoCode.BROKEN: "copy it again or save it anew",
    BadPhotoCode.TOO_MANY_BYTES: "save it smaller, or raise MAX_PHOTO_MB",
    BadPhotoCode.TOO_MANY_PIXELS: "save it smaller, or raise MAX_PHOTO_MPX",
    BadPhotoCode.TOO_SMALL: "take a larger one",
}


def read_gallery_photo(path: Path, *, limits: PhotoLimits) -> DecodedPhoto:
    """Read a regular file within the limits. Raises OSError, or BadPhoto with what is wrong and what to do."""
    return decode_gallery_photo(read_photo_file(path, max_bytes=limits.max_bytes), limits=limits)


def decode_gallery_photo(data: bytes, *, limits: PhotoLimits) -> DecodedPhoto:
    """Decode the bytes of a file within the limits. Raises BadPhoto with what is wrong and what to do."""
    try:
        return decode(data, limits=limits)
    except BadPhoto as error:
        raise _for_ones_own(error, data[:HEAD_BYTES]) from error


def _for_ones_own(error: BadPhoto, head: bytes) -> BadPhoto:
    """The same fault, with the advice for a file of one's own."""
    message = error.message
    if error.code is BadPhotoCode.NOT_A_PICTURE:
        kind = picture_kind(head)
        what = "it is no picture" if kind is None else f"{kind} pictures are not read"
        message = f"{what}; save it as a JPEG or PNG"
    elif error.code in _ADVICE:
        message = f"{message.rpartition(';')[0]}; {_ADVICE[error.code]}"
    return BadPhoto(error.code, message, want=error.want, got=error.got)
