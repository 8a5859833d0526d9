"""A private bot: whoever is not on the list gets one polite sentence in private, and silence in groups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Chat, Message, TelegramObject, User
from aiogram.utils.i18n import gettext as _

from bot.answering.notices import NoticesGiven
from bot.telegram.queries import acknowledge


class Access(BaseMiddleware):
    """Lets updates through from the chats and people whose ids are given."""

    def __init__(self, allowed: frozenset[int]) -> None:
        self._allowed = allowed
        self._told = NoticesGiven(size=10_000)

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        chat: Chat | None = data.get("event_chat")
        user: User | None = data.get("event_from_user")
        if (chat and chat.id in self._allowed) or (user and user.id in self._allowed):
            return await handler(event, data)
        if isinstance(event, CallbackQuery):
            await acknowledge(event)
        elif (
            isinstance(event, Message) and event.chat.type == ChatType.PRIVATE and self._told.first_time(event.chat.id)
        ):
            await event.answer(
                _("This is a private bot. Its owner can let you in: your id is {id}.").format(id=event.chat.id)
            )
        return None
