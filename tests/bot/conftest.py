"""A bot that runs against the loopback peer, by polling and by webhook."""

from __future__ import annotations

from bot.telegram import lazy_types  # noqa: F401 - as the bot's own entry points do, before anything of aiogram

# isort: split
import asyncio
import io
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from aiogram.client.session.aiohttp import AiohttpSession

from bot.app import Parts, build_bot, build_dispatcher
from bot.serving.lifecycle import serve
from bot.serving.logs import set_up_logs
from bot.settings import BotSettings
from tests.fakes import ObedientReader, PlainPainter, fake_finder
from tests.telegram_peer import TOKEN, Person, TelegramPeer

TLS = ssl.create_default_context()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RunningBot:
    """What a conversation test works with."""

    peer: TelegramPeer
    reader: ObedientReader
    painter: PlainPainter
    parts: Parts
    settings: BotSettings
    stop: asyncio.Event
    task: asyncio.Task[None]
    ann: Person
    boris: Person

    async def end(self) -> None:
        """As SIGTERM does."""
        self.stop.set()
        await asyncio.wait_for(self.task, 20)


def bot_settings(mode: str, peer_url: str, **more: Any) -> BotSettings:
    port = free_port()
    values: dict[str, Any] = {
        "bot_token": TOKEN,
        "bot_api_url": peer_url,
        "bot_mode": mode,
        "webhook_url": f"http://127.0.0.1:{port}",
        "webhook_port": port,
        "stop_s": 5.0,
    }
    return BotSettings.model_validate(values | more)


@asynccontextmanager
async def running_bot(mode: str, **more: Any) -> AsyncIterator[RunningBot]:
    """Start a bot with an obedient reader; at the end it is stopped and the peer must have nothing to complain of."""
    build: dict[str, Any] = {
        name: more.pop(name) for name in ("storage", "people", "painter", "galleries", "page") if name in more
    }
    faults = more.pop("faults", {})
    async with TelegramPeer() as peer:
        peer.faults |= faults
        reader = ObedientReader()
        painter = build.pop("painter", None) or PlainPainter()
        pool = fake_finder(reader)
        settings = bot_settings(mode, peer.url, **more)
        parts = build_dispatcher(pool, painter, settings, album_quiet_s=0.15, **build)
        stop = asyncio.Event()
        task = asyncio.create_task(serve(build_bot(settings), parts, settings, stop=stop))
        if mode == "webhook":
            await peer.until(lambda: peer.webhook is not None)
        bot = RunningBot(
            peer=peer,
            reader=reader,
            painter=painter,
            parts=parts,
            settings=settings,
            stop=stop,
            task=task,
            ann=Person(id=501, language="en"),
            boris=Person(id=502, language="ru"),
        )
        try:
            yield bot
            await bot.end()
        finally:
            stop.set()
            await asyncio.wait({task}, timeout=15)
            pool.close()
        assert peer.violations == []


@pytest.fixture(autouse=True)
def one_tls_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading all certificates anew for every bot is half of a short test's time; the peer speaks plain HTTP."""
    monkeypatch.setattr("aiogram.client.session.aiohttp.ssl.create_default_context", lambda **_: TLS)
    monkeypatch.setattr(AiohttpSession, "close", _close_at_once)


async def _close_at_once(session: AiohttpSession) -> None:
    """Without aiogram's quarter of a second for TLS to say goodbye."""
    if session._session is not None and not session._session.closed:
        await session._session.close()


@pytest.fixture(autouse=True)
def log_text() -> Iterator[io.StringIO]:
    """What the bot logs, as in production; whatever a test does, no token and no file id may be in it."""
    text = io.StringIO()
    root = logging.getLogger()
    before = root.handlers, root.level
    set_up_logs(form="text", level="debug", stream=text)
    yield text
    root.handlers, level = before
    root.setLevel(level)
    structlog.reset_defaults()
    assert TOKEN not in text.getvalue()
    assert "AgACAgIAAx" not in text.getvalue()


StartBot = Callable[..., Awaitable[RunningBot]]


@pytest.fixture(params=["polling", "webhook"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def start_bot(mode: str) -> AsyncIterator[StartBot]:
    """Starts a bot with settings of one's own."""
    async with AsyncExitStack() as running:

        async def start(**more: Any) -> RunningBot:
            return await running.enter_async_context(running_bot(mode, **more))

        yield start


@pytest.fixture
async def bot(start_bot: StartBot) -> RunningBot:
    return await start_bot()
