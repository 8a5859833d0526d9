"""Albums arrive as separate messages: collect them, and hand the album to one handler.

Messages of one chat and media group id are gathered until none has come for `quiet_s`, or ten are there, or `longest_s`
has passed since the first. The handler of the first message then runs for all, with `album: tuple[Message, ...]` in its
data, on the message whose caption asks for something of the bot, whichever of the album it is; the others end at once.
Nothing is kept after that, on any path.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware, Bot
from aiogram.types import Message, TelegramObject

from bot.answering.ordering import let_next_in
from bot.filters import asked_in_caption
from bot.serving.held import current_update
from bot.telegram.limits import MAX_ALBUM


class _Gathering:
    def __init__(self) -> None:
        self.messages: dict[int, Message] = {}
        self.came = asyncio.Event()
        self.lead = current_update.get()

    def add(self, message: Message) -> None:
        self.messages[message.message_id] = message
        self.came.set()

    async def complete(self, *, quiet_s: float, longest_s: float) -> tuple[Message, ...]:
        loop = asyncio.get_running_loop()
        end = loop.time() + longest_s
        while len(self.messages) < MAX_ALBUM:
            self.came.clear()
            try:
                await asyncio.wait_for(self.came.wait(), min(quiet_s, end - loop.time()))
            except TimeoutError:
                break
        return tuple(self.messages[number] for number in sorted(self.messages))


class Albums(BaseMiddleware):
    """An outer middleware of messages."""

    def __init__(self, *, quiet_s: float = 0.5, longest_s: float = 5.0) -> None:
        self._quiet_s = quiet_s
        self._longest_s = longest_s
        self._gatherings: dict[tuple[int, str], _Gathering] = {}

    def __len__(self) -> int:
        return len(self._gatherings)

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if not isinstance(event, Message) or event.media_group_id is None:
            return await handler(event, data)
        key = event.chat.id, event.media_group_id
        gathering = self._gatherings.get(key)
        if gathering is not None:
            gathering.add(event)
            if gathering.lead is not None and (member := current_update.get()) is not None:
                gathering.lead.adopt(member)  # not settled before the album is answered
            return None
        gathering = self._gatherings[key] = _Gathering()
        gathering.add(event)
        let_next_in()  # the others of the album are this person's next updates
        try:
            album = await gathering.complete(quiet_s=self._quiet_s, longest_s=self._longest_s)
        finally:
            del self._gatherings[key]
        lead = await _lead(album, data.get("bot"))
        if "state" in data:  # what was read before the wait may have changed
            data["raw_state"] = await data["state"].get_state()
        return await handler(lead, data | {"album": album})


async def _lead(album: tuple[Message, ...], bot: Bot | None) -> Message:
    """The message that speaks for its album: whose caption is a request, else a command, else the first caption."""
    captioned = [message for message in album if message.caption]
    for message in captioned:
        if bot is not None and await asked_in_caption(message, bot) is not None:
            return message
    commands = (message for message in captioned if (message.caption or "").startswith("/"))
    return next(commands, captioned[0] if captioned else album[0])
