"""Ask Telegram for updates until told to stop, and confirm each only when it is settled (docs/decisions/0012).

Telegram forgets what lies before the offset that is asked for and shows at most a hundred updates from it on. The
offset stays at the oldest update that is not settled, so that a killed process loses nothing; what is shown again
meanwhile is known by its id. While something stands unconfirmed a question is answered at once, so it is asked at a
pace; only when nothing stands is Telegram asked to wait. aiogram's own loop confirms what it has merely taken.

An update of a kind that aiogram does not know is left out, and nothing of it is logged but its number.
"""

from __future__ import annotations

import asyncio
import time
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

from bot.serving.held import HeldUpdate
from bot.serving.intake import Intake
from bot.telegram.retry import believed_s

POLL_S: Final = 25
PACE_S: Final = 0.2  # between questions while something stands unconfirmed
SLOWEST_PACE_S: Final = 0.5  # when they bring nothing new
EMPTY_S: Final = 0.5  # after an answer without updates that came at once instead of after POLL_S
LONGEST_WAIT_S: Final = 60.0  # that Telegram may ask for; longer would be deaf
SHOWN: Final = 100  # the Bot API shows no more from one offset
CROWDED: Final = 60  # so many stand unconfirmed that those waiting for Telegram itself make room
BACKOFF: Final = BackoffConfig(min_delay=0.5, max_delay=20.0, factor=1.6, jitter=0.1)
T = TypeVar("T")

log = structlog.get_logger(__name__)


class RawUpdates(GetUpdates):
    """getUpdates, read one by one: a single update that can't be read must not spoil the others."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"


class Window:
    """The updates from the offset on, as Telegram shows them: by id, those that are settled among them."""

    def __init__(self) -> None:
        self._standing: dict[int, HeldUpdate | None] = {}  # None: nothing is due to it
        self._next: int | None = None

    def __len__(self) -> int:
        return len(self._standing)

    def __contains__(self, update_id: int) -> bool:
        return update_id in self._standing

    @property
    def offset(self) -> int | None:
        """The oldest update that is not settled, else the one after the last."""
        while self._standing:
            update_id, held = next(iter(self._standing.items()))
            if held is not None and not held.settled:
                return update_id
            del self._standing[update_id]
        return self._next

    def add(self, update_id: int, held: HeldUpdate | None) -> None:
        """Ids come in rising order."""
        self._standing[update_id] = held
        self._next = update_id + 1

    def make_room(self, intake: Intake) -> None:
        """Where it is crowded, updates that wait for Telegram itself give up their places; their chats are told."""
        if len(self._standing) < CROWDED:
            return
        for held in self._standing.values():
            if held is not None and held.aside and not held.settled:
                intake.give_up(held)


async def poll(bot: Bot, intake: Intake, window: Window, *, allowed_updates: list[str], stop: asyncio.Event) -> None:
    """Take updates until `stop` is set. A wrong token ends it with TelegramUnauthorizedError.

    What is not settled at its end is to be confirmed by `confirm`, when all was finished.
    """
    stopped = asyncio.create_task(stop.wait())
    backoff = Backoff(BACKOFF)
    pace_s = PACE_S
    try:
        while not stop.is_set():
            window.make_room(intake)
            asked = time.monotonic()
            offset = window.offset
            try:
                batch = await _unless(stopped, _ask(bot, offset, allowed_updates, wait_s=0 if len(window) else POLL_S))
            except TelegramUnauthorizedError:
                raise
            except TelegramRetryAfter as error:
                log.warning("told to wait", retry_after_s=error.retry_after)
                await asyncio.wait({stopped}, timeout=believed_s(error.retry_after, longest_s=LONGEST_WAIT_S))
                continue
            except Exception as error:  # noqa: BLE001 - a bot outlives every failure of the network
                delay = next(backoff)
                log.warning("no updates", error=type(error).__name__, detail=_detail(error), again_in_s=round(delay, 1))
                await asyncio.wait({stopped}, timeout=delay)
                continue
            backoff.reset()
            fresh = await _taken(bot, intake, window, batch or [], stopped)
            took_s = time.monotonic() - asked
            pace_s = PACE_S if fresh else min(1.5 * pace_s, SLOWEST_PACE_S)
            if len(window):
                more = fresh and len(batch or []) >= SHOWN and window.offset != offset
                await _pause(0.0 if more else pace_s, window, intake, stopped)
            elif not batch and took_s < EMPTY_S:
                await asyncio.wait({stopped}, timeout=EMPTY_S - took_s)
    finally:
        stopped.cancel()


async def _taken(
    bot: Bot, intake: Intake, window: Window, batch: list[dict[str, Any]], stopped: asyncio.Task[Any]
) -> int:
    """Begin on what is new. Returns how many updates were."""
    fresh = 0
    for raw in batch:
        update_id = raw.get("update_id")
        if not isinstance(update_id, int) or isinstance(update_id, bool) or update_id in window:
            continue
        update = _read(bot, raw, update_id)
        if update is not None and intake.full:
            await _unless(stopped, intake.place())  # every place may be taken for minutes
        if stopped.done():  # what is not taken before the stop comes at the next start
            break
        window.add(update_id, None if update is None else intake.take(bot, update))
        fresh += 1
    return fresh


async def _pause(seconds: float, window: Window, intake: Intake, stopped: asyncio.Task[Any]) -> None:
    """Wait between two questions; not longer than something stands unconfirmed."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left_s := end - loop.time()) > 0 and not stopped.done():
        intake.news.clear()
        window.make_room(intake)
        if window.offset is None or not len(window):
            return
        news = asyncio.create_task(intake.news.wait())
        await asyncio.wait({news, stopped}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        news.cancel()


async def confirm(bot: Bot, window: Window) -> None:
    """Tell Telegram what was settled, so that the next start does not get it again."""
    offset = window.offset
    if offset is None:
        return
    try:
        await bot(RawUpdates(offset=offset, limit=1, timeout=0), request_timeout=5)
    except (AiogramError, ValidationError) as error:
        log.warning("the last updates could not be confirmed", error=type(error).__name__)


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


async def _ask(bot: Bot, offset: int | None, allowed_updates: list[str], *, wait_s: int) -> list[dict[str, Any]]:
    method = RawUpdates(offset=offset, timeout=wait_s, allowed_updates=allowed_updates)
    answer: Any = await bot(method, request_timeout=wait_s + int(bot.session.timeout or 0))
    batch: list[dict[str, Any]] = answer
    if batch and not any(isinstance(raw.get("update_id"), int) for raw in batch):
        raise ClientDecodeError("no updates in the answer", ValueError("no update_id"), None)
    return batch


def _read(bot: Bot, raw: dict[str, Any], update_id: int) -> Update | None:
    try:
        return Update.model_validate(raw, context={"bot": bot})
    except (ValidationError, RecursionError) as error:
        log.warning("an update of an unknown shape", update_id=update_id, error=type(error).__name__)
        return None


def _detail(error: Exception) -> str:
    """What may be logged of an error: a ClientDecodeError's own words hold the whole answer, people's texts too."""
    return type(error.original).__name__ if isinstance(error, ClientDecodeError) else str(error)
