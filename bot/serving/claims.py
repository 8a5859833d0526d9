"""Which of several replicas works on an update. A bot that runs alone works on all of them."""

from __future__ import annotations

from enum import Enum
from typing import Protocol


class Claim(Enum):
    """What is to be done with an update that came."""

    OURS = "ours"  # to be worked on, or at work here already
    DONE = "done"  # settled by somebody
    ELSEWHERE = "elsewhere"  # at work in another replica that lives


class Claims(Protocol):
    """Asked before an update is taken, told when it is settled."""

    async def open(self, bot_id: int) -> None: ...

    async def take(self, update_id: int, stamp: str, *, done: bool = False) -> Claim:
        """Claim an update. stamp: bot.serving.held.stamp_of. done: it is rather lost than done twice."""
        ...

    async def settled(self, update_id: int, stamp: str) -> None:
        """It need not come again, to nobody."""
        ...

    async def close(self) -> None: ...


class Alone:
    """The only process there is: bot.serving.intake knows what it had before."""

    async def open(self, bot_id: int) -> None:
        """Nothing to open."""

    async def take(self, update_id: int, stamp: str, *, done: bool = False) -> Claim:  # noqa: ARG002 - the protocol's
        return Claim.OURS

    async def settled(self, update_id: int, stamp: str) -> None:
        """Nothing to tell."""

    async def close(self) -> None:
        """Nothing to close."""
