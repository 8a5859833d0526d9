"""One sentence to somebody who sends more than one person may; no place and no slot is held for it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import ReplyParameters, Update
from aiogram.utils.i18n import I18n

from bot.middlewares.language import language_of
from bot.serving.held import Sender

log = structlog.get_logger(__name__)


class Refusal(Enum):
    """Why an update is not begun; the quiet ones were said already."""

    HELD = "held"  # too many of this person or chat are here
    HELD_QUIETLY = "held quietly"
    RATE = "rate"  # too many answers asked for in too short a time
    RATE_QUIETLY = "rate quietly"


async def refuse(bot: Bot, update: Update, sender: Sender, refusal: Refusal, *, wait_s: float, i18n: I18n) -> None:
    """Say it: under the button that was pressed, or as a reply."""
    text = _sentence(refusal, wait_s=wait_s, i18n=i18n, language=language_of(sender.user))
    try:
        if update.callback_query is not None:
            await bot.answer_callback_query(update.callback_query.id, text, show_alert=True)
        elif sender.message is not None:
            reply = ReplyParameters(message_id=sender.message, allow_sending_without_reply=True)
            await bot.send_message(
                sender.chat, text, message_thread_id=sender.thread, reply_parameters=None if sender.private else reply
            )
    except AiogramError as error:
        log.info("a refusal was not said", error=type(error).__name__)


def _sentence(refusal: Refusal, *, wait_s: float, i18n: I18n, language: str) -> str:
    translate: Callable[..., str] = i18n.gettext
    ngettext: Callable[..., str] = i18n.gettext
    if refusal is Refusal.RATE:
        seconds = max(1, round(wait_s))
        return ngettext(
            "That's a lot at once. Please wait {seconds} second.",
            "That's a lot at once. Please wait {seconds} seconds.",
            seconds,
            locale=language,
        ).format(seconds=seconds)
    return translate(
        "That's more at once than I can hold for one person. Please wait for my answers, then send the rest again.",
        locale=language,
    )
