"""Calls to Telegram that fail for a while are made again; those that fail for good are not. A session middleware.

A flood wait is obeyed up to a cap, a 5xx is tried again a few times, a broken connection for a minute while somebody's
answer depends on it, a group that became a supergroup is called by its new id. What Telegram says is believed within
bounds: no number of its answers makes a call be made without end. While it waits, nothing is held that others need
(bot/telegram/waiting.py). A call whose answer was lost is made twice: two messages are better than none.
"""

from __future__ import annotations

import asyncio
import time
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
from aiogram.methods import (
    EditEphemeralMessageMedia,
    EditMessageMedia,
    GetMe,
    GetUpdates,
    Response,
    SendChatAction,
    SendMediaGroup,
    SendMessage,
    SendPhoto,
    SetMessageReaction,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType

from bot.telegram.limits import MAX_RETRY_AFTER_S
from bot.telegram.waiting import anything_held, deliveries, step_aside, waiting

TRIES: Final = 5
FIRST_PAUSE_S: Final = 0.3
LONGEST_PAUSE_S: Final = 5.0
OUTAGE_S: Final = 60.0  # how long an answer waits for the line to Telegram
MIGRATIONS: Final = 2  # a group has one new id; more is a circle
PASSES: Final = (TelegramNetworkError, TelegramServerError, ClientDecodeError)
# Polling and the start have a back-off of their own; a reaction or "is uploading" that comes late is worth nothing.
NOT_AGAIN: Final = (GetMe, GetUpdates, SendChatAction, SetMessageReaction)
ANSWERS: Final = (SendMessage, SendPhoto, SendMediaGroup, EditMessageMedia, EditEphemeralMessageMedia)

log = structlog.get_logger(__name__)


def believed_s(retry_after: float, *, longest_s: float = MAX_RETRY_AFTER_S) -> float:
    """Seconds to wait for a `retry_after`, whatever it says: at least one, at most `longest_s`."""
    return max(1.0, min(float(retry_after), longest_s))


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
        if issubclass(type(method), NOT_AGAIN):
            return await make_request(bot, method)
        try:
            answer = await self._call(make_request, bot, method)
        except (TelegramRetryAfter, *PASSES):
            _note(method, failed=True)
            raise
        _note(method, failed=False)
        return answer

    async def _call(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        tries = Tries()
        while True:
            try:
                with waiting():
                    return await make_request(bot, method)
            except TelegramRetryAfter as error:
                pause_s = tries.after_flood(error)
                # A chat in a flood wait is waited for by nobody but itself.
                if pause_s is None or not step_aside():
                    raise
            except TelegramMigrateToChat as error:
                if not tries.may_migrate() or getattr(method, "chat_id", None) in {None, error.migrate_to_chat_id}:
                    raise
                log.info("a group became a supergroup")
                method = method.model_copy(update={"chat_id": error.migrate_to_chat_id}).as_(bot)
                pause_s = 0.0
            except PASSES as error:
                pause_s = tries.after_failure(error)
                if pause_s is None or (tries.failures >= TRIES and not step_aside()):
                    raise
                name = type(method).__name__
                log.warning("calling again", method=name, error=type(error).__name__, tries=tries.failures)
            await self._sleep(pause_s)


class Tries:
    """How often one call was made, and whether it may be made again."""

    def __init__(self) -> None:
        self.failures = 0
        self._floods = 0
        self._flood_s = 0.0
        self._migrations = 0
        self._start = time.monotonic()
        self._paused_s = 0.0

    def after_flood(self, error: TelegramRetryAfter) -> float | None:
        """Seconds until the next try; None when it is not worth a person's patience."""
        pause_s = believed_s(error.retry_after) + 0.1
        self._floods += 1
        self._flood_s += pause_s
        too_long = error.retry_after > MAX_RETRY_AFTER_S or self._flood_s > MAX_RETRY_AFTER_S + 0.1
        return None if too_long or self._floods >= TRIES else pause_s

    def may_migrate(self) -> bool:
        self._migrations += 1
        return self._migrations <= MIGRATIONS

    def after_failure(self, error: Exception) -> float | None:
        """Seconds until the next try. Answers wait for the line a minute, a faulty server is tried five times."""
        self.failures += 1
        outage = isinstance(error, TelegramNetworkError) and anything_held()
        spent_s = max(time.monotonic() - self._start, self._paused_s)
        if spent_s >= OUTAGE_S if outage else self.failures >= TRIES:
            return None
        pause_s = min(FIRST_PAUSE_S * 2.0 ** (self.failures - 1), LONGEST_PAUSE_S)
        self._paused_s += pause_s
        return pause_s


def _note(method: TelegramMethod[Any], *, failed: bool) -> None:
    """Write down for the update at work whether an answer of it reached Telegram."""
    noted = deliveries.get()
    if noted is None or not isinstance(method, ANSWERS):
        return
    reply = getattr(method, "reply_parameters", None)
    key = reply.message_id if reply is not None else None
    if failed:
        noted.failed.add(key)
    else:
        noted.failed.discard(key)
