"""The line in front of the networks: bounded, fair by chat, in order within a chat. Knows no Telegram.

A ticket is taken the moment a photo arrives and its turn comes when its chat has no earlier ticket at work and a slot
is free. Chats take turns, so that one heavy user can't starve the rest: a chat's n-th ticket belongs to the n-th round
after the one being served, and rounds are served one after the other (fair queueing with equal costs).

A turn covers download, networks, card and upload, so that answers within a chat keep the order of their photos. A turn
that waits for somebody else (a flood wait, a download that stalls) steps aside: it keeps its chat's turn and lends its
slot to the others. At most `most_aside` may, since each holds a photo or a card in memory.
"""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from lookalike.serving.awake import awake_for

PATIENCE_S: Final = 0.5  # a turn that waits for somebody else for longer lends its slot
MOST_ASIDE: Final = 24


class QueueFull(Exception):  # noqa: N818 - named for what it is
    """As many wait as may wait."""


class WaitedTooLong(Exception):  # noqa: N818 - named for what it is
    """The turn did not come in time."""


class Stopping(Exception):  # noqa: N818 - named for what it is
    """The bot stops; this can't be finished."""


class Ticket:
    """One place in the line: `await turn()`, then work, then leave by the end of the `with`."""

    def __init__(self, queue: FairQueue, chat: int, *, order: tuple[int, int]) -> None:
        self.chat = chat
        self.order = order  # (round, arrival): the smallest is served first
        self.come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.back: asyncio.Future[None] | None = None  # while it stands aside and wants a slot again
        self._queue = queue

    @property
    def patience_s(self) -> float:
        """How long work may wait for somebody else before it steps aside."""
        return self._queue.patience_s

    @property
    def number(self) -> int:
        """How many turns until this one's, itself included; 0 once it has come."""
        return self._queue.position(self)

    async def turn(self, *, notice_s: float | None = None, limit_s: float | None = None) -> bool:
        """Wait for the turn. False when `notice_s` passed first (call again to go on waiting).

        Raises WaitedTooLong after `limit_s`, Stopping when the queue stops.
        """
        waits = [value for value in (notice_s, limit_s) if value is not None]
        done, _ = await asyncio.wait([self.come], timeout=min(waits, default=None))
        if done:
            self.come.result()
            return True
        if limit_s is not None and (notice_s is None or limit_s <= notice_s):
            raise WaitedTooLong
        return False

    def step_aside(self) -> bool:
        """Lend the slot to others and keep the chat's turn. False when too many stand aside already."""
        return self._queue.step_aside(self)

    async def come_back(self) -> None:
        """Wait for a slot again, before work that needs one. At once for a ticket that did not step aside."""
        await self._queue.come_back(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._queue.leave(self)


class FairQueue:
    """Tickets by chat; `slots` of them at work, at most `length` waiting and `most_aside` standing aside."""

    def __init__(
        self, *, slots: int, length: int, most_aside: int = MOST_ASIDE, patience_s: float = PATIENCE_S
    ) -> None:
        self.patience_s = patience_s
        self._most_aside = most_aside
        self._aside: set[Ticket] = set()
        self._slots = slots
        self._length = length
        self._waiting: list[Ticket] = []  # by order
        self._last_round: dict[int, int] = {}  # of the chats that have a ticket
        self._round = 0  # being served
        self._arrivals = 0
        self._at_work: dict[int, Ticket] = {}  # whose turn has come, by chat; those that stand aside are among them
        self._stopped = False
        self._stop = asyncio.Event()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def at_work(self) -> int:
        """Slots in use."""
        return len(self._at_work) - len(self._aside)

    @property
    def aside(self) -> int:
        return len(self._aside)

    def enter(self, chat: int) -> Ticket:
        """Take a place for this chat. Raises QueueFull or Stopping. Nothing is awaited, so places keep their order."""
        if self._stopped:
            raise Stopping
        if self.waiting >= self._length:
            raise QueueFull
        own = max(self._round, self._last_round.get(chat, -1) + 1)
        self._last_round[chat] = own
        self._arrivals += 1
        ticket = Ticket(self, chat, order=(own, self._arrivals))
        bisect.insort(self._waiting, ticket, key=_order)
        self._advance()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give the place back, from work or from the line. Leaving twice does nothing."""
        if self._at_work.get(ticket.chat) is ticket:
            del self._at_work[ticket.chat]
            self._aside.discard(ticket)
        elif ticket in self._waiting:
            self._waiting.remove(ticket)
        if ticket.chat not in self._at_work and all(waiting.chat != ticket.chat for waiting in self._waiting):
            self._last_round.pop(ticket.chat, None)
        self._advance()

    def step_aside(self, ticket: Ticket) -> bool:
        """Lend this ticket's slot. True when it holds none; False when too many stand aside."""
        if self._at_work.get(ticket.chat) is not ticket or ticket in self._aside:
            return True
        if len(self._aside) >= self._most_aside:
            return False
        self._aside.add(ticket)
        self._advance()
        return True

    async def come_back(self, ticket: Ticket) -> None:
        """Wait for a slot; those that come back go before those that begin. Raises Stopping when the queue stops."""
        if ticket not in self._aside:
            return
        if self._stopped:
            raise Stopping
        ticket.back = asyncio.get_running_loop().create_future()
        self._advance()
        try:
            await ticket.back
        finally:
            ticket.back = None

    def position(self, ticket: Ticket) -> int:
        """1 for the next turn, 0 when it has come; those who come later may still go first in an earlier round."""
        return self._waiting.index(ticket) + 1 if ticket in self._waiting else 0

    def stop(self) -> None:
        """Call off everything that waits or is at work: each `turn` and each `working` raises Stopping."""
        self._stopped = True
        self._stop.set()
        for ticket in self._waiting:
            ticket.come.set_exception(Stopping())
            ticket.come.exception()  # whoever waits sees it; nobody waiting is fine too
        self._waiting.clear()

    @contextmanager
    def working(self, *, limit_s: float, ticket: Ticket | None = None) -> Iterator[None]:
        """Work within a time limit: raises TimeoutError after it, Stopping when the queue stops.

        Counted is the time that the process was awake and `ticket` did not stand aside.
        """
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - a coroutine always runs in a task
            raise RuntimeError("working() needs a running task")
        loop = asyncio.get_running_loop()
        reason: list[type[Exception]] = []
        over = False

        def end(why: type[Exception]) -> None:
            if not reason and not over:  # a call that was under way when the work ended must not cancel what follows
                reason.append(why)
                task.cancel()

        timer = loop.create_task(awake_for(limit_s, counts=lambda: ticket not in self._aside))
        timer.add_done_callback(lambda done: None if done.cancelled() else end(TimeoutError))
        watcher = loop.create_task(self._stop.wait())
        watcher.add_done_callback(lambda done: None if done.cancelled() else end(Stopping))
        try:
            yield
        except asyncio.CancelledError:
            if reason and task.uncancel() == 0:
                raise reason[0] from None
            raise
        finally:
            over = True
            timer.cancel()
            watcher.cancel()

    def _advance(self) -> None:
        """Give free slots to those that come back, then to the first in line whose chats have nothing at work."""
        while self.at_work < self._slots:
            back = min((t for t in self._aside if t.back is not None and not t.back.done()), key=_order, default=None)
            if back is not None and back.back is not None:
                self._aside.discard(back)
                back.back.set_result(None)
                continue
            ticket = next((waiting for waiting in self._waiting if waiting.chat not in self._at_work), None)
            if ticket is None:
                return
            self._waiting.remove(ticket)
            self._at_work[ticket.chat] = ticket
            self._round = max(self._round, ticket.order[0])
            ticket.come.set_result(None)


def _order(ticket: Ticket) -> tuple[int, int]:
    return ticket.order
