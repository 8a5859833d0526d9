"""Reads the photos that a command was given: files, or one from standard input. Problems are sentences."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from lookalike.cli.console import printable
from lookalike.photo_file import NOT_A_FILE, read_photo_file

STDIN: Final = "-"
_STDIN_NAMES: Final = frozenset({STDIN, "/dev/stdin", "/dev/fd/0"})
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class PhotoProblem(Exception):  # noqa: N818 - a value on its way to one line of text
    """A photo that can't be read: `code` for scripts, `message` for people, without the path."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Photos:
    """The photos of one call."""

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._stdin: bytes | None = None

    def read(self, path: str) -> bytes:
        """The bytes of one photo, "-" being standard input. Raises PhotoProblem."""
        if path in _STDIN_NAMES:
            return self._read_stdin()
        if not path:
            raise PhotoProblem("not_found", "the name of this photo is empty; name a file")
        try:
            return read_photo_file(Path(path), max_bytes=self._max_bytes)
        except (FileNotFoundError, ValueError):  # no name may hold a zero byte
            raise PhotoProblem("not_found", _not_found(path)) from None
        except IsADirectoryError:
            folder = printable(path.rstrip("/"))
            raise PhotoProblem("is_a_folder", f"is a folder; name the photos in it, {folder}/*.jpg say") from None
        except OSError as error:
            problem = error.strerror or str(error)
            if problem == NOT_A_FILE:
                problem += f", or send it to standard input: ... {STDIN} < file"
            raise PhotoProblem("unreadable", f"can't be read: {problem}") from None

    def _read_stdin(self) -> bytes:
        if self._stdin is None:
            if sys.stdin is None or sys.stdin.isatty():
                raise PhotoProblem("unreadable", "nothing comes in on standard input; send a photo: ... - < me.jpg")
            try:
                self._stdin = sys.stdin.buffer.read(self._max_bytes + 1)
            except OSError as error:
                raise PhotoProblem("unreadable", f"standard input can't be read: {error.strerror}") from None
        return self._stdin


def shown_path(path: str) -> str:
    """The path as it is printed; standard input by its name."""
    return "standard input" if path == STDIN else printable(path)


def card_stem(path: str) -> str:
    """What the card of this photo is called, without suffix."""
    return "stdin" if path in _STDIN_NAMES else Path(path).stem


def _not_found(path: str) -> str:
    if _URL.match(path):
        return "photos are not fetched from the network; save the photo as a file and name that"
    return "there is no such file"
