"""Where a request may stand: any caption of an album, a caption that was edited, a reply to a photo of another chat."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.bot.conftest import RunningBot
from tests.telegram_peer import Json, Person

pytestmark = pytest.mark.parametrize("mode", ["polling"])

GROUP = Person(id=601, chat_id=-1001, chat_type="supergroup")
MENTION = {"caption": "@lookalike_bot who?", "caption_entities": [{"type": "mention", "offset": 0, "length": 14}]}
MATCH = {"caption": "/match", "caption_entities": [{"type": "bot_command", "offset": 0, "length": 6}]}
COMPARE = {"caption": "/compare", "caption_entities": [{"type": "bot_command", "offset": 0, "length": 8}]}


def settle(bot: RunningBot) -> None:
    for person in (501, 601):
        bot.parts.jobs.told.first_time(person)


async def send_album(bot: RunningBot, person: Person, captions: list[Json]) -> list[Json]:
    """Photos of one album with these captions."""
    return [
        await bot.peer.send(
            person,
            {"photo": [bot.peer.add_file(b"faces=1") | {"width": 9, "height": 9}], "media_group_id": "g"} | caption,
        )
        for caption in captions
    ]


@pytest.mark.parametrize("request_", [MATCH, MENTION], ids=["match", "mention"])
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_request_counts_on_whichever_picture_of_an_album_it_stands(
    bot: RunningBot, request_: Json, place: int
) -> None:
    settle(bot)
    captions: list[Json] = [{"caption": "on the beach"}, {"caption": "and in the evening"}, {}]
    captions[place] = request_
    sent = await send_album(bot, GROUP, captions)
    answers = await bot.peer.until_sent(3)
    assert [a.params["reply_parameters"]["message_id"] for a in answers] == [m["message_id"] for m in sent]


async def test_a_comparison_may_be_asked_for_by_the_second_caption_of_an_album(bot: RunningBot) -> None:
    settle(bot)
    await send_album(bot, bot.ann, [{"caption": "my brother"}, COMPARE])
    (card,) = await bot.peer.until_sent(1)
    assert "this is no proof" in card.text


@pytest.mark.parametrize("edit", [MATCH, MENTION], ids=["match", "mention"])
async def test_a_caption_that_becomes_a_request_is_answered_once(bot: RunningBot, edit: Json) -> None:
    settle(bot)
    message = await bot.peer.send_photo(GROUP, b"faces=1", caption="nice")
    await bot.peer.edit(message, {"caption": "very nice"})
    await bot.peer.edit(message, edit)
    (card,) = await bot.peer.until_sent(1)
    assert card.params["reply_parameters"]["message_id"] == message["message_id"]
    await bot.peer.edit(message, edit | {"caption": edit["caption"] + " please"})
    await asyncio.sleep(0.2)
    assert len(bot.peer.sent()) == 1


async def test_a_caption_that_becomes_a_comparison_asks_for_the_second_photo(bot: RunningBot) -> None:
    settle(bot)
    message = await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    await bot.peer.edit(message, COMPARE)
    assert "second photo" in (await bot.peer.until_sent(2))[1].text
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert "this is no proof" in (await bot.peer.until_sent(3))[2].text


async def test_an_old_message_that_telegram_reports_as_edited_is_left_alone(bot: RunningBot) -> None:
    settle(bot)
    message = await bot.peer.send_photo(GROUP, b"faces=1")
    await bot.peer.edit(message, MATCH | {"date": message["date"] - 7200})
    await bot.peer.edit(await bot.peer.send_photo(GROUP, b"faces=1"), MATCH)
    await bot.peer.until_sent(1)
    await asyncio.sleep(0.1)
    assert len(bot.peer.sent()) == 1


def elsewhere(bot: RunningBot, kind: str) -> Json:
    """What a message holds that replies to a photo of another chat."""
    file = bot.peer.add_file(b"faces=2")
    held: dict[str, Any] = {
        "photo": {"photo": [file | {"width": 1280, "height": 960}]},
        "file": {"document": file | {"file_name": "me.png", "mime_type": "image/png"}},
        "sticker": {
            "sticker": file | {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        },
    }
    origin = {"type": "user", "date": 1, "sender_user": {"id": 7, "is_bot": False, "first_name": "X"}}
    return {
        "external_reply": {"origin": origin, "chat": {"id": -1005, "type": "supergroup", "title": "o"}} | held[kind]
    }


def command(name: str) -> Json:
    return {"text": name, "entities": [{"type": "bot_command", "offset": 0, "length": len(name)}]}


@pytest.mark.parametrize("kind", ["photo", "file", "sticker"])
async def test_match_in_reply_to_a_photo_of_another_chat_is_answered(bot: RunningBot, kind: str) -> None:
    settle(bot)
    asked = await bot.peer.send(bot.ann, command("/match") | elsewhere(bot, kind))
    (picker,) = await bot.peer.until_sent(1)
    assert picker.params["reply_parameters"]["message_id"] == asked["message_id"]
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "2")
    assert (await bot.peer.until_sent(2))[1].text.startswith("Face 2 of 2")


async def test_a_photo_of_another_chat_is_compared_with_one_s_own(bot: RunningBot) -> None:
    settle(bot)
    await bot.peer.send(bot.ann, command("/compare") | elsewhere(bot, "photo"))
    await bot.peer.until_sent(1)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    album, card = (await bot.peer.until_sent(3))[1:]
    assert album.method == "sendMediaGroup"
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "A2")
    assert "Face 2 of the first" in (await bot.peer.until_sent(4))[3].text
    assert card.method == "sendPhoto"


async def test_an_own_photo_and_the_one_of_another_chat_it_replies_to_are_kept_apart(bot: RunningBot) -> None:
    settle(bot)
    own = {"photo": [bot.peer.add_file(b"faces=1") | {"width": 9, "height": 9}]}
    await bot.peer.send(bot.ann, own | COMPARE | elsewhere(bot, "photo"))
    await bot.peer.until_sent(2)
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "A2")
    assert "Face 2 of the first photo with face 1 of the second" in (await bot.peer.until_sent(3))[2].text


async def test_a_photo_of_another_chat_counts_in_a_topic_whose_start_telegram_names_too(bot: RunningBot) -> None:
    settle(bot)
    start = {"message_id": 77, "date": 1, "chat": GROUP.chat, "forum_topic_created": {"name": "t", "icon_color": 1}}
    topic = Person(id=601, chat_id=-1001, chat_type="supergroup", thread=77)
    await bot.peer.send(topic, command("/match") | elsewhere(bot, "photo"), reply_to=start)
    assert (await bot.peer.until_sent(1))[0].method == "sendPhoto"


async def test_words_to_the_bot_about_a_photo_of_another_chat_are_answered_with_its_card(bot: RunningBot) -> None:
    """Telegram sends no reply to another chat without words; in groups a mention makes them the bot's."""
    settle(bot)
    await bot.peer.send(bot.ann, {"text": "who is that?"} | elsewhere(bot, "photo"))
    mention = {"text": "@lookalike_bot who?", "entities": MENTION["caption_entities"]}
    await bot.peer.until_sent(1)
    await bot.peer.send(GROUP, mention | elsewhere(bot, "photo"))
    await bot.peer.send(GROUP, {"text": "who is that?"} | elsewhere(bot, "photo"))
    assert [(c.method, c.chat) for c in await bot.peer.until_sent(2)] == [("sendPhoto", 501), ("sendPhoto", -1001)]
    await asyncio.sleep(0.1)
    assert len(bot.peer.sent()) == 2


