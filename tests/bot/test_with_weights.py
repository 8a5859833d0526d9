"""The shipped networks and gallery behind the bot: real photos in, cards out, over HTTP."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from bot.app import build_bot, build_dispatcher
from bot.serving.lifecycle import serve
from lookalike.app import App, build
from lookalike.serving.work_threads import FinderPool
from lookalike.settings import Settings
from tests.bot.conftest import bot_settings
from tests.telegram_peer import Person, TelegramPeer

pytestmark = pytest.mark.weights
SAMPLE = Path(__file__).resolve().parent.parent.parent / "lookalike" / "sample"


@pytest.fixture(scope="module")
def app() -> App:
    return build(Settings(engine_threads=1))


@pytest.fixture
async def peer(app: App) -> AsyncIterator[TelegramPeer]:
    import asyncio

    pool = FinderPool(app.finder, workers=1)
    async with TelegramPeer() as peer:
        settings = bot_settings("polling", peer.url)
        parts = build_dispatcher(pool, app.renderer, settings, album_quiet_s=0.2)
        stop = asyncio.Event()
        task = asyncio.create_task(serve(build_bot(settings), parts, settings, stop=stop))
        yield peer
        stop.set()
        await task
        pool.close()
        assert peer.violations == []


@pytest.mark.parametrize(("language", "explain"), [("en", "Why these?"), ("ru", "Почему они?")])
async def test_real_photos_get_real_cards(peer: TelegramPeer, language: str, explain: str) -> None:
    ann = Person(id=1, language=language)
    hopper, astronaut = (SAMPLE / name for name in ("grace_hopper.jpg", "astronaut.jpg"))
    await peer.send_photo(ann, hopper.read_bytes())
    _notice, card = await peer.until_sent(2, within_s=60)
    assert card.text.count("○") + card.text.count("●") == 8 * 5
    (picture,) = card.files.values()
    assert Image.open(io.BytesIO(picture)).width == 1080
    await peer.press(ann, peer.last_message(1), explain)
    assert (await peer.until_sent(3, within_s=60))[2].method == "editMessageMedia"
    await peer.send_photo(ann, hopper.read_bytes(), group="g", caption="/compare")
    await peer.send_photo(ann, astronaut.read_bytes(), group="g")
    assert (await peer.until_sent(4, within_s=60))[3].method == "sendPhoto"
