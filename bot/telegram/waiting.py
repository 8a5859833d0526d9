"""Waiting for Telegram must not hold what others need: a slot of the queue, a place among the updates at work.

Whoever holds such a thing says so with `holding`; whoever waits for Telegram (a call, a download, a flood wait) does it
inside `waiting`. What was waited for longer than a holder's patience makes that holder step aside. Holders are found by
the running task's context, so that no call has to hand them on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Protocol


class Holder(Protocol):
    """Holds something that others need."""

    @property
    def patience_s(self) -> float:
        """How long a wait may last before it steps aside."""

    def step_aside(self) -> bool:
        """Let go of it for the time of a wait. False when it can't."""

    async def come_back(self) -> None:
        """Take hold of it again, as far as later work needs it."""


class Deliveries:
    """Which answers of an update did not reach Telegram: the ids of the messages they reply to, None for no reply."""

    def __init__(self) -> None:
        self.failed: set[int | None] = set()


_holders: ContextVar[tuple[Holder, ...]] = ContextVar("holders", default=())
deliveries: ContextVar[Deliveries | None] = ContextVar("deliveries", default=None)


@contextmanager
def holding(holder: Holder) -> Iterator[None]:
    """From here to the end, waits for Telegram make `holder` step aside."""
    token = _holders.set((*_holders.get(), holder))
    try:
        yield
    finally:
        _holders.reset(token)


@contextmanager
def waiting() -> Iterator[None]:
    """Wait for Telegram; each holder steps aside when its patience is over."""
    holders = _holders.get()
    if not holders:
        yield
        return
    loop = asyncio.get_running_loop()
    timers = [loop.call_later(holder.patience_s, holder.step_aside) for holder in holders]
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


def anything_held() -> bool:
    return bool(_holders.get())


def step_aside() -> bool:
    """Before a wait that is known to be long. False when a holder can't: then there is no waiting."""
    could = [holder.step_aside() for holder in _holders.get()]  # all of them, also after one that can't
    return all(could)


async def come_back() -> None:
    """After waiting, before work that needs what was held."""
    for holder in _holders.get():
        await holder.come_back()


def context_of_nobody() -> Context:
    """The running task's context without holders, for work in the background that nobody waits for."""
    context = copy_context()
    context.run(_holders.set, ())
    context.run(deliveries.set, None)
    return context
