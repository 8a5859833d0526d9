"""A bounded memory of small things that expires: which photo an answered message held, say."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import TypeVar

from cachetools import TTLCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(TTLCache[K, V]):
    """The last `size` things, each for `ttl_s`."""

    def __init__(self, *, ttl_s: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(maxsize=size, ttl=ttl_s, timer=clock)

    def put(self, key: K, value: V) -> None:
        """Keep it, for `ttl_s` from now."""
        self[key] = value
