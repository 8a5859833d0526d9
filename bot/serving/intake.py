"""Where updates come in, by polling or webhook alike: each once, so many at a time, and all of them ended on stop."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import Update

from lookalike.serving.fair_queue import FairQueue
from lookalike.serving.metrics import Stats

REMEMBERED_UPDATES: Final = 10_000
LAST_WORDS_S: Final = 5.0  # for the sentences to those whose photo can't be finished

log = structlog.get_logger(__name__)


class Intake:
    """Owns the task of every update. aiogram's own polling and webhook leave theirs running when they stop."""

    def __init__(self, dispatcher: Dispatcher, queue: FairQueue, stats: Stats, *, at_once: int) -> None:
        self._dispatcher = dispatcher
        self._queue = queue
        self._stats = stats
        self._places = asyncio.Semaphore(at_once)
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen: OrderedDict[int, None] = OrderedDict()
        self.open = True

    @property
    def in_flight(self) -> int:
        return len(self._tasks)

    @property
    def full(self) -> bool:
        return self._places.locked()

    async def take(self, bot: Bot, update: Update) -> bool:
        """Start on an update, waiting for a place. False when it was taken before."""
        await self._places.acquire()  # first: a caller that gives up waiting must not leave its update as seen
        if update.update_id in self._seen:
            self._places.release()
            log.info("update came again", update_id=update.update_id)
            return False
        self._seen[update.update_id] = None
        while len(self._seen) > REMEMBERED_UPDATES:
            self._seen.popitem(last=False)
        task = asyncio.create_task(self._handle(bot, update), name=f"update {update.update_id}")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return True

    async def _handle(self, bot: Bot, update: Update) -> None:
        self._stats.updates[next(iter(update.model_fields_set - {"update_id"}), "unknown")] += 1
        with structlog.contextvars.bound_contextvars(update_id=update.update_id):
            try:
                await self._dispatcher.feed_update(bot, update)
            except Exception:
                # The error router has had its chance; what arrives here is our own mistake or Telegram's silence.
                log.exception("an update could not be handled")

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._places.release()

    async def drain(self, *, deadline_s: float) -> None:
        """Finish what was taken. At the deadline, what waits or is at work is called off and says so to its person."""
        self.open = False
        if await self._ended(deadline_s):
            return
        log.warning("deadline passed, calling off", in_flight=self.in_flight)
        self._queue.stop()
        if await self._ended(LAST_WORDS_S):
            return
        log.error("cancelling", in_flight=self.in_flight)
        for task in self._tasks:
            task.cancel()
        await self._ended(1.0)

    async def _ended(self, within_s: float) -> bool:
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within_s)
        return not self._tasks
