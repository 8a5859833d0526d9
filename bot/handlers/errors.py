"""Errors that no handler caught: logged for the operator, and one sentence for whoever wrote or pressed."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import structlog
from aiogram import Router
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ErrorEvent, Message, Update
from aiogram.utils.i18n import gettext as _

from bot.answering.reply import replying_to
from bot.telegram.queries import TOO_LATE, acknowledge
from bot.telegram.rights import Missing, missing_right
from bot.views import texts
from lookalike.serving.metrics import Stats

HARMLESS: Final = ("message is not modified", "message to delete not found", *TOO_LATE)

log = structlog.get_logger(__name__)


async def on_error(event: ErrorEvent, stats: Stats) -> None:
    error = event.exception
    match missing_right(error):
        case Missing.PHOTOS:
            log.info("no right to send photos", why=str(getattr(error, "message", "")))
            await _say(event.update, texts.no_photos_here())
            return
        case Missing.ANYTHING:
            log.info("no right to write", why=str(getattr(error, "message", "")))
            return
        case None:
            pass
    if isinstance(error, TelegramForbiddenError):
        log.info("blocked or removed from the chat")
        return
    if isinstance(error, TelegramBadRequest) and any(words in error.message for words in HARMLESS):
        log.info("nothing to do", why=error.message)
        return
    stats.failed["error"] += 1
    log.error("a handler failed", exc_info=(type(error), error, error.__traceback__))
    await _say(
        event.update,
        _("Something went wrong on my side, not with your photo. I've logged it. Please try again."),
    )


async def _say(update: Update, text: str) -> None:
    """To whoever wrote or pressed; silent where even that is refused."""
    with suppress(AiogramError):
        message = update.message or update.edited_message
        query = update.callback_query
        if message is not None:
            await message.answer(text, reply_parameters=replying_to(message.message_id))
        elif query is not None:
            await acknowledge(query)
            if isinstance(query.message, Message) and query.message.ephemeral_message_id is None:
                await query.message.answer(text)


def make_router() -> Router:
    router = Router(name=__name__)
    router.errors.register(on_error)
    return router
