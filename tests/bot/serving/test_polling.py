"""Polling: one bad update stops nobody, a full bot stops in time, and the offset counts what was taken, no more."""

from __future__ import annotations

import asyncio
import io
import time
from collections import deque
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramUnauthorizedError
from aiogram.types import Update

from bot.serving.intake import Intake
from lookalike.serving.fair_queue import FairQueue
from lookalike.serving.metrics import Stats
from tests.bot.conftest import RunningBot, StartBot, running_bot
from tests.telegram_peer import TOKEN, Fault

FROM_THE_FUTURE = {"text": "my secret words", "forward_origin": {"type": "moon", "date": 1}}


@pytest.fixture
def mode() -> str:
    return "polling"


def settle(bot: RunningBot) -> None:
    bot.parts.desk.told.first_time(bot.ann.id)


async def test_an_update_that_can_not_be_read_is_left_out_and_the_others_are_answered(
    bot: RunningBot, log_text: io.StringIO
) -> None:
    settle(bot)
    await bot.peer.send(bot.boris, FROM_THE_FUTURE)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.send(bot.boris, FROM_THE_FUTURE)
    (answer,) = await bot.peer.until_sent(1)
    assert answer.chat == bot.ann.id
    await bot.peer.until(lambda: bot.peer.confirmed == 1003)
    assert "an update of an unknown shape" in log_text.getvalue()
    assert "update_id=1000" in log_text.getvalue()
    assert "no updates" not in log_text.getvalue()
    for private in ("my secret words", "P502", "502"):
        assert private not in log_text.getvalue()


async def test_an_answer_that_is_no_list_of_updates_is_asked_for_again_and_not_logged(
    bot: RunningBot, log_text: io.StringIO
) -> None:
    settle(bot)
    honest = bot.peer._on_getUpdates
    odd: deque[Any] = deque([{"text": "my secret words"}, [{"text": "my secret words"}, "my secret words"]])

    async def sometimes(call: Any) -> Any:
        return odd.popleft() if odd else await honest(call)

    bot.peer._on_getUpdates = sometimes  # type: ignore[method-assign]
    await bot.peer.send_photo(bot.ann, b"faces=1")  # ends the question under way
    await bot.peer.until_sent(1)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(2)
    assert not odd
    assert log_text.getvalue().count("detail=ValidationError") == 2
    assert "my secret words" not in log_text.getvalue()


async def test_an_update_that_can_not_be_read_does_not_spoil_the_stop(start_bot: StartBot) -> None:
    bot = await start_bot()
    settle(bot)
    await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.6")
    await bot.peer.until(lambda: bot.peer.made("setMessageReaction"))
    bot.stop.set()
    await bot.peer.send(bot.boris, FROM_THE_FUTURE)  # the confirming call finds it
    await bot.end()
    assert [call.method for call in bot.peer.sent()] == ["sendPhoto"]
    assert bot.peer.confirmed == 1001


async def test_what_was_taken_is_finished_when_the_token_is_withdrawn() -> None:
    async def withdrawn() -> None:
        async with running_bot("polling") as bot:
            settle(bot)
            await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.6")
            await bot.peer.until(lambda: bot.peer.made("setMessageReaction"))
            bot.peer.faults["getUpdates"] = deque([Fault("error", 401, "Unauthorized")])
            await bot.peer.send(bot.boris, FROM_THE_FUTURE)  # ends the question under way
            await asyncio.wait({bot.task}, timeout=10)
            assert [call.method for call in bot.peer.sent()] == ["sendPhoto"]

    with pytest.raises(TelegramUnauthorizedError):
        await withdrawn()


async def test_a_full_bot_stops_in_time_and_leaves_the_rest_to_the_next_start(start_bot: StartBot) -> None:
    bot = await start_bot(updates_at_once=2, stop_s=5.0, rate_burst=100)
    settle(bot)
    await asyncio.gather(*(bot.peer.send_photo(bot.ann, b"faces=1 slow=0.4") for _ in range(24)))
    await bot.peer.until(lambda: bot.peer.made("sendPhoto"))
    asked = time.monotonic()
    await bot.end()
    assert time.monotonic() - asked < 3, "24 photos would take 5 seconds"
    answered = len(bot.peer.made("sendPhoto"))
    assert answered < 10
    assert bot.peer.confirmed == 1000 + answered, "neither more, which would be lost, nor less, which would come twice"


async def test_an_update_that_found_no_place_is_not_taken_for_seen() -> None:
    class Held(Dispatcher):
        async def feed_update(self, bot: Bot, update: Update, **kwargs: Any) -> None:
            await release.wait()

    release = asyncio.Event()
    client = Bot(TOKEN)
    intake = Intake(Held(), FairQueue(slots=1, length=1), Stats(), at_once=1)
    assert await intake.take(client, Update(update_id=1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(intake.take(client, Update(update_id=2)), 0.05)
    release.set()
    assert await intake.take(client, Update(update_id=2))
    assert not await intake.take(client, Update(update_id=2))
    await intake.drain(deadline_s=1)
    assert not intake.full
