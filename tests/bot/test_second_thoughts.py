"""People change their minds while the bot works: edits, deletions, limits in the midst of a comparison."""

from __future__ import annotations

import asyncio

from tests.bot.conftest import RunningBot, StartBot
from tests.telegram_peer import Person

ANN_IN_GROUP = Person(id=501, chat_id=-1001, chat_type="supergroup")
BORIS_IN_GROUP = Person(id=502, chat_id=-1001, chat_type="supergroup")
ADMIN = 1087968824  # GroupAnonymousBot: who writes for every group whose administrators stay anonymous


def told(bot: RunningBot, *people: int) -> None:
    for person in (501, 502, ADMIN, *people):
        bot.parts.jobs.told.first_time(person)


async def test_a_photo_changed_while_it_is_at_work_is_answered_too(bot: RunningBot) -> None:
    told(bot)
    message = await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.5")
    await bot.peer.until(lambda: bot.peer.made("setMessageReaction"))
    await bot.peer.edit(message, {"photo": [bot.peer.add_file(b"faces=2") | {"width": 1280, "height": 960}]})
    card, picker = await bot.peer.until_sent(2)
    assert "1. " in card.text
    assert "2 faces" in picker.text


async def test_a_file_changed_into_another_picture_is_answered_again(bot: RunningBot) -> None:
    told(bot)
    message = await bot.peer.send_document(bot.ann, b"faces=1", name="a.jpg", mime="image/jpg")
    await bot.peer.until_sent(1)
    file = bot.peer.add_file(b"faces=2") | {"file_name": "b.jpg", "mime_type": "image/jpeg"}
    await bot.peer.edit(message, {"document": file})
    _, picker = await bot.peer.until_sent(2)
    assert "2 faces" in picker.text


async def test_who_did_not_ask_is_not_answered_for_an_edit(bot: RunningBot) -> None:
    told(bot)
    message = await bot.peer.send_photo(ANN_IN_GROUP, b"faces=1")
    await bot.peer.say(BORIS_IN_GROUP, "/match", reply_to=message)
    await bot.peer.until_sent(1)
    await bot.peer.edit(message, {"photo": [bot.peer.add_file(b"faces=2") | {"width": 1280, "height": 960}]})
    await bot.peer.say(bot.ann, "/start")
    sent = await bot.peer.until_sent(2)
    assert "Send me a photo" in sent[1].text, "nothing came in between"


async def test_a_card_deleted_while_the_next_is_made_stays_away(bot: RunningBot) -> None:
    told(bot)
    await bot.peer.send_photo(bot.ann, b"faces=2 slow=0.4")
    await bot.peer.until_sent(1)
    picker = dict(bot.peer.last_message(bot.ann.id))
    await bot.peer.press(bot.ann, picker, "1")
    await asyncio.sleep(0.1)
    await bot.peer.press(bot.ann, picker, "🗑")
    await bot.peer.until(lambda: bot.peer.made("deleteMessage"))
    await asyncio.sleep(0.8)
    assert len(bot.peer.sent()) == 1


async def test_a_stranger_may_not_delete_an_answer_whose_photo_is_gone(bot: RunningBot) -> None:
    told(bot)
    await bot.peer.send_photo(ANN_IN_GROUP, b"faces=1", caption="/match")
    await bot.peer.until_sent(1)
    card = dict(bot.peer.last_message(-1001))
    card.pop("reply_to_message", None)
    await bot.peer.press(BORIS_IN_GROUP, card, "🗑")
    await bot.peer.until(lambda: bot.peer.made("answerCallbackQuery"))
    assert not bot.peer.made("deleteMessage")


async def test_a_comparison_counts_as_one_photo_and_outlives_the_limit(start_bot: StartBot) -> None:
    bot = await start_bot(rate_burst=2, rate_per_minute=60.0)
    told(bot)
    for _ in range(2):
        await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(2)
    await bot.peer.say(bot.ann, "/compare")
    await bot.peer.until_sent(3)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(4)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    *_, sentence = await bot.peer.until_sent(5)
    if "a lot of photos" in sentence.text:  # on a slow machine the second has passed already
        await asyncio.sleep(1.2)
        await bot.peer.send_photo(bot.ann, b"faces=1")
        *_, sentence = await bot.peer.until_sent(6)
    assert "strangers" in sentence.text, "the first photo was kept, so this is the comparison"


async def test_anonymous_administrators_of_two_groups_have_a_limit_each(start_bot: StartBot) -> None:
    bot = await start_bot(rate_burst=2, rate_per_minute=1.0)
    told(bot)
    for chat, photos in ((-1001, 3), (-1002, 1)):
        group = Person(id=ADMIN, chat_id=chat, chat_type="supergroup")
        sender = {"sender_chat": {"id": chat, "type": "supergroup", "title": "a group"}}
        for _ in range(photos):
            file = bot.peer.add_file(b"faces=1") | {"width": 1280, "height": 960}
            await bot.peer.send(group, sender | {"photo": [file], "caption": "/match", "caption_entities": [
                {"type": "bot_command", "offset": 0, "length": 6}]})  # fmt: skip
    sent = await bot.peer.until_sent(4)
    assert sum("a lot of photos" in call.text for call in sent) == 1
    assert [call.method for call in sent if str(call.chat) == "-1002"] == ["sendPhoto"]
