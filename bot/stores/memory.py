"""Conversations in memory, with expiry. aiogram's MemoryStorage keeps a record of everybody who ever wrote."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, StateType, StorageKey


@dataclass
class _Record:
    expires: float
    state: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


class ExpiringStorage(BaseStorage):
    """A record lives `ttl_s` after it was last written; reading writes nothing; at most `size` records."""

    def __init__(self, *, ttl_s: float, size: int = 100_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._ttl_s = ttl_s
        self._size = size
        self._clock = clock
        self._records: OrderedDict[StorageKey, _Record] = OrderedDict()  # the one that expires first is at the front

    @property
    def held(self) -> int:
        """Records not yet expired. No `__len__`: an empty store would be false, and aiogram takes its own for that."""
        self._drop_expired()
        return len(self._records)

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        value = state.state if isinstance(state, State) else state
        record = self._live(key)
        self._write(key, state=value, data=record.data if record else {})

    async def get_state(self, key: StorageKey) -> str | None:
        record = self._live(key)
        return record.state if record else None

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        record = self._live(key)
        self._write(key, state=record.state if record else None, data=dict(data))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        record = self._live(key)
        return dict(record.data) if record else {}

    async def close(self) -> None:
        """Nothing to close."""

    def _live(self, key: StorageKey) -> _Record | None:
        self._drop_expired()
        return self._records.get(key)

    def _write(self, key: StorageKey, *, state: str | None, data: dict[str, Any]) -> None:
        self._records.pop(key, None)
        if state is None and not data:
            return
        self._records[key] = _Record(expires=self._clock() + self._ttl_s, state=state, data=data)
        while len(self._records) > self._size:
            self._records.popitem(last=False)

    def _drop_expired(self) -> None:
        now = self._clock()
        while self._records:
            key, record = next(iter(self._records.items()))
            if record.expires > now:
                return
            del self._records[key]
