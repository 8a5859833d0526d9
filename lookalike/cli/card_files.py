"""Writes cards without ever taking the place of anything else.

A card carries a mark with the SHA-256 of its own bytes. A file is replaced only when that mark is whole, so it was made
here and not changed since, and when it is none of the photos that were given. Everything else, whatever its name,
keeps its place, and the card gets another name. No names are taken for proof.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import struct
import zlib
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Final

_MARK: Final = b"Lookalike card, sha256 of the rest: "
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
_COMMENT: Final = b"\xff\xfe"  # JPEG's COM segment
_IHDR_END: Final = 33  # signature and IHDR chunk of a PNG
_DIGITS: Final = 64  # of a SHA-256 in hexadecimal
_LARGEST_CARD: Final = 50_000_000  # bytes; nothing larger is looked at
_LONGEST_STEM: Final = 180  # bytes of a name before its number and suffix; file systems take 255
# File systems without hard links, network shares and archives among them, answer with one of these.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})


class PlaceTaken(OSError):  # noqa: N818 - named for what it is
    """There is a file already, and it is no card that was made here, or one of the photos given."""

    def __init__(self, path: Path) -> None:
        problem = "there is another file of this name, which is left as it is; name a new one"
        super().__init__(errno.EEXIST, problem, str(path))


class CardFiles:
    """Writes the cards of one call of the program."""

    def __init__(self, inputs: Iterable[Path]) -> None:
        """inputs: the photos that were given; none of them is replaced, under whatever name it is reached."""
        self._kept = {place for path in inputs if (place := _identity(path)) is not None}
        self._written: set[Path] = set()

    def write(self, path: Path, data: bytes) -> None:
        """Write one card at `path`. Raises PlaceTaken, OSError; then nothing is there that was not before."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._put(path, marked(data))
        self._written.add(path)
        if (place := _identity(path)) is not None:  # A.jpg and a.jpg are one file on some file systems
            self._kept.add(place)

    def names(self, folder: Path, stem: str, numbers: Sequence[int], *, suffix: str) -> list[Path]:
        """A path for each face's number, for the photo alone without numbers, that `write` will take.

        `me.jpg`, or `me-1.jpg` and so on; `me-lookalike.jpg` beside another file of that name; `me (2).jpg` for the
        second photo of that name. Raises OSError.
        """
        stem = os.fsdecode(os.fsencode(stem)[:_LONGEST_STEM]) or "card"
        for copy in count(1):
            copied = stem if copy == 1 else f"{stem} ({copy})"
            for base in (copied, f"{copied}-lookalike"):
                names = [f"{base}-{number}" for number in numbers] or [base]
                paths = [folder / f"{name}{suffix}" for name in names]
                if any(path in self._written for path in paths):
                    break  # another photo of this call: the next number
                if all(self._is_free(path) for path in paths):
                    return paths
        raise AssertionError  # count() never ends

    def _is_free(self, path: Path) -> bool:
        """Whether nothing is there, or a card that was made here and is none of the photos."""
        try:
            found = path.lstat()
        except FileNotFoundError:
            return True
        if path in self._written or not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_CARD:
            return False
        return (found.st_dev, found.st_ino) not in self._kept and is_card(path.read_bytes())

    def _put(self, path: Path, data: bytes) -> None:
        part = path.with_name(f".lookalike-{token_hex(8)}.part")
        try:
            _write_new(part, data)
            if not os.path.lexists(path):
                if _linked(part, path):
                    return
            elif not self._is_free(path):
                raise PlaceTaken(path)
            else:
                part.replace(path)  # the name alone is given away: what other names lead to stays
                return
            try:
                _write_new(path, data)
            except FileExistsError:
                raise PlaceTaken(path) from None
        finally:
            part.unlink(missing_ok=True)


def marked(card: bytes) -> bytes:
    """Put the mark into a JPEG or PNG."""
    at = _mark_place(card)
    text = _MARK + hashlib.sha256(card).hexdigest().encode()
    return card[:at] + _segment(card, text) + card[at:]


def is_card(data: bytes) -> bool:
    """Whether these bytes are a card as `marked` made it, every byte of it."""
    at = _mark_place(data)
    text = data[data.find(_MARK, at, at + 64) :][: len(_MARK) + _DIGITS]
    segment = _segment(data, text)
    if not text.startswith(_MARK) or data[at : at + len(segment)] != segment:
        return False
    rest = data[:at] + data[at + len(segment) :]
    return text == _MARK + hashlib.sha256(rest).hexdigest().encode()


def _mark_place(data: bytes) -> int:
    """Where the mark stands: after a PNG's header chunk, after a JPEG's JFIF segment."""
    if data.startswith(_PNG):
        return _IHDR_END
    if data[2:4] == b"\xff\xe0":
        return 4 + int.from_bytes(data[4:6], "big")
    return len(_JPEG)


def _segment(data: bytes, text: bytes) -> bytes:
    if data.startswith(_PNG):
        chunk = b"tEXt" + b"Comment\0" + text
        return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return _COMMENT + struct.pack(">H", len(text) + 2) + text


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file apart from others, whatever its names and their letters' case."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that must not be there yet; none is left when that fails."""
    with path.open("xb") as file:
        try:
            file.write(data)
            file.flush()
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _linked(part: Path, path: Path) -> bool:
    """Give a file a second name that nothing has; False where the file system knows no such thing."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise PlaceTaken(path) from None
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    return True