async def test_words_about_an_answer_are_no_photo(bot: RunningBot) -> None:
    settle(bot)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    await bot.peer.send(bot.ann, {"text": "thank you"}, reply_to=bot.peer.last_message(bot.ann.id))
    assert (await bot.peer.until_sent(2))[1].method == "sendMessage"


@pytest.mark.parametrize("second", [command("/compare"), {"text": "and this"}], ids=["the command again", "words"])
@pytest.mark.parametrize("first", ["photo", None], ids=["pointed at", "asked for"])
async def test_both_photos_of_a_comparison_may_be_of_another_chat(
    bot: RunningBot, first: str | None, second: Json
) -> None:
    settle(bot)
    await bot.peer.send(bot.ann, command("/compare") | (elsewhere(bot, first) if first else {}))
    await bot.peer.until_sent(1)
    if first is None:
        await bot.peer.send(bot.ann, {"text": "this"} | elsewhere(bot, "photo"))
    else:
        await bot.peer.say(bot.ann, "no photo")
    assert (await bot.peer.until_sent(2))[1].method == "sendMessage"
    await bot.peer.send(bot.ann, second | elsewhere(bot, "photo"))
    assert [c.method for c in (await bot.peer.until_sent(4))[2:]] == ["sendMediaGroup", "sendPhoto"]


@pytest.mark.parametrize("text", ["/match", "/compare"])
async def test_a_command_that_was_deleted_at_once_is_answered_all_the_same(bot: RunningBot, text: str) -> None:
    """Telegram takes the wish to answer without the reply only inside of reply_parameters."""
    settle(bot)
    update = await bot.peer.say(GROUP, text)
    bot.peer.messages.pop((-1001, update["message_id"]))
    (answer,) = await bot.peer.until_sent(1)
    reply = answer.params["reply_parameters"]
    assert (reply["message_id"], reply["allow_sending_without_reply"]) == (update["message_id"], True)


async def test_an_error_is_told_also_to_whoever_deleted_the_message(bot: RunningBot) -> None:
    settle(bot)
    message = await bot.peer.send_photo(bot.ann, b"boom slow=0.3")
    await bot.peer.until(lambda: bot.peer.made("getFile"))
    bot.peer.messages.pop((501, message["message_id"]))
    assert "went wrong" in (await bot.peer.until_sent(1))[0].text
