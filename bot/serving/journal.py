"""What must outlive a killed process, as far as there is a store outside of it: ids, and nothing that anybody sent.

done: updates that are settled though an earlier one is not, so that Telegram will send them again.
owed: chats that were not answered and must be told so, with the ids of the messages; no photo and no file id.

One small record in the conversations' store (Redis, when REDIS_URL is set). Without one nothing of this is written:
after a kill, what stood unconfirmed with Telegram comes again, all of it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from aiogram.fsm.storage.base import BaseStorage, StorageKey

from bot.stores.memory import ExpiringStorage

MOST_DONE: Final = 300
MOST_OWED: Final = 1000
MOST_MESSAGES: Final = 100
GATHER_S: Final = 0.05
FIRST_S: Final = 0.5  # a store that takes longer must not hold a press up

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Debt:
    """A chat that waits for a word of the bot."""

    chat: int
    language: str
    thread: int | None = None
    messages: list[int] = field(default_factory=list)
    due: bool = False  # to be told; before that, somebody is still at work on it
    comes_again: bool = False  # Telegram would send the messages again, so nothing need outlive this process


class Journal:
    """Keeps both lists, and writes them when they changed."""

    def __init__(self, storage: BaseStorage, *, replica: str = "") -> None:
        """replica: name of this process among several over one store; each has a record of its own."""
        self._storage = storage
        self._destiny = f"updates-{replica}" if replica else "updates"
        self._kept = not isinstance(storage, ExpiringStorage)  # whose records end with the process
        self._done: deque[tuple[int, str]] = deque(maxlen=MOST_DONE)
        self.debts: OrderedDict[int, Debt] = OrderedDict()
        self._writing: asyncio.Task[None] | None = None
        self._changed = False
        self._bot_id = 0

    async def open(self, bot_id: int) -> dict[int, str]:
        """Read what an earlier process left: its debts are due now. Returns the updates that are done, id to stamp."""
        self._bot_id = bot_id
        if not self._kept:
            return {}
        try:
            data = await self._storage.get_data(self._key())
            self._done.extend((int(update_id), str(stamp)) for update_id, stamp in data.get("done", ()))
            for chat, language, thread, messages in data.get("owed", ()):
                self.debts[int(chat)] = Debt(
                    int(chat), str(language), thread, [int(message) for message in messages], due=True
                )
        except (TypeError, ValueError, AttributeError) as error:
            log.warning("the record of an earlier run can't be read", error=type(error).__name__)
        return dict(self._done)

    def done(self, update_id: int, stamp: str) -> None:
        """Note an update that need not be handled again."""
        self._done.append((update_id, stamp))
        self.changed()

    async def done_first(self, update_id: int, stamp: str) -> None:
        """The same, written before it returns: for what must rather be lost than done twice."""
        if self._kept:
            self._done.append((update_id, stamp))
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_S):
                    await self._write()

    def forget_done(self) -> None:
        """At the end of a process that left nothing unsettled: nothing of it comes again."""
        self._done.clear()
        self.changed()

    def changed(self) -> None:
        """Write soon."""
        self._changed = True
        if self._kept and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        if self._writing is not None:
            await asyncio.wait({self._writing})

    async def _write_soon(self) -> None:
        while self._changed:
            await asyncio.sleep(GATHER_S)
            await self._write()

    async def _write(self) -> None:
        self._changed = False
        owed = [
            [debt.chat, debt.language, debt.thread, debt.messages]
            for debt in self.debts.values()
            if not debt.comes_again
        ]
        record: dict[str, Any] = {"done": [list(one) for one in self._done], "owed": owed}
        await self._storage.set_data(self._key(), record)

    def _key(self) -> StorageKey:
        return StorageKey(bot_id=self._bot_id, chat_id=0, user_id=0, destiny=self._destiny)
