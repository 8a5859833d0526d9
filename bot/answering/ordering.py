"""One person's updates in one chat are begun in the order they came: state read and changed by one at a time.

aiogram's SimpleEventIsolation holds its lock until a handler ends and keeps every lock for ever. Here a handler that
has decided what to do and taken its place in the queue lets the next update in (`let_next_in`), so that /cancel does
not wait behind a queue of photos; unused locks are dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from contextvars import ContextVar

from aiogram.fsm.storage.base import BaseEventIsolation, StorageKey

_current: ContextVar[_Turn | None] = ContextVar("turn", default=None)


class _Turn:
    def __init__(self, lines: dict[Hashable, deque[_Turn]], key: Hashable) -> None:
        self._lines = lines
        self._key = key
        self.come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = lines.setdefault(key, deque())
        line.append(self)
        if line[0] is self:
            self.come.set_result(None)

    def end(self) -> None:
        """Let the next one in. Ending twice does nothing."""
        line = self._lines.get(self._key)
        if line is None or self not in line:
            return
        line.remove(self)
        if not line:
            del self._lines[self._key]
        elif not line[0].come.done():
            line[0].come.set_result(None)


def let_next_in() -> None:
    """From a handler: this person's next update may begin."""
    turn = _current.get()
    if turn is not None:
        turn.end()


class OrderedTurns(BaseEventIsolation):
    """A first-come, first-served turn for each person and chat."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, deque[_Turn]] = {}

    @property
    def held(self) -> int:
        """Lines in use. No `__len__`: aiogram drops an isolation that is false, as an empty one would be."""
        return len(self._lines)

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncGenerator[None, None]:
        turn = _Turn(self._lines, key)
        token = _current.set(turn)
        try:
            await turn.come
            yield
        finally:
            turn.end()
            _current.reset(token)

    async def close(self) -> None:
        """Nothing is kept."""
