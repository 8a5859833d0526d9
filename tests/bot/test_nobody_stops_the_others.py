"""One person, or a few, with more than they should send: whoever else sends a photo has an answer within seconds.

Numbers are smaller than an attacker's; what they wait for is scaled down with them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

import pytest

from tests.bot.conftest import RunningBot, StartBot
from tests.telegram_peer import Fault, Json, Person

STRANGER = Person(id=900)
FLOOD = Fault("error", 429, "Too Many Requests: retry after 40", {"retry_after": 40})
SOON_S = 3.0


@pytest.fixture(autouse=True)
def few_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.serving.intake.LAST_WORDS_S", 0.2)


async def answered_soon(bot: RunningBot, person: Person = STRANGER) -> None:
    """A stranger's photo has its card before long."""
    bot.parts.jobs.told.first_time(person.id)
    start = time.monotonic()
    await bot.peer.send_photo(person, b"faces=1")
    await bot.peer.until(lambda: any(call.chat == person.id for call in bot.peer.made("sendPhoto")))
    assert time.monotonic() - start < SOON_S


def flooded(bot: RunningBot, *chats: int, methods: tuple[str, ...] = ("sendMessage", "sendPhoto")) -> list[str]:
    """Telegram makes these chats wait; returns the calls that it refused, as they come."""
    refused: list[str] = []

    async def rule(method: str, params: Json) -> Fault | None:
        if method in methods and int(params.get("chat_id", 0)) in chats:
            refused.append(method)
            return FLOOD
        return None

    bot.peer.rule = rule
    return refused


async def test_a_person_whose_chat_is_flooded_fills_no_place_of_others(start_bot: StartBot) -> None:
    bot = await start_bot(updates_at_once=50, stop_s=0.1)
    refused = flooded(bot, bot.ann.id)
    for _ in range(300):
        await bot.peer.say(bot.ann, "hi")
    await answered_soon(bot)
    assert not bot.parts.intake.full
    assert len(refused) <= 4, "its chat is not called again and again"


async def test_texts_of_one_person_do_not_make_a_stranger_wait(start_bot: StartBot) -> None:
    bot = await start_bot()

    async def slow(method: str, _params: Json) -> Fault | None:
        if method == "sendMessage":
            await asyncio.sleep(0.1)
        return None

    bot.peer.rule = slow
    for _ in range(500):
        await bot.peer.say(bot.ann, "hi")
    await answered_soon(bot)
    await asyncio.sleep(0.5)
    assert len(bot.peer.made("sendMessage")) <= bot.settings.talk_burst + 8, "the rest was refused with one sentence"


@pytest.mark.parametrize("refused", ["sendPhoto", "sendMessage"])
async def test_flooded_groups_hold_no_slot(start_bot: StartBot, refused: str) -> None:
    bot = await start_bot(queue_slots=2, stop_s=0.1)
    groups = [Person(id=600 + n, chat_id=-1000 - n, chat_type="supergroup") for n in range(4)]
    flooded(bot, *(group.chat_id for group in groups), methods=(refused,))
    for _ in range(2):
        for group in groups:
            await bot.peer.send_photo(group, b"faces=1", caption="/match")
    await bot.peer.until(lambda: len(bot.peer.made("setMessageReaction")) == 4)
    await answered_soon(bot)


async def test_stalled_downloads_hold_no_slot(start_bot: StartBot) -> None:
    bot = await start_bot(queue_slots=2, stop_s=0.1)
    bot.peer.faults["download"] = deque([Fault("close", stall_s=8.0)] * 2)
    for number in range(2):
        await bot.peer.send_photo(Person(id=600 + number), b"faces=1" + b" " * 1000)
    await bot.peer.until(lambda: len(bot.peer.made("getFile")) == 2)
    await asyncio.sleep(0.1)
    await answered_soon(bot)


async def test_presses_have_a_limit_and_one_sentence(start_bot: StartBot) -> None:
    bot = await start_bot(talk_burst=3, talk_per_minute=1)
    await bot.peer.say(bot.ann, "/settings")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    for number in range(8):
        await bot.peer.press_data(bot.ann, message, f"s:theme:{'dark' if number % 2 else 'light'}")
    await answered_soon(bot)
    alerts = [call for call in bot.peer.made("answerCallbackQuery") if call.params.get("text")]
    assert len(alerts) == 1
    assert "a lot at once" in str(alerts[0].params["text"])
    assert len(bot.peer.made("answerCallbackQuery")) <= 3


async def test_more_than_one_person_may_have_here_is_declined_with_one_sentence(start_bot: StartBot) -> None:
    bot = await start_bot(held_per_person=5, rate_burst=2, queue_slots=1)
    bot.parts.jobs.told.first_time(bot.ann.id)
    slow = Person(id=700)
    bot.parts.jobs.told.first_time(slow.id)
    await bot.peer.send_photo(slow, b"faces=1 slow=0.5")
    await bot.peer.until(lambda: bot.peer.made("setMessageReaction"))
    for _ in range(20):
        await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until(lambda: len(bot.peer.made("sendPhoto")) == 3)
    await asyncio.sleep(0.2)
    said = [call.text for call in bot.peer.sent(bot.ann.id) if call.method == "sendMessage"]
    assert sum("more at once than I can hold" in text for text in said) <= 1
    assert len(said) <= 2
    await answered_soon(bot)
