"""The bot's life: announce, take updates until SIGTERM, finish what was taken, close the session last."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Final, TypeVar

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramUnauthorizedError

from bot.app import Parts
from bot.serving.health import Health, health_app
from bot.serving.polling import Window, confirm, poll
from bot.serving.ports import Port
from bot.serving.webhook import announce_webhook, webhook_app
from bot.settings import BotSettings
from bot.telegram.menus import announce_commands

AGAIN_S: Final = 5.0
IDLE_S: Final = 1.0
T = TypeVar("T")

log = structlog.get_logger(__name__)


async def serve(
    bot: Bot,
    parts: Parts,
    settings: BotSettings,
    *,
    stop: asyncio.Event | None = None,
    warm_up: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Run until `stop` is set or a signal comes. Whatever was taken is answered before this returns.

    warm_up: what a later photo would wait for; done when the bot has nothing to do.
    """
    stop = stop or asyncio.Event()
    _stop_on_signals(stop)
    health = Health(parts)
    allowed = parts.dispatcher.resolve_used_update_types()
    async with AsyncExitStack() as open_things:
        open_things.push_async_callback(_close, bot, parts)
        if settings.health_port:
            await open_things.enter_async_context(
                Port(health_app(health), host=settings.health_host, port=settings.health_port)
            )
        me = await _reached(bot.me, stop)
        if me is None:
            return
        log.info("running", bot=me.username, mode=settings.bot_mode)
        try:
            await announce_commands(bot, parts.jobs.i18n, settings)
        except AiogramError as error:
            log.warning("menu and description could not be set", error=type(error).__name__)
        if warm_up is not None:
            parts.jobs.background.start(_when_idle(parts, warm_up), name="warm up")
        if settings.bot_mode == "webhook":
            await parts.claims.open(bot.id)
            await open_things.enter_async_context(
                Port(
                    webhook_app(bot, parts.intake, settings, claims=parts.claims),
                    host=settings.webhook_host,
                    port=settings.webhook_port,
                )
            )
        await parts.intake.begin(bot)
        window = Window()
        if settings.bot_mode == "polling":
            open_things.push_async_callback(confirm, bot, window)
        # From here on updates may be taken: however this ends, they are finished before anything is closed.
        open_things.push_async_callback(_drain, parts, settings, health)
        if settings.bot_mode == "webhook":
            announce = partial(announce_webhook, bot, settings, allowed_updates=allowed)
            log.info("webhook", announced=await _reached(announce, stop))
            health.ready = True
            await stop.wait()
        else:
            await _reached(bot.delete_webhook, stop)
            health.ready = True
            await poll(bot, parts.intake, window, allowed_updates=allowed, stop=stop)


async def _reached(call: Callable[[], Awaitable[T]], stop: asyncio.Event) -> T | None:
    """Call until Telegram answers: after a reboot the network may come later than the bot. None when told to stop.

    Each reason why it does not answer is one line of the log, however long it lasts.
    """
    told = ""
    while not stop.is_set():
        try:
            return await call()
        except TelegramUnauthorizedError:
            raise
        except AiogramError as error:
            # A ClientDecodeError's message is the bare fact; what Telegram sent is in its str() only.
            reason = getattr(error, "message", "")
            if reason != told:
                log.warning("Telegram is not reached", error=type(error).__name__, reason=reason, again_in_s=AGAIN_S)
                told = reason
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AGAIN_S)
    return None


async def _when_idle(parts: Parts, work: Callable[[], Awaitable[None]]) -> None:
    """After the photos that waited for the bot to start: theirs are the first answers, and they come first."""
    busy = True
    while busy:
        await asyncio.sleep(IDLE_S)
        busy = parts.jobs.queue.at_work > 0
    await work()


async def _drain(parts: Parts, settings: BotSettings, health: Health) -> None:
    health.ready = False
    log.info("stopping", in_flight=parts.intake.in_flight)
    await parts.intake.drain(deadline_s=settings.stop_s)


async def _close(bot: Bot, parts: Parts) -> None:
    await parts.jobs.background.close()
    await parts.journal.close()
    await parts.claims.close()
    await parts.dispatcher.emit_shutdown(bot=bot)
    await parts.people.close()
    await bot.session.close()
    log.info("stopped")


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not in the main thread
            loop.add_signal_handler(number, stop.set)
