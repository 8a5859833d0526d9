"""How many photos one person may send: a bucket of tokens each, one polite sentence when it is empty. No Telegram."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What the bucket says to one more photo."""

    GO = "go"
    NOTIFY = "notify"  # too many; tell the person, once
    SILENT = "silent"  # too many, and told already


@dataclass
class _Bucket:
    tokens: float
    at: float
    told: bool = False


class RateLimit:
    """`burst` photos in one go, then `per_minute`; buckets that are full again are forgotten."""

    def __init__(self, *, burst: int, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_s = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[int, _Bucket] = OrderedDict()  # least recently asked first

    def __len__(self) -> int:
        return len(self._buckets)

    def ask(self, person: int) -> Verdict:
        """Take one token, or say why not."""
        now = self._clock()
        self._forget_full(now)
        bucket = self._buckets.pop(person, None) or _Bucket(tokens=float(self._burst), at=now)
        self._buckets[person] = bucket
        bucket.tokens = min(float(self._burst), bucket.tokens + (now - bucket.at) * self._per_s)
        bucket.at = now
        if bucket.tokens >= 1.0:
            # NoticesGiven once a flood, not once for every token that comes back in its midst.
            bucket.told = bucket.told and bucket.tokens < self._burst / 2
            bucket.tokens -= 1.0
            return Verdict.GO
        if bucket.told:
            return Verdict.SILENT
        bucket.told = True
        return Verdict.NOTIFY

    def wait_s(self, person: int) -> float:
        """Seconds until one more photo may come."""
        bucket = self._buckets.get(person)
        return 0.0 if bucket is None else max(0.0, (1.0 - bucket.tokens) / self._per_s)

    def _forget_full(self, now: float) -> None:
        while self._buckets:
            person, bucket = next(iter(self._buckets.items()))
            if bucket.tokens + (now - bucket.at) * self._per_s < self._burst:
                return
            del self._buckets[person]
