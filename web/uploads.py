"""Photos as they come in: raw bodies, read by the stream into memory, under a bound and within a time.

Not by forms: every framework's reader of multipart bodies writes files over 1 MB to disk before a handler runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from starlette.requests import ClientDisconnect, Request

from web.refusals import Refused

RETRY_S: Final = 5.0


class UploadMemory:
    """The memory of all uploads at once, reserved before the first byte is read."""

    def __init__(self, size_bytes: int) -> None:
        self._free = size_bytes

    @property
    def free_bytes(self) -> int:
        return self._free

    @contextmanager
    def taken(self, size_bytes: int) -> Iterator[None]:
        """Reserve so much. Raises Refused when there is not so much left."""
        if size_bytes > self._free:
            raise Refused("busy", retry_after_s=RETRY_S)
        self._free -= size_bytes
        try:
            yield
        finally:
            self._free += size_bytes


def declared_bytes(request: Request, *, limit: int) -> int | None:
    """What Content-Length says, None for a body sent in chunks. Raises Refused where it is beyond the limit."""
    value = request.headers.get("content-length")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()):
        raise Refused("bad_request")
    if int(value) > limit:
        raise _too_large(limit)
    return int(value)


async def read_body(request: Request, *, limit: int, within_s: float) -> bytes:
    """The whole body. Raises Refused where it is too large, too slow or cut off; what is beyond is not read."""
    data = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for part in request.stream():
                data += part
                if len(data) > limit:
                    raise _too_large(limit)
    except TimeoutError as error:
        raise Refused("too_slow") from error
    except ClientDisconnect as error:
        raise Refused("cut_off") from error
    return bytes(data)


def _too_large(limit: int) -> Refused:
    return Refused("too_many_bytes", limit=f"{limit / 1e6:g}")
