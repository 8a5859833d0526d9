"""Chats that are still owed a word are told as soon as Telegram lets the bot speak there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import ReplyParameters
from aiogram.utils.i18n import I18n

from bot.answering.background import Background
from bot.serving.journal import MOST_MESSAGES, MOST_OWED, Debt, Journal
from bot.telegram.retry import believed_s

FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 300.0
LONGEST_FLOOD_S: Final = 3600.0
TRIES: Final = 60

log = structlog.get_logger(__name__)


class Owed:
    """Remembers chats without their photos; a chat is forgotten when it was told, or can't be."""

    def __init__(
        self, journal: Journal, i18n: I18n, background: Background, *, told: Callable[[int], None] = lambda _chat: None
    ) -> None:
        self._journal = journal
        self._i18n = i18n
        self._background = background
        self._told = told  # called with a chat that was told, or can't be
        self._telling: set[int] = set()
        self._bot: Bot | None = None

    def __len__(self) -> int:
        return len(self._journal.debts)

    async def open(self, bot: Bot) -> dict[int, str]:
        """Tell the chats that an earlier process still owed a word. Returns the updates it had done, id to stamp."""
        self._bot = bot
        done = await self._journal.open(bot.id)
        for debt in list(self._journal.debts.values()):
            self._start(debt)
        return done

    def remember(
        self, chat: int, message: int | None, *, language: str, thread: int | None, comes_again: bool = False
    ) -> None:
        """A message of this chat was not answered yet and must not be forgotten.

        comes_again: Telegram will send it again when this process is killed, so that nothing has to outlive it.
        """
        debts = self._journal.debts
        debt = debts.get(chat)
        if debt is None:
            debt = debts[chat] = Debt(chat, language, thread, comes_again=comes_again)
            if len(debts) > MOST_OWED:
                debts.popitem(last=False)
        debt.comes_again = debt.comes_again and comes_again
        if message is not None and message not in debt.messages and len(debt.messages) < MOST_MESSAGES:
            debt.messages.append(message)
        self._journal.changed()

    def answered(self, chat: int, message: int | None) -> None:
        """It was answered after all."""
        debt = self._journal.debts.get(chat)
        if debt is None or debt.due:
            return
        if message in debt.messages:
            debt.messages.remove(message)
        if not debt.messages:
            del self._journal.debts[chat]
        self._journal.changed()

    def tell(self, chat: int) -> None:
        """Nobody works on it any more: say so to the chat."""
        debt = self._journal.debts.get(chat)
        if debt is not None:
            self._start(debt)

    def _start(self, debt: Debt) -> None:
        debt.due = True
        if self._bot is not None and debt.chat not in self._telling:
            self._telling.add(debt.chat)
            self._background.start(self._tell(self._bot, debt), name="tell an owed chat")

    async def _tell(self, bot: Bot, debt: Debt) -> None:
        try:
            for attempt in range(TRIES):
                pause_s = min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S)
                try:
                    await self._say(bot, debt)
                except (TelegramForbiddenError, TelegramBadRequest) as error:
                    log.info("a chat can't be told", why=type(error).__name__)
                    break
                except TelegramRetryAfter as error:
                    pause_s = believed_s(error.retry_after, longest_s=LONGEST_FLOOD_S)
                except AiogramError as error:
                    log.warning("a chat is still not told", error=type(error).__name__)
                else:
                    break
                await asyncio.sleep(pause_s)
            self._journal.debts.pop(debt.chat, None)
            self._journal.changed()
            self._told(debt.chat)
        finally:
            self._telling.discard(debt.chat)

    async def _say(self, bot: Bot, debt: Debt) -> None:
        number = max(1, len(debt.messages))
        ngettext: Callable[..., str] = self._i18n.gettext  # so named that its texts are found
        text = ngettext(
            "Telegram kept me from answering your last message in time. Please send it again.",
            "Telegram kept me from answering {number} of your messages in time. Please send them again.",
            number,
            locale=debt.language,
        ).format(number=number)
        reply = ReplyParameters(message_id=debt.messages[0], allow_sending_without_reply=True)
        await bot.send_message(
            debt.chat, text, message_thread_id=debt.thread, reply_parameters=reply if debt.messages else None
        )
