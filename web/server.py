"""uvicorn around the application: a bounded number of connections, and none that sends its header for ever."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

MOST_CONNECTIONS: Final = 256
HEADER_S: Final = 10.0
KEEP_ALIVE_S: Final = 15
LINGER_S: Final = 1.0  # after an answer that came before the body's end: whoever sends on gets to read it


class TimedProtocol(H11Protocol):
    """uvicorn's own, but a connection whose header does not end in time is closed, and no address is logged."""

    _header_timer: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # its lines hold addresses and query strings; web.guards has its own

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_header()

    def data_received(self, data: bytes) -> None:
        if self._header_timer is None and self._between_requests():  # a further request of a kept connection begins
            self._await_header()
        super().data_received(data)
        if not self._between_requests():
            self._forget_header()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            # What still comes is thrown away meanwhile; closed at once, a sender would see a reset and no answer.
            asyncio.get_running_loop().call_later(LINGER_S, self._end_unread, self.cycle)

    def _end_unread(self, cycle: RequestResponseCycle) -> None:
        if self.cycle is cycle and self.conn.their_state is h11.SEND_BODY:  # else the body has ended meanwhile
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_header()
        super().connection_lost(exc)

    def _between_requests(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first one, whatever uvicorn's own type says
        return cycle is None or cycle.response_complete

    def _await_header(self) -> None:
        self._header_timer = asyncio.get_running_loop().call_later(HEADER_S, self._too_slow)

    def _forget_header(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _too_slow(self) -> None:
        self._header_timer = None
        if self._between_requests():
            self.transport.close()


class _Server(uvicorn.Server):
    """uvicorn's own, but a signal ends the serving and not the process: what was opened is closed after it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def server(app: Any, *, host: str, port: int, proxies: list[str], stop_s: int) -> uvicorn.Server:
    """A server that has not begun. Logs are the application's own."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=TimedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=stop_s,
    )
    return _Server(config)
