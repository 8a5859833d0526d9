"""What nobody caught: logged for us, one sentence for the person, messages and buttons alike."""

from __future__ import annotations

from contextlib import suppress

import structlog
from aiogram import Router
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ErrorEvent
from aiogram.utils.i18n import gettext as _

from lookalike.serving.metrics import Stats

HARMLESS = ("message is not modified", "query is too old", "message to delete not found")

log = structlog.get_logger(__name__)


async def on_error(event: ErrorEvent, stats: Stats) -> None:
    error = event.exception
    if isinstance(error, TelegramForbiddenError):
        log.info("blocked or removed from the chat")
        return
    if isinstance(error, TelegramBadRequest) and any(words in error.message for words in HARMLESS):
        log.info("nothing to do", why=error.message)
        return
    stats.failed["error"] += 1
    log.error("a handler failed", exc_info=(type(error), error, error.__traceback__))
    text = _("Something went wrong on my side, not with your photo. It is written down; please try once more.")
    update = event.update
    message = update.message or update.edited_message
    with suppress(AiogramError):
        if message is not None:
            await message.reply(text, allow_sending_without_reply=True)
        elif update.callback_query is not None:
            with suppress(TelegramBadRequest):  # answered already: the alert can't be shown, so say it in the chat
                await update.callback_query.answer()
            if update.callback_query.message is not None:
                await update.callback_query.message.answer(text)


def make_router() -> Router:
    router = Router(name=__name__)
    router.errors.register(on_error)
    return router
