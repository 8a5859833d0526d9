"""What a chat does not let the bot do: send photos, write at all, show an answer to one person alone."""

from __future__ import annotations

import asyncio
import io

import pytest

from tests.bot.conftest import RunningBot, StartBot
from tests.telegram_peer import Person

pytestmark = pytest.mark.parametrize("mode", ["polling"])

GROUP = Person(id=601, chat_id=-1001, chat_type="supergroup")
NO_PHOTOS = (
    "Bad Request: not enough rights to send photos to the chat",
    "Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN",
    "Bad Request: CHAT_SEND_MEDIA_FORBIDDEN",
)
NO_WORDS = (
    (400, "Bad Request: have no rights to send a message"),
    (400, "Bad Request: not enough rights to send text messages to the chat"),
    (400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
    (400, "Bad Request: TOPIC_CLOSED"),
    (403, "Forbidden: bot was kicked from the supergroup chat"),
)


def settle(bot: RunningBot) -> None:
    for person in (501, 601):
        bot.parts.jobs.told.first_time(person)


@pytest.mark.parametrize("why", NO_PHOTOS)
@pytest.mark.parametrize("photo", [b"faces=1", b"faces=2"])
async def test_a_chat_that_forbids_photos_is_told_in_words(bot: RunningBot, why: str, photo: bytes) -> None:
    settle(bot)
    bot.peer.forbid(-1001, "sendPhoto sendMediaGroup", why)
    message = await bot.peer.send_photo(GROUP, photo, caption="/match")
    (answer,) = await bot.peer.until_sent(1)
    assert "may not send photos" in answer.text
    assert answer.params["reply_parameters"]["message_id"] == message["message_id"]
    assert bot.parts.jobs.stats.failed["error"] == 0


async def test_the_help_of_a_chat_that_forbids_photos_says_so(bot: RunningBot) -> None:
    bot.peer.forbid(-1001, "sendPhoto", NO_PHOTOS[0])
    await bot.peer.say(GROUP, "/help")
    assert "may not send photos" in (await bot.peer.until_sent(1))[0].text


@pytest.mark.parametrize(("code", "why"), NO_WORDS)
async def test_a_chat_in_which_nothing_can_be_said_is_left_in_silence(
    bot: RunningBot, log_text: io.StringIO, code: int, why: str
) -> None:
    settle(bot)
    bot.peer.forbid(-1001, "sendMessage sendPhoto", why, code=code)
    await bot.peer.send_photo(GROUP, b"faces=1", caption="/match")
    await bot.peer.say(GROUP, "/match")
    await bot.peer.until(lambda: bot.peer.made("getFile"))
    await asyncio.sleep(0.2)
    assert bot.peer.sent() == []
    assert bot.parts.jobs.stats.failed["error"] == 0
    assert "Traceback" not in log_text.getvalue()


async def test_a_notice_that_may_not_be_sent_does_not_cost_the_card(bot: RunningBot) -> None:
    """Texts are forbidden, photos are not; the person is new, so that a notice comes first."""
    bot.peer.forbid(-1001, "sendMessage", "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN")
    await bot.peer.send_photo(GROUP, b"faces=1", caption="/match")
    (card,) = await bot.peer.until_sent(1)
    assert card.method == "sendPhoto"


REFUSALS = ("USER_NOT_PARTICIPANT", "PEER_ID_INVALID", "message can't be ephemeral here")


@pytest.mark.parametrize("why", REFUSALS)
@pytest.mark.parametrize("photo", [b"faces=1", b"faces=2", b"faces=0"])
async def test_an_answer_that_can_not_be_shown_to_its_asker_alone_is_shown_to_nobody(
    start_bot: StartBot, why: str, photo: bytes
) -> None:
    bot = await start_bot(group_answers="ephemeral")
    bot.peer.no_ephemeral = why
    await bot.peer.send_photo(GROUP, photo, caption="/match")
    (sentence,) = await bot.peer.until_sent(1)
    assert sentence.method == "sendMessage"
    assert "in a private chat" in sentence.text
    await asyncio.sleep(0.1)
    assert len(bot.peer.sent()) == 1


async def test_one_sentence_stands_for_a_whole_comparison_that_can_not_be_shown(start_bot: StartBot) -> None:
    bot = await start_bot(group_answers="ephemeral")
    settle(bot)
    bot.peer.no_ephemeral = REFUSALS[0]
    await bot.peer.send_photo(GROUP, b"faces=2", group="g", caption="/compare")
    await bot.peer.send_photo(GROUP, b"faces=2", group="g")
    await bot.peer.until_sent(1)
    await bot.peer.until(lambda: len(bot.peer.made("getFile")) == 2)
    await asyncio.sleep(0.2)
    assert [call.method for call in bot.peer.sent()] == ["sendMessage"]


async def test_a_server_that_does_not_know_ephemeral_messages_shows_nothing_for_long(start_bot: StartBot) -> None:
    """It ignores the parameter, so that everybody sees the card: it is taken back at once."""
    bot = await start_bot(group_answers="ephemeral")
    settle(bot)
    bot.peer.ephemeral_unknown = True
    await bot.peer.send_photo(GROUP, b"faces=1", caption="/match")
    card, sentence = await bot.peer.until_sent(2)
    assert (card.method, sentence.method) == ("sendPhoto", "sendMessage")
    assert len(bot.peer.made("deleteMessage")) == 1


async def test_an_anonymous_administrator_is_answered_with_the_sentence(start_bot: StartBot) -> None:
    """`from` is a stand-in of Telegram's: nothing can be shown to it."""
    bot = await start_bot(group_answers="ephemeral")
    photo = bot.peer.add_file(b"faces=1") | {"width": 9, "height": 9}
    stand_in = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    body = {
        "photo": [photo],
        "caption": "/match",
        "caption_entities": [{"type": "bot_command", "offset": 0, "length": 6}],
    }
    await bot.peer.send(GROUP, body | {"from": stand_in, "sender_chat": GROUP.chat})
    (sentence,) = await bot.peer.until_sent(1)
    assert "in a private chat" in sentence.text
