"""Two photos compared, as a person in the chat sees it."""

from __future__ import annotations

import pytest

from tests.bot.conftest import RunningBot
from tests.bot.transcripts import told


async def test_compare_asks_for_one_photo_after_the_other(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.say(bot.ann, "/compare")
    await bot.peer.until_sent(1)
    await bot.peer.say(bot.ann, "hm?")
    assert "waiting for a photo" in (await bot.peer.until_sent(2))[1].text
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert "second photo" in (await bot.peer.until_sent(3))[2].text
    second = await bot.peer.send_photo(bot.ann, b"faces=1 who=else")
    card = (await bot.peer.until_sent(4))[3]
    assert card.method == "sendPhoto"
    assert "strangers" in card.text
    assert "this is no proof" in card.text
    assert card.params["reply_parameters"]["message_id"] == second["message_id"]
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert "Is that you?" in (await bot.peer.until_sent(5))[4].text, "the comparison is over"


async def test_compare_by_album_shows_numbers_and_every_pair(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=2", group="g2")
    await bot.peer.send_photo(bot.ann, b"faces=3", group="g2", caption="/compare")
    album, card = await bot.peer.until_sent(2)
    assert album.method == "sendMediaGroup"
    assert "A1 · B1" in card.text
    assert "B3" in card.buttons
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "B3")
    changed = (await bot.peer.until_sent(3))[2]
    assert changed.method == "editMessageMedia"
    assert "face 3 of the second" in changed.text
    assert bot.painter.painted[-1] == "compare 1 3 light"


async def test_of_three_photos_the_first_two_are_compared_and_the_bot_says_so(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    for caption in ("/compare", None, None):
        await bot.peer.send_photo(bot.ann, b"faces=1", group="g2", caption=caption)
    note, card = await bot.peer.until_sent(2)
    assert note.text == "I compare two photos at a time, so I took the first two."
    assert "strangers" in card.text


async def test_compare_by_reply_with_and_without_a_photo(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    first = await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    await bot.peer.send_photo(bot.ann, b"faces=1", caption="/compare", reply_to=first)
    assert "strangers" in (await bot.peer.until_sent(2))[1].text
    await bot.peer.say(bot.ann, "/compare", reply_to=first)
    assert "second photo" in (await bot.peer.until_sent(3))[2].text
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert "this is no proof" in (await bot.peer.until_sent(4))[3].text


@pytest.mark.parametrize("words", ["/compare", "and him?"])
async def test_a_photo_that_is_pointed_at_twice_is_not_compared_with_itself(bot: RunningBot, words: str) -> None:
    await told(bot, bot.ann)
    first = await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    await bot.peer.say(bot.ann, "/compare", reply_to=first)
    await bot.peer.until_sent(2)
    await bot.peer.say(bot.ann, words, reply_to=first)
    assert "second photo" in (await bot.peer.until_sent(3))[2].text
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert "this is no proof" in (await bot.peer.until_sent(4))[3].text


async def test_cancel_ends_a_comparison(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.say(bot.ann, "/compare")
    await bot.peer.until_sent(1)
    await bot.peer.say(bot.ann, "/cancel")
    assert "cancelled" in (await bot.peer.until_sent(2))[1].text
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert "Is that you?" in (await bot.peer.until_sent(3))[2].text


async def test_a_bad_photo_in_a_comparison_is_named(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=1", group="g3", caption="/compare")
    await bot.peer.send_photo(bot.ann, b"faces=0", group="g3")
    (answer,) = await bot.peer.until_sent(1)
    assert answer.text.startswith("The second photo can't be compared. I see no face")
