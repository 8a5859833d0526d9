"""Reads a photo's file. A pipe, a device or a video of ten gigabytes is not read to find out that it is no photo."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_photo_file(path: Path, *, max_bytes: int) -> bytes:
    """The file's bytes, or the first max_bytes + 1 of them: enough for the decoder to say that they are too many.

    Raises OSError; what is no file (a folder, a pipe, a device) is an OSError, too, and never opened.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file; save the photo as a file", str(path))
    with path.open("rb") as file:
        return file.read(max_bytes + 1)
