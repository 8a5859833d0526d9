"""The webhook refuses what is not Telegram's, and takes each update once."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections import deque
from pathlib import Path

import aiohttp
import pytest

from bot.app import build_bot
from bot.serving.webhook import SECRET_HEADER, WebhookRefused, announce_webhook, webhook_path, webhook_secret
from bot.settings import BotSettings
from tests.bot.conftest import RunningBot, StartBot, bot_settings, free_port
from tests.telegram_peer import TOKEN, Fault, TelegramPeer

ROOT = Path(__file__).resolve().parent.parent.parent.parent
UNKNOWN_HOST = "Bad Request: bad webhook: Failed to resolve host: Name or service not known"


@pytest.fixture
def mode() -> str:
    return "webhook"


async def post(settings: BotSettings, body: bytes, secret: str | None = None) -> int:
    url = settings.webhook_url + webhook_path(settings)
    headers = {SECRET_HEADER: webhook_secret(settings) if secret is None else secret}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body), headers=headers) as response,
    ):
        return response.status


@pytest.mark.parametrize("secret", ["", "wrong", "wröng", "\udce9\udcff", "я" * 10])
async def test_a_wrong_secret_is_401_whatever_its_bytes(bot: RunningBot, secret: str) -> None:
    assert await post(bot.settings, b"{}", secret) == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"{}", b'{"update_id": "x"}', b'{"update_id": true}', b"\xff\xfe", b"[" * 5000],
    ids=lambda b: repr(b)[:12],
)
async def test_what_is_no_update_is_400(bot: RunningBot, body: bytes) -> None:
    assert await post(bot.settings, body) == 400


async def test_an_update_of_an_unknown_shape_is_taken_and_left(bot: RunningBot) -> None:
    assert await post(bot.settings, b'{"update_id": 5, "message": {"message_id": "what?"}}') == 200


async def test_a_body_over_a_megabyte_is_413(bot: RunningBot) -> None:
    assert await post(bot.settings, b"x" * (1 << 21)) == 413


async def test_an_update_that_comes_twice_is_answered_once(bot: RunningBot) -> None:
    message = await bot.peer.say(bot.ann, "/start")
    await bot.peer.until_sent(1)
    update_id = 1000
    again = {"update_id": update_id, "message": message}
    assert await post(bot.settings, json.dumps(again).encode()) == 200
    await bot.peer.say(bot.ann, "/privacy")
    answers = await bot.peer.until_sent(2)
    assert "What happens" in answers[1].text


async def test_a_full_bot_asks_telegram_to_come_back(start_bot: StartBot) -> None:
    bot = await start_bot(updates_at_once=1)
    bot.parts.jobs.told.first_time(bot.ann.id)
    await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.3")
    await bot.peer.until(lambda: bot.parts.intake.full)
    assert await post(bot.settings, b'{"update_id": 6}') == 503
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(2)


async def test_telegram_is_answered_when_the_person_was(bot: RunningBot) -> None:
    bot.parts.jobs.told.first_time(bot.ann.id)
    await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.5")
    await bot.peer.until(lambda: bot.peer.made("setMessageReaction"))
    assert bot.peer._deliveries, "a bot that is killed now would have lost a photo"
    await bot.peer.until_sent(1)
    await asyncio.sleep(0.3)
    assert not bot.peer._deliveries


async def test_what_takes_longer_than_telegram_waits_is_remembered_without_its_photo(
    start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.serving.webhook.HOLD_S", 0.2)
    bot = await start_bot()
    bot.parts.jobs.told.first_time(bot.ann.id)
    message = await bot.peer.send_photo(bot.ann, b"faces=1 slow=1.2")
    await bot.peer.until(lambda: bot.peer.made("setMessageReaction"))
    await asyncio.sleep(0.5)
    assert not bot.peer._deliveries
    assert bot.parts.journal.debts[bot.ann.id].messages == [message["message_id"]]
    assert message["photo"][1]["file_id"] not in repr(bot.parts.journal.debts)
    await bot.peer.until_sent(1)
    await asyncio.sleep(0.1)
    assert not bot.parts.journal.debts
    assert [call.method for call in bot.peer.sent()] == ["sendPhoto"]


async def test_a_body_that_is_no_gzip_is_400(bot: RunningBot) -> None:
    url = bot.settings.webhook_url + webhook_path(bot.settings)
    headers = {SECRET_HEADER: webhook_secret(bot.settings), "Content-Encoding": "gzip"}
    async with aiohttp.ClientSession() as session, session.post(url, data=b"no gzip", headers=headers) as response:
        assert response.status == 400


async def test_the_same_webhook_is_not_set_twice_and_a_new_secret_is(start_bot: StartBot) -> None:
    bot = await start_bot()
    allowed = bot.parts.dispatcher.resolve_used_update_types()
    client = build_bot(bot.settings)
    assert not await announce_webhook(client, bot.settings, allowed_updates=allowed)
    other = bot.settings.model_copy(update={"webhook_secret": type(bot.settings.bot_token)("a" * 20)})
    assert await announce_webhook(client, other, allowed_updates=allowed)
    await client.session.close()


async def test_an_address_that_telegram_refuses_ends_the_bot_with_the_reason(start_bot: StartBot) -> None:
    bot = await start_bot()
    bot.peer.faults["setWebhook"] = deque([Fault("error", 400, UNKNOWN_HOST)])
    client = build_bot(bot.settings)
    other = bot.settings.model_copy(update={"webhook_secret": type(bot.settings.bot_token)("a" * 20)})
    with pytest.raises(WebhookRefused, match=r"^bad webhook: Failed to resolve host"):
        await announce_webhook(client, other, allowed_updates=[])
    await client.session.close()


@pytest.mark.weights
async def test_an_address_that_telegram_refuses_is_one_line_and_exit_code_3() -> None:
    async with TelegramPeer() as peer:
        peer.faults["setWebhook"] = deque([Fault("error", 400, UNKNOWN_HOST)])
        variables = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}} | {
            "ENGINE_THREADS": "1", "LOG_LEVEL": "error",
            "BOT_TOKEN": TOKEN, "BOT_API_URL": peer.url, "BOT_MODE": "webhook",
            "WEBHOOK_URL": "https://bot.example", "WEBHOOK_PORT": str(free_port()),
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", cwd=ROOT, stderr=asyncio.subprocess.PIPE, env=variables
        )
        _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 3
    assert errors.decode() == (
        "lookalike: Telegram will not call WEBHOOK_URL=https://bot.example: "
        "bad webhook: Failed to resolve host: Name or service not known\n"
    )


def test_secret_and_path_do_not_give_the_token_away() -> None:
    settings = bot_settings("webhook", "http://127.0.0.1:1")
    assert len(webhook_secret(settings)) >= 32
    assert TOKEN not in webhook_path(settings) + webhook_secret(settings)
    assert webhook_secret(settings) not in webhook_path(settings)
