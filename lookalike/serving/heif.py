"""HEIC and AVIF, an extra: decoded in a process of their own, since their decoders have had heap overflows.

The process gets the bytes by its standard input, little memory, little time, no right to write a file, and gives back
a JPEG. Without the extra (pillow-heif) such files are declined with a sentence.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from contextlib import suppress
from functools import cache
from typing import Final

import structlog

BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
TIMEOUT_S: Final = 20.0
MAX_AT_ONCE: Final = 1  # one takes up to 300 MB for a second or two; see bot/answering/photo_job.py

log = structlog.get_logger(__name__)


class HeifFailed(Exception):  # noqa: N818 - named for what it is
    """These bytes could not become a picture within the limits."""


@cache
def heif_is_read() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("pillow_heif") is not None


def is_heif(data: bytes) -> bool:
    """By the file's own first box."""
    return data[4:8] == b"ftyp" and data[8:12] in BRANDS


async def to_jpeg(data: bytes, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """Decode elsewhere. Raises HeifFailed."""
    if not heif_is_read():
        raise HeifFailed
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lookalike.serving.heif_process",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(timeout_s):
            picture, _ = await process.communicate(data)
    except TimeoutError:
        raise HeifFailed from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0 or not picture.startswith(b"\xff\xd8"):
        log.info("a HEIF picture was not read", returncode=process.returncode)
        raise HeifFailed
    return picture
