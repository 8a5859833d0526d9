"""Ask Telegram for updates until told to stop.

aiogram's own loop closes its storage and session while handlers still run and confirms the last updates never; here
stopping ends the asking only, confirms what was taken, and leaves the rest to `bot.serving.lifecycle`. An update of a
kind that aiogram does not know is left out; its batch is read without it, and nothing of it is logged but its number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, ClientDecodeError, TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.methods import GetUpdates
from aiogram.types import Update
from aiogram.utils.backoff import Backoff, BackoffConfig
from pydantic import ValidationError

from bot.serving.intake import Intake

POLL_S: Final = 25
BACKOFF: Final = BackoffConfig(min_delay=0.5, max_delay=20.0, factor=1.6, jitter=0.1)
Batch = list[tuple[int, Update | None]]  # update_id, and the update where it can be read
T = TypeVar("T")

log = structlog.get_logger(__name__)


async def poll(bot: Bot, intake: Intake, *, allowed_updates: list[str], stop: asyncio.Event) -> None:
    """Take updates until `stop` is set. A wrong token ends it with TelegramUnauthorizedError."""
    stopped = asyncio.create_task(stop.wait())
    backoff = Backoff(BACKOFF)
    offset: int | None = None
    try:
        while not stop.is_set():
            try:
                batch = await _unless(stopped, _ask(bot, offset, allowed_updates))
            except TelegramUnauthorizedError:
                raise
            except TelegramRetryAfter as error:
                log.warning("told to wait", retry_after_s=error.retry_after)
                await asyncio.wait({stopped}, timeout=error.retry_after)
                continue
            except Exception as error:  # noqa: BLE001 - a bot outlives every failure of the network
                delay = next(backoff)
                log.warning("no updates", error=type(error).__name__, detail=_detail(error), again_in_s=round(delay, 1))
                await asyncio.wait({stopped}, timeout=delay)
                continue
            backoff.reset()
            for update_id, update in batch or []:
                # Every place may be taken for minutes. What is not taken before the stop comes at the next start.
                if stop.is_set() or (update is not None and await _unless(stopped, intake.take(bot, update)) is None):
                    break
                offset = update_id + 1
    finally:
        stopped.cancel()
    if offset is not None:
        await _confirm(bot, offset)


async def _unless(stopped: asyncio.Task[Any], work: Coroutine[Any, Any, T]) -> T | None:
    """Do `work`; when the stop comes first, call it off and return None."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        task.cancel()
    with suppress(asyncio.CancelledError, AiogramError):
        return await task
    return None


async def _ask(bot: Bot, offset: int | None, allowed_updates: list[str]) -> Batch:
    wait = POLL_S + int(bot.session.timeout or 0)
    return await _get(bot, GetUpdates(offset=offset, timeout=POLL_S, allowed_updates=allowed_updates), within_s=wait)


async def _get(bot: Bot, method: GetUpdates, *, within_s: int) -> Batch:
    try:
        updates = await bot(method, request_timeout=within_s)
    except ClientDecodeError as error:
        batch = _one_by_one(bot, error.data)
        if not batch:
            raise
        return batch
    return [(update.update_id, update) for update in updates]


def _one_by_one(bot: Bot, answer: Any) -> Batch:
    """Read an answer to getUpdates that can't be read as a whole. Empty when it is no list of updates."""
    result = answer.get("result") if isinstance(answer, dict) else None
    batch: Batch = []
    for raw in result if isinstance(result, list) else []:
        update_id = raw.get("update_id") if isinstance(raw, dict) else None
        if not isinstance(update_id, int):
            continue
        try:
            batch.append((update_id, Update.model_validate(raw, context={"bot": bot})))
        except (ValidationError, RecursionError) as error:
            log.warning("an update of an unknown shape", update_id=update_id, error=type(error).__name__)
            batch.append((update_id, None))
    return batch


async def _confirm(bot: Bot, offset: int) -> None:
    """Tell Telegram what was taken, so that the next start does not get it again."""
    try:
        await _get(bot, GetUpdates(offset=offset, limit=1, timeout=0), within_s=5)
    except (AiogramError, ValidationError) as error:
        log.warning("the last updates could not be confirmed", error=type(error).__name__)


def _detail(error: Exception) -> str:
    """What may be logged of an error: a ClientDecodeError's own words hold the whole answer, people's texts too."""
    return type(error.original).__name__ if isinstance(error, ClientDecodeError) else str(error)
