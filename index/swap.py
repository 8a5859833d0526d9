"""Put a finished folder in the place of another in one step, so that a reader finds the old one or the new one."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2  # linux/fs.h


def swap_folders(new: Path, target: Path) -> None:
    """Make `new` the folder at `target`. Afterwards `new` holds what was there before, or nothing.

    new, target: on one file system. Where the system can't exchange two folders at once (Linux can), the old one is
    moved aside first, and for that moment there is none.
    """
    if not target.exists():
        new.rename(target)
        return
    if _exchange(new, target):
        return
    aside = new.with_name(f"{new.name}.old")
    target.rename(aside)
    new.rename(target)
    aside.rename(new)


def _exchange(a: Path, b: Path) -> bool:
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # no such call in this C library
        return False
    if renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}:  # the file system can't
        return False
    raise OSError(number, os.strerror(number), str(b))
