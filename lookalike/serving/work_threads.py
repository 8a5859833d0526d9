"""The threads in which a Finder works, so that the event loop stays free. Knows no Telegram."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from lookalike.answers import Answer, Comparison
from lookalike.finder import Finder

T = TypeVar("T")


class FinderPool:
    """Runs a Finder in threads. At most `workers` photos are worked on at once; callers wait their turn."""

    def __init__(self, finder: Finder, *, workers: int = 1) -> None:
        self.finder = finder
        self._executor = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="finder")

    async def find(self, data: bytes, *, skip: int = 0, attribute: tuple[str, bool] | None = None) -> Answer:
        """Like Finder.find, off the event loop."""
        return await self._run(partial(self.finder.find, data, skip=skip, attribute=attribute))

    async def compare(self, a: bytes, b: bytes, *, face_a: int | None = None, face_b: int | None = None) -> Comparison:
        """Like Finder.compare, off the event loop."""
        return await self._run(partial(self.finder.compare, a, b, face_a=face_a, face_b=face_b))

    async def call(self, function: partial[T]) -> T:
        """Run other work of an answer (painting a card) in the same threads, behind the same limit."""
        return await self._run(function)

    async def _run(self, function: partial[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)

    def close(self) -> None:
        """Finish what is running, drop what waits."""
        self._executor.shutdown(wait=True, cancel_futures=True)
