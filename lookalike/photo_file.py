"""Reads a photo's file. A pipe, a device or a video of ten gigabytes is not read to find out that it is no photo."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

NOT_A_FILE: Final = "it is a pipe or a device, not a file; save the photo as a file"


def read_photo_file(path: Path, *, max_bytes: int) -> bytes:
    """The file's bytes, or the first max_bytes + 1 of them: enough for the decoder to say that they are too many.

    Raises OSError; what is no file (a folder, a pipe, a device) is an OSError, too, and never opened.
    """
    _check(path.stat().st_mode, path)
    # Should a pipe have come in its place by now, opening it must not wait for a writer.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:  # noqa: PTH123 - Path.open takes no descriptor
        _check(os.fstat(handle).st_mode, path)
        return file.read(max_bytes + 1)


def _check(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, NOT_A_FILE, str(path))
