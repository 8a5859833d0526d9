"""Which file of Telegram's a message holds, for as long as a comparison needs it again.

A file id together with the bot's token is the photo itself. So ids stay in this process's memory, and what is stored
elsewhere (Redis, whose snapshot lies on a disk) is the number of the message alone. Another process, or this one after
a restart, learns the id anew: Telegram returns a message that was sent as a reply together with what it replies to.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest
from aiogram.types import ReplyParameters
from aiogram.utils.i18n import gettext as _

from bot.answering.remembered import Remembered
from bot.telegram.files import PhotoRef, external_photo, photo_of

log = structlog.get_logger(__name__)


class SentPhotos:
    """Photo references by chat and message. ttl_s: how long they are kept in memory."""

    def __init__(self, *, ttl_s: float, size: int = 20_000) -> None:
        self._known: Remembered[tuple[int, int, bool], PhotoRef] = Remembered(ttl_s=ttl_s, size=size)

    def keep(self, chat_id: int, photo: PhotoRef) -> list[int]:
        """Keep a reference in memory. Returns what may be stored to find it: the message, and 1 if it is external."""
        self._known.put((chat_id, photo.message, photo.external), photo)
        return [photo.message, int(photo.external)]

    async def find(self, bot: Bot, chat_id: int, stored: Any) -> PhotoRef | None:
        """The photo that `keep` returned `stored` for, from memory or from Telegram.

        None where the message is gone or holds no photo, and where `stored` is no such thing: a record of another
        version of the bot.
        """
        match stored:
            case [int() as message_id, 0 | 1 as external]:
                known = self._known.get((chat_id, message_id, bool(external)))
                return known or await self._ask(bot, chat_id, message_id, external=bool(external))
            case _:
                return None

    async def _ask(self, bot: Bot, chat_id: int, message_id: int, *, external: bool) -> PhotoRef | None:
        """Send a reply to the message, read what it replies to, and delete it."""
        try:
            sent = await bot.send_message(
                chat_id,
                _("One moment, I am looking at this photo again."),
                reply_parameters=ReplyParameters(message_id=message_id),
                disable_notification=True,
            )
        except TelegramBadRequest as error:
            log.info("a photo of a comparison is gone", why=error.message)
            return None
        with suppress(TelegramAPIError):
            await bot.delete_message(chat_id, sent.message_id)
        replied = sent.reply_to_message
        photo = (external_photo if external else photo_of)(replied) if replied is not None else None
        if photo is None:
            return None
        self.keep(chat_id, photo)
        return photo
