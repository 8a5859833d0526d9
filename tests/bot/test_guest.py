"""Guest mode: one text for a photo that its asker sent, in a chat that the bot is not in."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pydantic import ValidationError

from lookalike.settings import Settings
from tests.bot.conftest import RunningBot, running_bot
from tests.telegram_peer import Person

ANN = Person(id=501, chat_id=-100900, chat_type="supergroup")
CALLED: dict[str, Any] = {"text": "@lookalike_bot", "entities": [{"type": "mention", "offset": 0, "length": 14}]}


def a_photo(bot: RunningBot, data: bytes, sender: Person) -> dict[str, Any]:
    photo = [bot.peer.add_file(data) | {"width": 1280, "height": 960}]
    return {"message_id": 7, "date": 1, "chat": sender.chat, "from": sender.user, "photo": photo}


async def answers(bot: RunningBot, count: int = 1) -> list[str]:
    await bot.peer.until(lambda: len(bot.peer.made("answerGuestQuery")) >= count)
    return [
        call.params["result"]["input_message_content"]["message_text"] for call in bot.peer.made("answerGuestQuery")
    ]


async def test_an_asker_s_own_photo_is_answered_in_text_and_nothing_else_is_sent() -> None:
    async with running_bot("polling", guest_mode=True) as bot:
        await bot.peer.mention(ANN, CALLED, reply_to=a_photo(bot, b"faces=1", ANN))
        said = (await answers(bot))[0]
        assert said.startswith("<b>Is that you?</b>")
        assert "1. " in said
        await bot.peer.mention(ANN, {"caption": "@lookalike_bot", "photo": a_photo(bot, b"faces=5", ANN)["photo"]})
        several = (await answers(bot, 2))[1]
        assert several.count("<b>Face") == 3
        assert "from left to right" in several
        assert bot.peer.sent() == []
        assert bot.peer.made("setMessageReaction") == []


@pytest.mark.parametrize("whose", ["another's", "forwarded", "none", "unreadable"])
async def test_what_is_not_the_asker_s_own_photo_is_not_looked_at(whose: str) -> None:
    async with running_bot("polling", guest_mode=True) as bot:
        boris = Person(id=502, chat_id=-100900, chat_type="supergroup")
        holder: dict[str, Any] | None = a_photo(bot, b"faces=1", boris if whose == "another's" else ANN)
        if whose == "forwarded":
            origin = {"type": "hidden_user", "date": 1, "sender_user_name": "Somebody"}
            holder = {**(holder or {}), "forward_origin": origin}
        if whose == "unreadable":
            holder = a_photo(bot, b"text", ANN)
        await bot.peer.mention(ANN, CALLED, reply_to=None if whose == "none" else holder)
        said = (await answers(bot))[0]
        words = {"none": "that you sent yourself, and I will", "unreadable": ""}.get(whose, "Everybody here sees")
        assert words in said
        assert "Is that you?" not in said
        assert len(bot.peer.made("getFile")) == (1 if whose == "unreadable" else 0)


async def test_without_the_owner_s_consent_telegram_is_not_asked_for_mentions() -> None:
    for on in (False, True):
        async with running_bot("polling", guest_mode=on) as bot:
            await bot.peer.say(bot.ann, "/start")
            await bot.peer.until_sent(1)
            asked = bot.peer.made("getUpdates")[0].params["allowed_updates"]
            assert ("guest_message" in asked) is on


async def test_the_page_has_a_button_inside_telegram_in_private_and_a_link_in_groups() -> None:
    async with running_bot("polling", page="https://look.example.org/") as bot:
        await bot.peer.say(bot.ann, "/start")
        await bot.peer.say(ANN, "/start@lookalike_bot")
        private, group = await bot.peer.until_sent(2)
        assert private.params["reply_markup"]["inline_keyboard"][-1][0]["web_app"] == {
            "url": "https://look.example.org/"
        }
        assert group.params["reply_markup"]["inline_keyboard"][-1][0]["url"] == "https://look.example.org/"
    with pytest.raises(ValidationError, match="public https:// address"):
        Settings(web_url="http://10.0.0.2:8000")


async def test_a_press_is_answered_within_0_3_s_beyond_the_download() -> None:
    """Both what ends the button's waiting and the card itself, with a reader and a painter that cost nothing."""
    async with running_bot("polling") as bot:
        bot.parts.jobs.told.first_time(bot.ann.id)
        await bot.peer.send_photo(bot.ann, b"faces=3")
        await bot.peer.until_sent(1)
        bot.peer.drip_s = 0.1
        waits, downloads = [], 4 * 0.1  # seven bytes come two at a time, with a pause after each
        for button in ("2", "Women", "« Numbered photo"):
            before = len(bot.peer.sent())
            answered = len(bot.peer.made("answerCallbackQuery"))
            asked = time.monotonic()
            await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), button)
            shown = (await bot.peer.until_sent(before + 1))[-1]
            assert bot.peer.made("answerCallbackQuery")[answered].at - asked < 0.3
            waits.append(shown.at - asked - downloads)
        assert max(waits) < 0.3, waits
