"""Text from file systems and from strangers, made fit to be printed, written as UTF-8 and compared. No files.

Two forms are made. `readable` keeps a file's or folder's name apart from others: what can't be printed is spelled out
(ESC becomes the four characters of its hexadecimal escape). `clean_name` gives a person's name for cards and chats:
what can't be printed is removed.
Both are composed (Unicode NFC): macOS stores "é" as two characters, most keyboards give one.
"""

from __future__ import annotations

import os
import unicodedata
from typing import Final

MAX_NAME: Final = 120  # characters of a name
MAX_MARKS: Final = 6  # combining marks on one letter; Vietnamese and Indic scripts need up to four
_JOINERS: Final = frozenset("\u200c\u200d")  # zero-width non-joiner and joiner: Persian, Indic scripts, emoji
# Invisible characters that turn the text behind them round (Unicode Annex 9): embeddings, overrides and isolates.
_DIRECTIONS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def readable(raw: str) -> str:
    """A path or a part of one as text that UTF-8 can hold and a terminal can print on one line.

    raw: as `os` gives it, with surrogate escapes for bytes that are no UTF-8. A part of the path that is no UTF-8 is
    read as Windows-1252, the usual encoding of old archives and shares from the West.
    """
    decoded = raw if raw.isascii() else unicodedata.normalize("NFC", "/".join(map(_decoded, raw.split("/"))))
    if decoded.isprintable():
        return decoded
    return "".join(char if char.isprintable() or char in _JOINERS else _spelled_out(char) for char in decoded)


def clean_name(raw: str) -> str | None:
    """A name as folders and lists hold it -> as it is shown: Heidi_Range -> Heidi Range. None when nothing is left.

    At most MAX_NAME characters. Zero-width joiners stay where they join, so that emoji and Persian come out whole.
    """
    return printable_name(raw.replace("_", " "))


def printable_name(raw: str) -> str | None:
    """Likewise for a name that was cleaned once and has passed through other hands since."""
    if raw.isascii() and raw.isprintable():
        return " ".join(raw.split())[:MAX_NAME].rstrip() or None
    # Cut first: a stranger's name of a megabyte is not walked through; four characters may compose to one.
    composed = unicodedata.normalize("NFC", _decoded(raw[: 4 * MAX_NAME]))
    words = "".join(_kept(char) for char in composed).split()
    joined = (word.strip("\u200c\u200d") for word in words)
    name = _few_marks(" ".join(word for word in joined if word))[:MAX_NAME]
    return name.rstrip(" \u200c\u200d") or None


def composed_form(text: str) -> str:
    """NFC, by which numbers and folder names are compared."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def counted(count: int, one: str, many: str) -> str:
    """1 person, 2 people, 9,324 people."""
    return f"{count:,} {one if count == 1 else many}"


def _decoded(part: str) -> str:
    """Undo surrogate escapes: UTF-8 where it is, otherwise Windows-1252, whose five empty places are Latin-1."""
    try:
        part.encode()
    except UnicodeEncodeError:
        pass
    else:
        return part
    try:
        data = os.fsencode(part)
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return part.encode("utf-8", "replace").decode()
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _kept(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    category = unicodedata.category(char)
    # Letters and emoji younger than this Python's tables count as unassigned; the last two of each plane never are.
    if category == "Cn" and ord(char) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(char) <= 0xFDEF:
        return char
    if category == "Cf" and char not in _DIRECTIONS:
        return ""  # soft hyphens, byte order marks: between the letters of one word
    return " "


def _few_marks(text: str) -> str:
    """At most MAX_MARKS combining marks in a row: more only paint over the lines above and below."""
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def _spelled_out(char: str) -> str:
    return char.encode("unicode_escape").decode()
