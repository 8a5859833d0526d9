"""A bot that is killed, or that Telegram does not answer for a while: everybody has a card or a sentence."""

from __future__ import annotations

import asyncio

import pytest

from tests.bot.conftest import RunningBot, StartBot, free_port
from tests.bot.forked import BotProcess
from tests.bot.redis_process import RedisProcess, redis_missing
from tests.telegram_peer import Call, Fault, Json, Person, TelegramPeer

START_S = 60.0  # a process imports for seconds on a busy machine


async def start(mode: str, peer: TelegramPeer, *more: str) -> BotProcess:
    before = len(peer.made("getUpdates")) + len(peer.made("setWebhook"))
    process = BotProcess(mode, peer.url, str(free_port()), "5", *more)
    asked = "deleteWebhook" if mode == "polling" else "setWebhook"
    calls = len(peer.made(asked))
    await peer.until(
        lambda: len(peer.made(asked)) > calls or len(peer.made("getUpdates")) + len(peer.made("setWebhook")) > before,
        within_s=START_S,
    )
    return process


def answers(peer: TelegramPeer, chat: int) -> list[Call]:
    """Cards, and sentences that are no mere notice."""
    return [
        call
        for call in peer.sent(chat)
        if call.method == "sendPhoto" or not ("/privacy" in call.text or "in the queue" in call.text)
    ]


async def test_after_a_kill_each_of_forty_photos_has_a_card_or_a_sentence(mode: str) -> None:
    people = [Person(id=7000 + number) for number in range(40)]
    async with TelegramPeer() as peer:
        process = await start(mode, peer)
        for person in people:
            await peer.send_photo(person, b"faces=1 slow=0.1")
        await peer.until(lambda: len(peer.made("sendPhoto")) >= 5, within_s=START_S)
        process.kill()
        await process.wait()
        answered = sum(bool(answers(peer, person.id)) for person in people)
        assert answered < len(people)
        process = await start(mode, peer)
        await peer.until(lambda: all(answers(peer, person.id) for person in people), within_s=30)
        process.terminate()
        await process.wait()
        twice = sum(len(answers(peer, person.id)) > 1 for person in people)
        assert twice <= answered, "only what was answered and not yet confirmed may come twice"


@redis_missing
async def test_a_press_that_was_done_is_not_done_again_after_a_kill_where_there_is_a_store() -> None:
    async with TelegramPeer() as peer, RedisProcess() as redis:
        process = await start("polling", peer, redis.url)
        ann, boris = Person(id=501), Person(id=502)
        await peer.say(boris, "/settings")
        await peer.until_sent(1, boris.id, within_s=START_S)
        message = peer.last_message(boris.id)
        await peer.send_photo(ann, b"faces=1 slow=3")  # stands unconfirmed for long
        await peer.press_data(boris, message, "s:theme:dark")
        await peer.until(lambda: peer.made("editMessageText"), within_s=START_S)
        await asyncio.sleep(0.2)
        process.kill()
        await process.wait()
        assert peer.confirmed <= 1001, "the press will be shown again"
        process = await start("polling", peer, redis.url)
        await peer.until(lambda: answers(peer, ann.id), within_s=START_S)
        process.terminate()
        await process.wait()
        assert len(peer.made("answerCallbackQuery")) == 1
        assert len(peer.made("editMessageText")) == 1


async def test_after_a_silence_of_telegram_each_photo_has_a_card_or_a_sentence(
    start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.retry.OUTAGE_S", 2.0)
    monkeypatch.setattr("bot.serving.owed.FIRST_PAUSE_S", 0.3)
    bot = await start_bot()
    people = [Person(id=400 + number) for number in range(10)]
    for person in people:
        bot.parts.jobs.told.first_time(person.id)
    away = True

    async def rule(method: str, _params: Json) -> Fault | None:
        return Fault("close") if away and method != "getUpdates" else None

    for person in people:
        await bot.peer.send_photo(person, b"faces=1 slow=0.1")
    await bot.peer.until(lambda: bot.peer.made("sendPhoto"))
    bot.peer.rule = rule
    await asyncio.sleep(5.0)
    assert any(not answers(bot.peer, person.id) for person in people)
    away = False
    await bot.peer.until(lambda: all(answers(bot.peer, person.id) for person in people), within_s=20)


async def test_a_short_silence_costs_nobody_the_card(bot: RunningBot) -> None:
    people = [Person(id=400 + number) for number in range(6)]
    for person in people:
        bot.parts.jobs.told.first_time(person.id)
    away = True

    async def rule(method: str, _params: Json) -> Fault | None:
        return Fault("close") if away and method != "getUpdates" else None

    bot.peer.rule = rule
    for person in people:
        await bot.peer.send_photo(person, b"faces=1")
    await asyncio.sleep(6.0)
    assert bot.peer.sent() == []
    away = False
    await bot.peer.until(lambda: len(bot.peer.made("sendPhoto")) == len(people), within_s=20)
    assert bot.peer.made("sendMessage") == []
