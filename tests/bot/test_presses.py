"""Presses of buttons: those that come late, those that choose people, those that take an answer away."""

from __future__ import annotations

import asyncio

import pytest

from tests.bot.conftest import RunningBot, StartBot
from tests.telegram_peer import Json, Person

pytestmark = pytest.mark.parametrize("mode", ["polling"])

GROUP = -1001
ASKER, SENDER, STRANGER = (Person(id=number, chat_id=GROUP, chat_type="supergroup") for number in (601, 602, 603))


def settle(bot: RunningBot) -> None:
    for person in (501, 502, 601, 602, 603):
        bot.parts.jobs.told.first_time(person)


PRESSES = {
    "a face": (b"faces=3", "2", "editMessageMedia"),
    "all faces": (b"faces=3", "Send all cards", "sendMediaGroup"),
    "the next eight": (b"faces=1", "Next eight »", "editMessageMedia"),
    "the explanation": (b"faces=1", "Why these?", "editMessageMedia"),
    "delete": (b"faces=1", "🗑", "deleteMessage"),
    "a page of the help": ("/help", "Next »", "editMessageMedia"),
    "a setting": ("/settings", "Dark cards", "editMessageText"),
}


@pytest.mark.parametrize(("said", "button", "done"), PRESSES.values(), ids=PRESSES)
async def test_a_press_that_came_too_late_to_be_answered_acts_all_the_same(
    bot: RunningBot, said: bytes | str, button: str, done: str
) -> None:
    settle(bot)
    await (bot.peer.send_photo(bot.ann, said) if isinstance(said, bytes) else bot.peer.say(bot.ann, said))
    await bot.peer.until_sent(1)
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), button, late=True)
    await bot.peer.until(lambda: bot.peer.made(done))
    assert bot.parts.jobs.stats.failed["error"] == 0


async def test_a_forged_setting_under_a_card_is_set_and_the_card_stays(bot: RunningBot) -> None:
    settle(bot)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    await bot.peer.press_data(bot.ann, bot.peer.last_message(bot.ann.id), "s:theme:dark")
    await bot.peer.until(lambda: bot.peer.made("answerCallbackQuery"))
    await asyncio.sleep(0.1)
    assert (await bot.parts.people.read(bot.ann.id)).theme == "dark"
    assert len(bot.peer.sent()) == 1
    assert bot.parts.jobs.stats.failed["error"] == 0


async def test_another_pair_of_faces_is_compared_by_a_late_press(bot: RunningBot) -> None:
    settle(bot)
    await bot.peer.send_photo(bot.ann, b"faces=2", group="g", caption="/compare")
    await bot.peer.send_photo(bot.ann, b"faces=2", group="g")
    await bot.peer.until_sent(2)
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "B2", late=True)
    assert "face 2 of the second" in (await bot.peer.until_sent(3))[2].text


async def test_what_a_window_would_say_to_a_late_press_is_said_as_a_message_in_private(bot: RunningBot) -> None:
    settle(bot)
    await bot.peer.send_photo(bot.ann, b"faces=2")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    shown = {name: value for name, value in message.items() if name != "reply_to_message"}
    for number, data in enumerate(("f:1:0:a", "p:1:1", "of another version"), start=2):
        await bot.peer.press_data(bot.ann, shown, data, late=True)
        await bot.peer.until_sent(number)
    words = [call.text for call in bot.peer.sent()[1:]]
    assert "photo of this answer is gone" in words[0]
    assert "comparison is over" in words[1]
    assert "older version" in words[2]


async def test_a_late_press_under_a_message_that_telegram_shows_no_more_is_answered_in_private(bot: RunningBot) -> None:
    settle(bot)
    await bot.peer.send_photo(bot.ann, b"faces=2")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    gone = {"chat": message["chat"], "message_id": message["message_id"], "date": 0}
    await bot.peer.press_data(bot.ann, gone, "f:1:0:a", late=True)
    assert "photo of this answer is gone" in (await bot.peer.until_sent(2))[1].text


async def test_women_shows_women_and_men_shows_men(bot: RunningBot) -> None:
    """In the gallery of the tests people with odd numbers are men, with even numbers women."""
    settle(bot)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    for number, (button, shown) in enumerate((("Women", "2 4 6 8"), ("Men", "1 3 5 7"), ("Everyone", "1 2 3 4")), 2):
        await bot.peer.press(bot.ann, message, button)
        card = (await bot.peer.until_sent(number))[-1]
        assert numbers(card.text)[:4] == shown.split(), button
        assert f"✓ {button}" in card.buttons


async def test_who_chose_women_in_the_settings_sees_women(bot: RunningBot) -> None:
    settle(bot)
    await bot.peer.say(bot.ann, "/settings")
    await bot.peer.until_sent(1)
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "Women")
    await bot.peer.until_sent(2)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert numbers((await bot.peer.until_sent(3))[-1].text)[:2] == ["2", "4"]


def numbers(caption: str) -> list[str]:
    """The numbers of the people that a card's caption names, in order."""
    return [line.split("No. ")[1].split(" ")[0] for line in caption.splitlines() if "No. " in line]


async def card_for_asker(bot: RunningBot) -> Json:
    """The answer that ASKER caused by replying /match to the photo of SENDER."""
    photo = await bot.peer.send_photo(SENDER, b"faces=1")
    await bot.peer.say(ASKER, "/match", reply_to=photo)
    await bot.peer.until_sent(1)
    return bot.peer.last_message(GROUP)


@pytest.mark.parametrize("person", [ASKER, SENDER], ids=["asker", "sender"])
async def test_whoever_asked_and_whoever_sent_the_photo_may_delete_an_answer(bot: RunningBot, person: Person) -> None:
    settle(bot)
    await bot.peer.press(person, await card_for_asker(bot), "🗑")
    await bot.peer.until(lambda: bot.peer.made("deleteMessage"))


@pytest.mark.parametrize("hidden", [False, True])
async def test_a_stranger_is_told_in_a_window_that_an_answer_is_not_theirs(bot: RunningBot, *, hidden: bool) -> None:
    """Also where the bot may not ask who is an administrator: nothing is said in public, and nothing is an error."""
    settle(bot)
    bot.peer.members_hidden = hidden
    await bot.peer.press(STRANGER, await card_for_asker(bot), "🗑")
    await bot.peer.until(lambda: bot.peer.made("answerCallbackQuery"))
    assert "Only whoever" in bot.peer.made("answerCallbackQuery")[0].params["text"]
    await asyncio.sleep(0.1)
    assert len(bot.peer.sent()) == 1
    assert bot.parts.jobs.stats.failed["error"] == 0


async def test_an_administrator_may_delete_any_answer(bot: RunningBot) -> None:
    settle(bot)
    bot.peer.admins = {STRANGER.id}
    await bot.peer.press(STRANGER, await card_for_asker(bot), "🗑")
    await bot.peer.until(lambda: bot.peer.made("deleteMessage"))


async def test_strangers_presses_on_delete_are_counted(start_bot: StartBot) -> None:
    bot = await start_bot(rate_burst=2, rate_per_minute=1.0)
    settle(bot)
    card = await card_for_asker(bot)
    for _ in range(6):
        await bot.peer.press(STRANGER, card, "🗑")
    await bot.peer.until(lambda: len(bot.peer.made("answerCallbackQuery")) == 6)
    assert len(bot.peer.made("getChatMember")) == 2
