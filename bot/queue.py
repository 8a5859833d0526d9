"""The line in front of the networks: bounded, fair by chat, in order within a chat. Knows no Telegram.

A ticket is taken the moment a photo arrives and its turn comes when its chat has no earlier ticket at work and a slot
is free; chats take turns, so that one heavy user can't starve the rest. A turn covers download, networks, card and
upload: memory is bounded by the slots, and answers within a chat keep the order of their photos.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self


class QueueFull(Exception):  # noqa: N818 - named for what it is
    """As many wait as may wait."""


class WaitedTooLong(Exception):  # noqa: N818 - named for what it is
    """The turn did not come in time."""


class Stopping(Exception):  # noqa: N818 - named for what it is
    """The bot stops; this can't be finished."""


class Ticket:
    """One place in the line: `await turn()`, then work, then leave by the end of the `with`."""

    def __init__(self, queue: FairQueue, chat: int) -> None:
        self._queue = queue
        self._chat = chat
        self._turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def number(self) -> int:
        """How many turns until this one's, itself included; 0 once it has come."""
        return self._queue.position(self)

    async def turn(self, *, notice_s: float | None = None, limit_s: float | None = None) -> bool:
        """Wait for the turn. False when `notice_s` passed first (call again to go on waiting).

        Raises WaitedTooLong after `limit_s`, Stopping when the queue stops.
        """
        waits = [value for value in (notice_s, limit_s) if value is not None]
        done, _ = await asyncio.wait([self._turn], timeout=min(waits, default=None))
        if done:
            self._turn.result()
            return True
        if limit_s is not None and (notice_s is None or limit_s <= notice_s):
            raise WaitedTooLong
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._queue.leave(self)


class FairQueue:
    """Tickets by chat; `slots` of them at work, at most `length` waiting."""

    def __init__(self, *, slots: int, length: int) -> None:
        self._slots = slots
        self._length = length
        self._waiting: OrderedDict[int, deque[Ticket]] = OrderedDict()  # the chat at the front is next
        self._at_work: dict[int, Ticket] = {}
        self._stopped = False
        self._stop = asyncio.Event()

    @property
    def waiting(self) -> int:
        return sum(len(tickets) for tickets in self._waiting.values())

    @property
    def at_work(self) -> int:
        return len(self._at_work)

    def enter(self, chat: int) -> Ticket:
        """Take a place for this chat. Raises QueueFull or Stopping. Nothing is awaited, so places keep their order."""
        if self._stopped:
            raise Stopping
        if self.waiting >= self._length:
            raise QueueFull
        ticket = Ticket(self, chat)
        self._waiting.setdefault(chat, deque()).append(ticket)
        self._advance()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give the place back, from work or from the line. Leaving twice does nothing."""
        chat = ticket._chat  # noqa: SLF001 - the queue owns its tickets
        if self._at_work.get(chat) is ticket:
            del self._at_work[chat]
        elif chat in self._waiting and ticket in self._waiting[chat]:
            self._waiting[chat].remove(ticket)
            if not self._waiting[chat]:
                del self._waiting[chat]
        self._advance()

    def position(self, ticket: Ticket) -> int:
        """1 for the next turn. Counted as if all turns took equally long, one chat after the other."""
        chat = ticket._chat  # noqa: SLF001 - the queue owns its tickets
        if chat not in self._waiting or ticket not in self._waiting[chat]:
            return 0
        own_rounds = self._waiting[chat].index(ticket) + (chat in self._at_work)
        ahead = self._waiting[chat].index(ticket)
        before_own_chat = True
        for other, tickets in self._waiting.items():
            if other == chat:
                before_own_chat = False
                continue
            rounds = own_rounds + before_own_chat - (other in self._at_work)
            ahead += min(len(tickets), max(rounds, 0))
        return ahead + 1

    def stop(self) -> None:
        """Call off everything that waits or is at work: each `turn` and each `working` raises Stopping."""
        self._stopped = True
        self._stop.set()
        for tickets in self._waiting.values():
            for ticket in tickets:
                if not ticket._turn.done():  # noqa: SLF001 - the queue owns its tickets
                    ticket._turn.set_exception(Stopping())  # noqa: SLF001
                    ticket._turn.exception()  # noqa: SLF001 - whoever waits sees it; nobody waiting is fine too
        self._waiting.clear()

    @contextmanager
    def working(self, *, limit_s: float) -> Iterator[None]:
        """Work within a time limit: raises TimeoutError after it, Stopping when the queue stops."""
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

        timer = loop.call_later(limit_s, end, TimeoutError)
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
        """Give free slots to the chats at the front that have nothing at work."""
        while len(self._at_work) < self._slots:
            chat = next((chat for chat in self._waiting if chat not in self._at_work), None)
            if chat is None:
                return
            tickets = self._waiting[chat]
            ticket = tickets.popleft()
            if tickets:
                self._waiting.move_to_end(chat)
            else:
                del self._waiting[chat]
            self._at_work[chat] = ticket
            if not ticket._turn.done():  # noqa: SLF001 - the queue owns its tickets
                ticket._turn.set_result(None)  # noqa: SLF001
