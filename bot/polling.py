"""Ask Telegram for updates until told to stop.

aiogram's own loop closes its storage and session while handlers still run and confirms the last updates never; here
stopping ends the asking only, confirms what was taken, and leaves the rest to `bot.serve`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.methods import GetUpdates
from aiogram.types import Update
from aiogram.utils.backoff import Backoff, BackoffConfig
from pydantic import ValidationError

from bot.intake import Intake

POLL_S: Final = 25
BACKOFF: Final = BackoffConfig(min_delay=0.5, max_delay=20.0, factor=1.6, jitter=0.1)

log = structlog.get_logger(__name__)


async def poll(bot: Bot, intake: Intake, *, allowed_updates: list[str], stop: asyncio.Event) -> None:
    """Take updates until `stop` is set. A wrong token ends it with TelegramUnauthorizedError."""
    stopped = asyncio.create_task(stop.wait())
    backoff = Backoff(BACKOFF)
    offset: int | None = None
    try:
        while not stop.is_set():
            asking = asyncio.create_task(_ask(bot, offset, allowed_updates))
            await asyncio.wait({asking, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
                with suppress(asyncio.CancelledError, TelegramAPIError):
                    await asking
                break
            try:
                updates = asking.result()
            except TelegramUnauthorizedError:
                raise
            except TelegramRetryAfter as error:
                log.warning("told to wait", retry_after_s=error.retry_after)
                await asyncio.wait({stopped}, timeout=error.retry_after)
                continue
            except Exception as error:  # noqa: BLE001 - a bot outlives every failure of the network
                delay = next(backoff)
                log.warning("no updates", error=type(error).__name__, detail=str(error), again_in_s=round(delay, 1))
                await asyncio.wait({stopped}, timeout=delay)
                continue
            backoff.reset()
            for update in updates:
                await intake.take(bot, update)
                offset = update.update_id + 1
    finally:
        stopped.cancel()
    if offset is not None:
        await _confirm(bot, offset)


async def _ask(bot: Bot, offset: int | None, allowed_updates: list[str]) -> list[Update]:
    wait = POLL_S + int(bot.session.timeout or 0)
    return await bot(GetUpdates(offset=offset, timeout=POLL_S, allowed_updates=allowed_updates), request_timeout=wait)


async def _confirm(bot: Bot, offset: int) -> None:
    """Tell Telegram what was taken, so that the next start does not get it again."""
    try:
        await bot(GetUpdates(offset=offset, limit=1, timeout=0), request_timeout=5)
    except (TelegramAPIError, ValidationError) as error:
        log.warning("the last updates could not be confirmed", error=type(error).__name__)
