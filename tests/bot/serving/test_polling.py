"""Polling: one bad update stops nobody, a full bot stops in time, and the offset counts what is settled, no more."""

from __future__ import annotations

import asyncio
import io
import time
from collections import deque
from typing import Any

import pytest
from aiogram.exceptions import TelegramUnauthorizedError

from tests.bot.conftest import RunningBot, StartBot, running_bot
from tests.telegram_peer import Fault, Json, Person

FROM_THE_FUTURE = {"text": "my secret words", "forward_origin": {"type": "moon", "date": 1}}


@pytest.fixture
def mode() -> str:
    return "polling"


def settle(bot: RunningBot) -> None:
    bot.parts.jobs.told.first_time(bot.ann.id)


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


async def test_the_offset_stays_at_the_oldest_update_that_is_not_settled(bot: RunningBot) -> None:
    settle(bot)
    bot.parts.jobs.told.first_time(bot.boris.id)
    await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.8")
    await bot.peer.send_photo(bot.boris, b"faces=1")
    (first,) = await bot.peer.until_sent(1)
    assert first.chat == bot.boris.id
    await asyncio.sleep(0.3)
    assert bot.peer.confirmed <= 1000, "a bot that is killed now would have lost a photo"
    await bot.peer.until(lambda: bot.peer.confirmed == 1002)
    assert len(bot.peer.made("sendPhoto")) == 2


async def test_what_is_shown_again_is_not_done_again(bot: RunningBot) -> None:
    settle(bot)
    await bot.peer.say(bot.boris, "/settings")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.boris.id)
    await bot.peer.send_photo(bot.ann, b"faces=1 slow=1.0")
    await bot.peer.press_data(bot.boris, message, "s:theme:dark")
    await bot.peer.say(bot.boris, "/privacy")
    await bot.peer.until(lambda: bot.peer.confirmed == 1004)
    assert len(bot.peer.made("getUpdates")) >= 3, "the press was shown several times"
    assert len(bot.peer.made("answerCallbackQuery")) == 1
    assert len(bot.peer.made("editMessageText")) == 1
    assert len(bot.peer.made("sendMessage")) == 2


async def test_more_than_a_hundred_updates_are_seen_through_a_window_of_a_hundred(start_bot: StartBot) -> None:
    bot = await start_bot()
    settle(bot)
    await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.5")
    people = [Person(id=2000 + number) for number in range(130)]
    for person in people:
        await bot.peer.say(person, "/privacy")
    await bot.peer.until(lambda: len(bot.peer.made("sendMessage")) == len(people), within_s=20)
    await bot.peer.until(lambda: bot.peer.confirmed == 1131)
    assert {call.chat for call in bot.peer.made("sendMessage")} == {person.id for person in people}


async def test_an_album_is_settled_as_one(bot: RunningBot) -> None:
    settle(bot)
    for _ in range(3):
        await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.5", group="album")
    await bot.peer.until_sent(1)
    assert bot.peer.confirmed <= 1000
    await bot.peer.until(lambda: bot.peer.confirmed == 1003)
    assert len(bot.peer.made("sendPhoto")) == 3


async def test_what_waits_for_telegram_makes_room_where_it_is_crowded(
    start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.serving.polling.CROWDED", 4)
    monkeypatch.setattr("bot.serving.intake.LAST_WORDS_S", 0.2)
    bot = await start_bot(stop_s=0.1)
    settle(bot)
    waits = Fault("error", 429, "Too Many Requests: retry after 40", {"retry_after": 40})
    bot.peer.faults["sendPhoto"] = deque([waits])
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until(lambda: not bot.peer.faults["sendPhoto"] or len(bot.peer.made("getFile")) == 2, within_s=1)
    for number in range(4):
        await bot.peer.say(Person(id=3000 + number), "/privacy")
    await bot.peer.until(lambda: bot.peer.confirmed == 1005)
    assert bot.ann.id in bot.parts.journal.debts
    assert "file_id" not in repr(bot.parts.journal.debts)


async def test_a_chat_that_telegram_kept_from_an_answer_is_told_when_it_may(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(bot)
    monkeypatch.setattr("bot.serving.owed.LONGEST_FLOOD_S", 1.0)
    waits = Fault("error", 429, "Too Many Requests: retry after 3000", {"retry_after": 3000})
    bot.peer.faults["sendPhoto"] = deque([waits])
    bot.peer.faults["sendMessage"] = deque([waits, waits])
    message = await bot.peer.send_photo(bot.ann, b"faces=1")
    (told,) = await bot.peer.until_sent(1)
    assert "send it again" in told.text
    assert told.params["reply_parameters"]["message_id"] == message["message_id"]
    await bot.peer.until(lambda: bot.peer.confirmed == 1001)
    assert not bot.parts.intake.owed


@pytest.mark.parametrize("retry_after", [-1, 100_000])
async def test_a_wait_that_get_updates_asks_for_is_believed_within_bounds(
    bot: RunningBot, monkeypatch: pytest.MonkeyPatch, retry_after: int
) -> None:
    monkeypatch.setattr("bot.serving.polling.LONGEST_WAIT_S", 1.0)
    settle(bot)
    asked = 0

    async def rule(method: str, _params: Json) -> Fault | None:
        nonlocal asked
        if method != "getUpdates":
            return None
        asked += 1
        return Fault("error", 429, "Too Many Requests", {"retry_after": retry_after}) if asked <= 2 else None

    bot.peer.rule = rule
    start = time.monotonic()
    await bot.peer.send_photo(bot.ann, b"faces=1")  # ends the question under way
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(2, within_s=10)
    assert asked <= 3 + 5 * (time.monotonic() - start), "not as fast as it can"


async def test_empty_answers_that_come_at_once_are_not_asked_for_without_end(bot: RunningBot) -> None:
    honest = bot.peer._on_getUpdates
    empty = True

    async def at_once(call: Any) -> Any:
        return [] if empty else await honest(call)

    bot.peer._on_getUpdates = at_once  # type: ignore[method-assign]
    await bot.peer.say(bot.ann, "/privacy")  # ends the question under way
    await asyncio.sleep(1.5)
    assert len(bot.peer.made("getUpdates")) <= 8
    empty = False
    await bot.peer.say(bot.ann, "/start")
    await bot.peer.until(bot.peer.sent)


async def test_an_update_that_found_no_place_is_taken_when_there_is_one(start_bot: StartBot) -> None:
    bot = await start_bot(updates_at_once=1)
    for person in (bot.ann, bot.boris):
        bot.parts.jobs.told.first_time(person.id)
        await bot.peer.send_photo(person, b"faces=1 slow=0.2")
    await bot.peer.until(lambda: bot.parts.intake.full)
    assert {call.chat for call in await bot.peer.until_sent(2)} == {bot.ann.id, bot.boris.id}
    assert bot.reader.most_at_once == 1
