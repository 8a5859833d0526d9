"""The threads in which a Finder works, so that the event loop stays free, behind the decoders. Knows no Telegram.

Threads can't be killed. One that outlives its time, in a network or in the drawing of a card, is given up: another
takes its place, and `hanging` tells of it until it ends by itself.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from lookalike.answers import Answer, Comparison, Unreadable
from lookalike.finder import Finder
from lookalike.serving.decoders import Decoders
from pipeline.errors import BadPhoto
from pipeline.types import DecodedPhoto

T = TypeVar("T")

LIMIT_S: Final = 60.0  # of one piece of work: a group photo's networks take two seconds, a card half of one
MOST_GIVEN_UP: Final = 4  # threads that hang at once; each holds its photo, and more would not help
CLOSE_S: Final = 60.0

log = structlog.get_logger(__name__)


class FinderPool:
    """Runs a Finder in threads. At most `workers` photos are worked on at once; callers wait their turn.

    decoders: where photos become pixels beforehand; None: in the threads, which only trusted photos should.
    """

    def __init__(
        self,
        finder: Finder,
        *,
        workers: int = 1,
        decoders: Decoders | None = None,
        limit_s: float = LIMIT_S,
        threads: WorkThreads | None = None,
    ) -> None:
        self.finder = finder
        self.decoders = decoders
        self._threads = threads or WorkThreads(workers, limit_s=limit_s)

    def over(self, finder: Finder) -> FinderPool:
        """Another finder in the same threads, behind the same decoders; closing either closes both."""
        return FinderPool(finder, decoders=self.decoders, threads=self._threads)

    async def find(self, data: bytes, *, skip: int = 0, attribute: tuple[str, bool] | None = None) -> Answer:
        """Like Finder.find, off the event loop."""
        photo = await self.decoded(data)
        if isinstance(photo, Unreadable):
            return photo
        return await self._threads.run(partial(self.finder.find, photo, skip=skip, attribute=attribute))

    async def compare(self, a: bytes, b: bytes, *, face_a: int | None = None, face_b: int | None = None) -> Comparison:
        """Like Finder.compare, off the event loop."""
        photos = [await self.decoded(data) for data in (a, b)]
        return await self._threads.run(partial(self.finder.compare, *photos, face_a=face_a, face_b=face_b))

    async def decoded(self, data: bytes) -> bytes | DecodedPhoto | Unreadable:
        """The photo as Finder takes it: decoded in a process of its own, or as it came where there are no decoders."""
        if self.decoders is None:
            return data
        try:
            return await self.decoders.decode(data)
        except BadPhoto as error:
            return Unreadable.of(error)

    async def call(self, function: Callable[[], T]) -> T:
        """Run other work of an answer (painting a card) in the same threads, behind the same limit."""
        return await self._threads.run(function)

    @property
    def hanging(self) -> int:
        """Threads that were given up and have not ended."""
        return self._threads.hanging

    @property
    def given_up(self) -> int:
        """Threads that were given up since the start."""
        return self._threads.given_up

    def close(self) -> None:
        """Finish what is running, drop what waits."""
        if self.decoders is not None:
            self.decoders.close()
        self._threads.close()


class WorkThreads:
    """A fixed number of threads at work; those that hang are replaced."""

    def __init__(self, count: int, *, limit_s: float = LIMIT_S) -> None:
        self.given_up = 0
        self._limit_s = limit_s
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._hanging: set[_Job] = set()
        self._threads: set[threading.Thread] = set()
        for _ in range(count):
            self._start()

    @property
    def hanging(self) -> int:
        with self._lock:
            return len(self._hanging)

    async def run(self, function: Callable[[], T]) -> T:
        """Run it in one of the threads when its turn comes. Raises TimeoutError when it overruns `limit_s`.

        Calling this off gives the thread up, too, when it is at work already: whoever waited has waited too long.
        """
        job = _Job(function)
        self._jobs.put(job)
        outcome = asyncio.wrap_future(job.outcome)
        try:
            while not outcome.done():
                await asyncio.wait({outcome}, timeout=min(1.0, self._limit_s / 4))
                if job.started and not outcome.done() and time.monotonic() - job.started > self._limit_s:
                    self._give_up(job)
                    raise TimeoutError
            value: T = outcome.result()
        except asyncio.CancelledError:
            if job.started:
                self._give_up(job)
            raise
        finally:
            outcome.cancel()  # nobody waits for it any more: not begun if it waits still
        return value

    def close(self) -> None:
        """Finish what is running, drop what waits, leave what hangs."""
        while True:
            try:
                dropped = self._jobs.get_nowait()
            except queue.Empty:
                break
            if dropped is not None:
                dropped.outcome.cancel()
        with self._lock:
            threads = tuple(self._threads)
        for _thread in threads:
            self._jobs.put(None)
        for thread in threads:
            thread.join(CLOSE_S)

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="finder", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        """Do one job after the other, until there are no more or this thread was given up over one."""
        while (job := self._jobs.get()) is not None:
            job.thread = threading.current_thread()
            job.run()
            with self._lock:
                if job in self._hanging:
                    self._hanging.remove(job)
                    log.warning("a thread that was given up has ended its work")
                    return
            del job  # a photo is not kept until the next one comes

    def _give_up(self, job: _Job) -> None:
        with self._lock:
            if job.outcome.done() or job.thread is None or job in self._hanging:
                return
            if len(self._hanging) >= MOST_GIVEN_UP:
                log.error("too many threads hang; this one is waited for", hanging=len(self._hanging))
                return
            self.given_up += 1
            self._hanging.add(job)
            self._threads.discard(job.thread)
            self._start()
            log.error("a photo's work hangs; another thread takes its place", hanging=len(self._hanging))


class _Job:
    """One piece of work, and when its thread began it (0: not yet)."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self.outcome: Future[Any] = Future()
        self.started = 0.0
        self.thread: threading.Thread | None = None

    def run(self) -> None:
        """Do it, unless nobody waits any more."""
        if not self.outcome.set_running_or_notify_cancel():
            return
        self.started = time.monotonic()
        try:
            value = self._function()
        except BaseException as error:  # noqa: BLE001 - it belongs to the one who waits
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(value)
