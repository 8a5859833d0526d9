"""How many photos one person may send, wherever it is counted: in this process, or for all replicas in one place."""

from __future__ import annotations

from typing import Protocol

from lookalike.serving.rate_limit import RateLimit, Verdict


class Rates(Protocol):
    """A bucket of tokens a person. `wait_s` says what the last `ask` for this person found."""

    async def ask(self, person: int) -> Verdict:
        """Take one token, or say why not."""
        ...

    def wait_s(self, person: int) -> float:
        """Seconds until one more photo may come."""
        ...


class RatesHere:
    """Counted in this process."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit

    async def ask(self, person: int) -> Verdict:
        return self._limit.ask(person)

    def wait_s(self, person: int) -> float:
        return self._limit.wait_s(person)
