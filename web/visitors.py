"""Who a request counts for, and how much one visitor may ask: rates, and requests held at the same time.

Addresses are kept only in buckets that are not full, in memory, and are never logged.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from lookalike.serving.rate_limit import RateLimit, Verdict
from web.refusals import Refused

FRAME_BYTES: Final = 200_000  # a frame of 640 px as the page sends it has some 50 kB
FRAMES_BURST: Final = 60
IPV6_HOST_BITS: Final = 64  # whoever has one address there has all of a /64


def visitor(host: str | None) -> int:
    """A number for a client's address: an IPv4 address or an IPv6 network. Anything else counts together, as 0."""
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return 0
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return int(address.ipv4_mapped)
        return int(address) >> IPV6_HOST_BITS
    return int(address)


class Visitors:
    """Limits by visitor."""

    def __init__(self, *, burst: int, per_minute: float, frames_per_minute: float, held: int) -> None:
        self._photos = RateLimit(burst=burst, per_minute=per_minute)
        self._frames = RateLimit(burst=FRAMES_BURST, per_minute=frames_per_minute)
        self._most_held = held
        self._held: Counter[int] = Counter()

    def ask(self, who: int, *, size_bytes: int | None) -> None:
        """Count one more photo, or frame where it is as small as one. Raises Refused when it is one too many."""
        limit = self._frames if size_bytes is not None and size_bytes <= FRAME_BYTES else self._photos
        if limit.ask(who) is not Verdict.GO:
            raise Refused("too_many_photos", retry_after_s=limit.wait_s(who))

    @contextmanager
    def held(self, who: int) -> Iterator[None]:
        """Hold one more request meanwhile. Raises Refused when as many are held as may be."""
        if self._held[who] >= self._most_held:
            raise Refused("too_many_photos", retry_after_s=1.0)
        self._held[who] += 1
        try:
            yield
        finally:
            self._held[who] -= 1
            if not self._held[who]:
                del self._held[who]
