"""Keeps a process's memory flat under arrays of many megabytes and pictures of many shapes."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

_TRIM_THRESHOLD: Final = -1  # M_TRIM_THRESHOLD of malloc.h
_MMAP_THRESHOLD: Final = -3  # M_MMAP_THRESHOLD
_ARENA_MAX: Final = -8  # M_ARENA_MAX
_TRIM_BYTES: Final = 4 << 20
_MMAP_BYTES: Final = 8 << 20
_KERNELS: Final = 256  # those of three canvas shapes or so


def keep_heap_steady() -> None:
    """Have blocks of 8 MB and more come from the system and go back there when they are freed; one heap for all.

    Linux with glibc; elsewhere nothing.

    For processes that stay, before threads are started: each would get a heap of its own, which keeps what it once
    took. In the bot one heap is 57 MB less at the start (381 MB against 438, anonymous pages). A process that ends soon
    does better without: three networks that compile in three threads would wait for the one heap a quarter of the
    time. Limits of 1 MB instead of 8 and 4 would be 9 MB less after forty photos, and every photo would ask the system
    for its pages anew.

    glibc begins so, at 128 kB, but moves the limit up with each such block that is freed, to 32 MB; the large
    detector's canvases then land in the heap among what lives long, and after some photos of groups it has grown by
    tens of megabytes. A limit that is set stays. mallopt(3).
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_TRIM_THRESHOLD, _TRIM_BYTES)
        mallopt(_MMAP_THRESHOLD, _MMAP_BYTES)


def keep_few_kernels() -> None:
    """Have oneDNN, which computes for OpenVINO, keep the kernels of the last few canvas shapes instead of all.

    To be called before a network is compiled; a value that the environment gives stays. Without it each new shape of a
    detector's canvas adds 6 MB for good: after 40 photos of 15 shapes 64 MB. A shape that is not kept takes 45 ms of
    processor time more.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(_KERNELS))


def release_free_heap() -> None:
    """Give free memory back to the system that lies among what is used: 10 to 15 MB after networks were compiled.

    15 MB after some photos, too. malloc_trim(3), Linux with glibc; one to three milliseconds.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None  # glibc
    if trim is not None:
        trim(0)
