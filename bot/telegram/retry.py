"""Calls to Telegram that fail for a while are made again; those that fail for good are not. A session middleware.

A flood wait is obeyed up to a cap, a 5xx or a broken connection is tried again a few times, a group that became a
supergroup is called by its new id. A call whose answer was lost is made twice then: two messages are better than none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import GetUpdates, Response, SendChatAction, SetMessageReaction, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.telegram.limits import MAX_RETRY_AFTER_S

TRIES: Final = 5
FIRST_PAUSE_S: Final = 0.3
TRANSIENT: Final = (TelegramNetworkError, TelegramServerError, ClientDecodeError)
# Polling has a back-off of its own; a reaction or "is uploading" that comes late is worth nothing.
NOT_AGAIN: Final = (GetUpdates, SendChatAction, SetMessageReaction)

log = structlog.get_logger(__name__)


class TryAgain(BaseRequestMiddleware):
    """Retries within reason. `sleep` is asyncio's; tests hand over one that does not wait."""

    def __init__(self, sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep) -> None:
        self._sleep = sleep

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        if type(method) in NOT_AGAIN:
            return await make_request(bot, method)
        waited_s = 0.0
        tries = 0
        while True:
            tries += 1
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                pause_s = error.retry_after + 0.1
                waited_s += pause_s
                if waited_s > MAX_RETRY_AFTER_S:
                    raise
            except TelegramMigrateToChat as error:
                if getattr(method, "chat_id", None) in {None, error.migrate_to_chat_id}:
                    raise
                log.info("a group became a supergroup")
                method = method.model_copy(update={"chat_id": error.migrate_to_chat_id}).as_(bot)
                pause_s = 0.0
            except TRANSIENT as error:
                if tries >= TRIES:
                    raise
                pause_s = FIRST_PAUSE_S * 2 ** (tries - 1)
                log.warning("calling again", method=type(method).__name__, error=type(error).__name__, tries=tries)
            await self._sleep(pause_s)
