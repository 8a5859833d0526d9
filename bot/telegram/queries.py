"""Presses of buttons: the answer that stops the button's spinner, and presses that are too old to be answered."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import structlog
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery

# Telegram keeps a query open for some seconds; a press that waited longer, while the bot was down say, is refused so.
TOO_LATE: Final = ("query is too old", "query ID is invalid", "QUERY_ID_INVALID")

log = structlog.get_logger(__name__)


async def acknowledge(query: CallbackQuery) -> None:
    """Stop the button's spinner. A query that is too old has none any more, and what was pressed for is done anyway."""
    try:
        await query.answer()
    except TelegramBadRequest as error:
        if not is_too_late(error):
            raise
        log.info("a press came late")


async def alert(query: CallbackQuery, text: str) -> None:
    """Say `text` to whoever pressed, in a window. Where the query is too old for one: as a message, in private chats.

    In groups nothing is said then: an alert was for one person, a message would be for everybody.
    """
    try:
        await query.answer(text, show_alert=True)
    except TelegramBadRequest as error:
        if not is_too_late(error):
            raise
        log.info("a press came late")
        message = query.message  # or what Telegram shows of one that is too old for bots, or deleted
        if message is not None and message.chat.type == ChatType.PRIVATE and query.bot is not None:
            with suppress(TelegramBadRequest):
                await query.bot.send_message(message.chat.id, text)


def is_too_late(error: TelegramBadRequest) -> bool:
    """Whether Telegram refused to take the answer to a query because of the query's age."""
    return any(words in error.message for words in TOO_LATE)
