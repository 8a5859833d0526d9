"""The bot's own ports: a bounded number of connections, and none that sends its header for ever.

aiohttp bounds neither. Out of file descriptors, asyncio writes some nine thousand log lines a second.
"""

from __future__ import annotations

import asyncio
import resource
import time
from typing import Any, Final

import structlog
from aiohttp import web

MOST_CONNECTIONS: Final = 256
HEADER_S: Final = 5.0
KEEP_ALIVE_S: Final = 15.0
BODY_STARTS: Final = b"\r\n\r\n"
NO_DESCRIPTORS: Final = "socket.accept() out of system resource"
AGAIN_S: Final = 60.0

log = structlog.get_logger(__name__)


class PortTaken(Exception):  # noqa: N818 - named for what it is
    """An address can't be listened on: a sentence that names it."""


class Port:
    """An aiohttp application that listens for as long as it is entered."""

    def __init__(
        self,
        app: web.Application,
        *,
        host: str,
        port: int,
        most_connections: int = MOST_CONNECTIONS,
        header_s: float = HEADER_S,
    ) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0, keepalive_timeout=KEEP_ALIVE_S)
        self._address = host, port
        self._most = min(most_connections, max(8, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4))
        self._header_s = header_s
        self._open: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_Complaints())
        await self._runner.setup()
        try:
            self._server = await loop.create_server(self._accepted, *self._address, reuse_address=True)
        except OSError as error:
            await self._runner.cleanup()
            host, port = self._address
            raise PortTaken(f"{host}:{port} can't be listened on ({error.strerror or error})") from error

    async def __aexit__(self, *_error: object) -> None:
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def _accepted(self) -> asyncio.Protocol:
        if len(self._open) >= self._most or self._runner.server is None:
            return _Refused()
        return _Connection(self._runner.server(), self._open, header_s=self._header_s)


class _Refused(asyncio.Protocol):
    """One connection more than there may be."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class _Connection(asyncio.Protocol):
    """Hands everything on to aiohttp's own protocol; closes a connection whose first header does not end in time."""

    def __init__(self, handler: asyncio.Protocol, connections: set[_Connection], *, header_s: float) -> None:
        self._handler = handler
        self._connections = connections
        self._header_s = header_s
        self._timer: asyncio.TimerHandle | None = None
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connections.add(self)
        self._timer = asyncio.get_running_loop().call_later(self._header_s, transport.close)
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._timer is not None:
            self._tail = self._tail[-len(BODY_STARTS) + 1 :] + data
            if BODY_STARTS in self._tail:
                self._timer.cancel()
                self._timer = None
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        self._handler.connection_lost(error)


class _Complaints:
    """The event loop's complaints as they come, but that no descriptor is left once a minute."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("message") != NO_DESCRIPTORS:
            loop.default_exception_handler(context)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + AGAIN_S
            log.error("no file descriptor is left for another connection", ports=str(context.get("socket", "")))
