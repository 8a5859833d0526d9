"""A bounded memory of small things that expires: which photo an answered message held, say."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """The last `size` things, each for `ttl_s`."""

    def __init__(self, *, ttl_s: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._ttl_s = ttl_s
        self._size = size
        self._clock = clock
        self._things: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._things)

    def put(self, key: K, value: V) -> None:
        self._things.pop(key, None)
        self._things[key] = (self._clock() + self._ttl_s, value)
        now = self._clock()
        while self._things:
            oldest = next(iter(self._things))
            if len(self._things) <= self._size and self._things[oldest][0] > now:
                return
            del self._things[oldest]

    def get(self, key: K) -> V | None:
        found = self._things.get(key)
        return found[1] if found is not None and found[0] > self._clock() else None
