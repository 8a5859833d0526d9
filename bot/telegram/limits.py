"""Telegram's limits in one place, and how texts and pictures are made to fit. No I/O.

Texts are counted as Telegram counts them: UTF-16 code units after HTML tags and entities are gone.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from typing import Final

from PIL import Image

MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
MAX_CALLBACK_DATA_BYTES: Final = 64
MAX_CALLBACK_ANSWER: Final = 200
MIN_ALBUM: Final = 2
MAX_ALBUM: Final = 10
MAX_DOWNLOAD_BYTES: Final = 20_000_000  # getFile
MAX_PHOTO_BYTES: Final = 10_000_000  # sendPhoto
MAX_PHOTO_SIDES_PX: Final = 10_000  # width + height
MAX_PHOTO_RATIO: Final = 20
MAX_FACE_BUTTONS: Final = 20  # ours: more than a hundred buttons are refused, and more than twenty help nobody
MAX_RETRY_AFTER_S: Final = 60.0  # a longer flood wait is not worth a person's patience: the call fails

_TAG = re.compile(r"<[^>]*>")


def visible_length(markup: str) -> int:
    """UTF-16 code units of an HTML text once tags and entities are gone."""
    return len(html.unescape(_TAG.sub("", markup)).encode("utf-16-le")) // 2


def fit_lines(head: Sequence[str], body: Sequence[str], tail: Sequence[str], *, limit: int) -> str:
    """Join HTML lines; when they are too long, drop lines of the tail, then of the body, last first.

    head is always kept: the caller keeps it short. Lines are whole, so no tag is cut in two.
    """
    body, tail = list(body), list(tail)
    while True:
        text = "\n".join([*head, *body, *tail])
        if visible_length(text) <= limit or not (body or tail):
            return text
        (tail or body).pop()


def clip(text: str, limit: int) -> str:
    """Cut a plain text to `limit` UTF-16 code units, an ellipsis at the end, no surrogate pair torn."""
    if len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    return text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", errors="ignore") + "\u2026"


def fits_as_photo(data: bytes) -> bool:
    """Whether sendPhoto takes this picture."""
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
        width, height = picture.size
    return (
        len(data) <= MAX_PHOTO_BYTES
        and width + height <= MAX_PHOTO_SIDES_PX
        and max(width, height) <= MAX_PHOTO_RATIO * min(width, height)
    )


def fit_photo(data: bytes) -> bytes:
    """Make a picture one that sendPhoto takes: padded to the ratio, shrunk to the sides, JPEG to the bytes."""
    if fits_as_photo(data):
        return data
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as opened:
        picture = opened.convert("RGB")
    width, height = picture.size
    wide, high = max(width, -(-height // MAX_PHOTO_RATIO)), max(height, -(-width // MAX_PHOTO_RATIO))
    if (wide, high) != (width, height):
        padded = Image.new("RGB", (wide, high), "white")
        padded.paste(picture, ((wide - width) // 2, (high - height) // 2))
        picture = padded
    if wide + high > MAX_PHOTO_SIDES_PX:
        scale = MAX_PHOTO_SIDES_PX / (wide + high)
        picture = picture.resize((max(1, int(wide * scale)), max(1, int(high * scale))), Image.Resampling.LANCZOS)
    for quality in (90, 75, 50, 25):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= MAX_PHOTO_BYTES:
            break
    return buffer.getvalue()
