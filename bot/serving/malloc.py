"""Ask the C library to give memory back: by default glibc keeps an arena a thread and holds on to what photos took."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
ONE_MB: Final = 1 << 20


def spare_memory() -> bool:
    """One arena, and pieces over a megabyte returned at once (measured: 50 MB of 570 less).

    False where the C library is another one.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        libc = ctypes.CDLL("libc.so.6")
        options = ((M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, ONE_MB), (M_TRIM_THRESHOLD, ONE_MB))
        return all(libc.mallopt(name, value) == 1 for name, value in options)
    except (OSError, AttributeError):
        return False
