"""Telegram's limits in one place, and how texts are made to fit. No I/O.

Texts are counted as Telegram counts them: UTF-16 code units after HTML tags and entities are gone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
MAX_CALLBACK_DATA_BYTES: Final = 64
MIN_ALBUM: Final = 2
MAX_ALBUM: Final = 10
MAX_DOWNLOAD_BYTES: Final = 20_000_000  # getFile
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
