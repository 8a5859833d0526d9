"""From "a request came" to its work done: limits, the upload, the place in the line, the time limits."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import structlog
from starlette.requests import Request

from lookalike.catalogues import Catalogues, spoken
from lookalike.serving.fair_queue import FairQueue, QueueFull, Stopping, WaitedTooLong
from lookalike.serving.metrics import Stats
from lookalike.serving.work_threads import FinderPool
from web.galleries import Galleries
from web.refusals import Refused
from web.uploads import UploadMemory, declared_bytes, read_body
from web.visitors import Visitors, visitor

T = TypeVar("T")

RETRY_S: Final = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """How large and how long."""

    photo_bytes: int
    photo_pixels: int
    upload_s: float
    queue_wait_s: float
    photo_timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Jobs:
    """What the API works with."""

    pool: FinderPool
    galleries: Galleries
    queue: FairQueue
    visitors: Visitors
    memory: UploadMemory
    limits: Limits
    catalogues: Catalogues = field(default_factory=Catalogues)
    stats: Stats = field(default_factory=Stats)

    async def done(
        self, request: Request, work: Callable[[bytes], Awaitable[T]], *, limit_bytes: int | None = None
    ) -> T:
        """Take the request's body, wait for its turn, and return what `work` makes of it. Raises Refused."""
        start = time.monotonic()
        try:
            value = await self._done(request, work, limit_bytes=limit_bytes or self.limits.photo_bytes)
        except Refused as error:
            self.stats.failed[error.code] += 1
            raise
        self.stats.took(time.monotonic() - start)
        return value

    async def _done(self, request: Request, work: Callable[[bytes], Awaitable[T]], *, limit_bytes: int) -> T:
        who = visitor(request.client.host if request.client else None)
        length = declared_bytes(request, limit=limit_bytes)
        self.visitors.ask(who, size_bytes=length)
        with self.visitors.held(who), self.memory.taken(limit_bytes if length is None else length):
            data = await read_body(request, limit=limit_bytes, within_s=self.limits.upload_s)
            try:
                ticket = self.queue.enter(who)
                with ticket:
                    await ticket.turn(limit_s=self.limits.queue_wait_s)
                    with self.queue.working(limit_s=self.limits.photo_timeout_s, ticket=ticket):
                        return await work(data)
            except (QueueFull, WaitedTooLong) as error:
                raise Refused("busy", retry_after_s=RETRY_S) from error
            except Stopping as error:
                raise Refused("stopping", retry_after_s=RETRY_S) from error
            except (TimeoutError, MemoryError) as error:
                log.warning("a photo without an answer", why=type(error).__name__)
                raise Refused("took_too_long", retry_after_s=RETRY_S) from error


def language_of(request: Request) -> str:
    """What is asked for by `language`, else the first of the browser's languages that there is."""
    asked = request.query_params.get("language")
    if asked:
        return spoken(asked)
    preferred = request.headers.get("accept-language", "").split(",")[0]
    return spoken(preferred.partition(";")[0].strip())
