"""What goes wrong between Telegram and the bot: nothing is lost, nobody is left without an answer."""

from __future__ import annotations

from collections import deque

import pytest

from tests.bot.conftest import RunningBot, StartBot, running_bot
from tests.telegram_peer import Fault


def settle(bot: RunningBot) -> None:
    bot.parts.jobs.told.first_time(bot.ann.id)


async def test_every_call_of_an_answer_may_fail_for_a_while(bot: RunningBot) -> None:
    settle(bot)
    bot.peer.faults = {
        "getFile": deque([Fault("error", 500), Fault("close")]),
        "download": deque([Fault("error", 500), Fault("close")]),
        "sendPhoto": deque([Fault("close"), Fault("error", 429, "Too Many", {"retry_after": 1}), Fault("error", 502)]),
        "setMessageReaction": deque([Fault("error", 400, "Bad Request: REACTION_INVALID")]),
        "sendChatAction": deque([Fault("close")]),
    }
    for _ in range(3):
        await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until(lambda: len(bot.peer.made("sendPhoto")) == 3, within_s=30)
    assert all("in the queue" in call.text for call in bot.peer.made("sendMessage"))


async def test_a_connection_that_stalls_is_given_up_and_tried_again(bot: RunningBot) -> None:
    settle(bot)
    bot.peer.faults["sendPhoto"] = deque([Fault("stall", stall_s=1.0)])
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert (await bot.peer.until_sent(1, within_s=15))[0].method == "sendPhoto"


async def test_photos_that_can_not_be_fetched_get_a_sentence(bot: RunningBot) -> None:
    settle(bot)
    bot.peer.faults["download"] = deque([Fault("close")] * 4)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert "could not get this photo" in (await bot.peer.until_sent(1, within_s=20))[0].text
    message = await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(2)
    del bot.peer.files[message["photo"][1]["file_id"]]
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "Why these?")
    assert "does not have this photo any more" in (await bot.peer.until_sent(3))[2].text


async def test_somebody_who_blocked_the_bot_does_not_disturb_others(bot: RunningBot) -> None:
    settle(bot)
    bot.parts.jobs.told.first_time(bot.boris.id)
    bot.peer.faults["sendPhoto"] = deque([Fault("error", 403, "Forbidden: bot was blocked by the user")])
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until(lambda: not bot.peer.faults["sendPhoto"] or bot.peer.made("getFile"))
    await bot.peer.until(lambda: bot.peer.made("sendChatAction"))
    await bot.peer.send_photo(bot.boris, b"faces=1")
    (answer,) = await bot.peer.until_sent(1)
    assert answer.chat in {bot.ann.id, bot.boris.id}


async def test_an_answer_that_is_gone_before_its_edit_is_sent_anew(bot: RunningBot) -> None:
    settle(bot)
    await bot.peer.send_photo(bot.ann, b"faces=2")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    shown = bot.peer.messages.pop((bot.ann.id, message["message_id"]))
    await bot.peer.press_data(bot.ann, shown, "f:2:0:a")
    sent = (await bot.peer.until_sent(2))[1]
    assert sent.method == "sendPhoto"
    assert sent.text.startswith("Face 2 of 2")


async def test_the_same_button_twice_is_no_error(bot: RunningBot) -> None:
    settle(bot)
    await bot.peer.say(bot.ann, "/settings")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    for _ in range(2):
        await bot.peer.press(bot.ann, message, "✓ English")
    await bot.peer.until(lambda: len(bot.peer.made("answerCallbackQuery")) == 2)
    assert len(bot.peer.sent()) <= 2
    assert bot.parts.jobs.stats.failed["error"] == 0


async def test_a_telegram_that_is_not_there_yet_is_waited_for(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.serving.lifecycle.AGAIN_S", 0.1)
    monkeypatch.setattr("bot.telegram.retry.FIRST_PAUSE_S", 0.001)
    faults = {name: deque([Fault("close")] * 12) for name in ("getMe", "deleteWebhook", "getWebhookInfo")}
    async with running_bot(mode, faults=faults) as bot:
        await bot.peer.say(bot.ann, "/start")
        await bot.peer.until_sent(1)


async def test_polling_outlives_every_failure_of_get_updates(start_bot: StartBot, mode: str) -> None:
    bot = await start_bot()
    settle(bot)
    if mode == "polling":
        bot.peer.faults["getUpdates"] = deque(
            [Fault("error", 500), Fault("close"), Fault("error", 429, "Flood", {"retry_after": 1}), Fault("error", 409)]
        )
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert len(await bot.peer.until_sent(2, within_s=30)) == 2
