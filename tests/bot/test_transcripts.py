"""Conversations over real HTTP, by polling and by webhook: what a person sends, what they see."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pipeline.decoding_bounds import heif_is_read
from pipeline.errors import BadPhotoCode
from pipeline.types import RefusalCode
from tests.bot.conftest import RunningBot, StartBot
from tests.pictures import encoded, scene
from tests.telegram_peer import Person

GROUP = Person(id=601, chat_id=-1001, chat_type="supergroup")


async def told(bot: RunningBot, *people: Person) -> None:
    """Let these people have had the first photo's notice."""
    for person in people:
        bot.parts.desk.told.first_time(person.id)


async def test_start_says_what_to_do_and_offers_the_help(bot: RunningBot) -> None:
    await bot.peer.say(bot.ann, "/start")
    (answer,) = await bot.peer.until_sent(1)
    assert "Send me a photo" in answer.text
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "How does it work?")
    (_, page) = await bot.peer.until_sent(2)
    assert page.method == "sendPhoto"
    assert "What you can do" in page.text


async def test_help_turns_pages_in_place_and_round(bot: RunningBot) -> None:
    await bot.peer.say(bot.ann, "/help")
    (first,) = await bot.peer.until_sent(1)
    texts = [first.text]
    while len(texts) < 8:
        await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "»")
        sent = await bot.peer.until_sent(len(texts) + 1)
        texts.append(sent[-1].text)
    assert len(set(texts)) == 7
    assert texts[7] == texts[0]
    assert [call.method for call in bot.peer.sent()[1:]] == ["editMessageMedia"] * 7


async def test_the_first_photo_gets_one_notice_and_each_photo_its_card(bot: RunningBot) -> None:
    first = await bot.peer.send_photo(bot.ann, b"faces=1")
    notice, card = await bot.peer.until_sent(2)
    assert "nothing is stored" in notice.text
    assert card.method == "sendPhoto"
    assert card.params["reply_parameters"]["message_id"] == first["message_id"]
    assert [f"{n}. " in card.text for n in range(1, 9)] == [True] * 8
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert len(await bot.peer.until_sent(3)) == 3
    assert bot.painter.painted == ["card 1 from 1 light man"] * 2


async def test_a_photo_is_seen_at_once(start_bot: StartBot) -> None:
    bot = await start_bot()
    await told(bot, bot.ann)
    photo = await bot.peer.send_photo(bot.ann, b"faces=1 slow=1")
    await bot.peer.until(lambda: bot.peer.made("setMessageReaction"))
    # Seen while the work of a second goes on; how soon is no test's business on a busy machine.
    assert not bot.peer.sent()
    (reaction,) = bot.peer.made("setMessageReaction")
    assert reaction.params["message_id"] == str(photo["message_id"])
    await bot.peer.until_sent(1)
    assert bot.peer.made("sendChatAction")[0].params["action"] == "upload_photo"


async def test_several_faces_are_numbered_and_a_press_edits_the_message(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=3")
    (picker,) = await bot.peer.until_sent(1)
    assert list(picker.buttons)[:3] == ["1", "2", "3"]
    message = bot.peer.last_message(bot.ann.id)
    await bot.peer.press(bot.ann, message, "2")
    (_, card) = await bot.peer.until_sent(2)
    assert card.method == "editMessageMedia"
    assert card.text.startswith("Face 2 of 3")
    assert "· 2 ·" in card.buttons
    await bot.peer.press(bot.ann, message, "All faces")
    assert (await bot.peer.until_sent(3))[2].text == picker.text
    await bot.peer.press(bot.ann, message, "All")
    album = (await bot.peer.until_sent(4))[3]
    assert album.method == "sendMediaGroup"
    assert len(album.params["media"]) == 3


async def test_all_of_thirteen_faces_come_in_two_albums(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=13")
    await bot.peer.until_sent(1)
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "All")
    albums = (await bot.peer.until_sent(3))[1:]
    assert [album.method for album in albums] == ["sendMediaGroup"] * 2
    assert [len(album.params["media"]) for album in albums] == [10, 3]


async def test_next_eight_and_back(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    await bot.peer.press(bot.ann, message, "Next eight »")
    assert "9. " in (await bot.peer.until_sent(2))[1].text
    await bot.peer.press(bot.ann, message, "« Eight before")
    assert "1. " in (await bot.peer.until_sent(3))[2].text


async def test_explain_shows_the_face_and_leads_back(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    await bot.peer.press(bot.ann, message, "Explain")
    assert "How I read this face" in (await bot.peer.until_sent(2))[1].text
    assert bot.painter.painted[-1] == "explain 1 light"
    await bot.peer.press(bot.ann, message, "« Back to the card")
    assert "The nearest of 20 people" in (await bot.peer.until_sent(3))[2].text


async def test_delete_takes_the_card_away(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    await bot.peer.press(bot.ann, message, "Delete")
    await bot.peer.until(lambda: bot.peer.made("deleteMessage"))
    assert (bot.ann.id, message["message_id"]) not in bot.peer.messages


async def test_a_button_whose_photo_is_gone_says_so(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=2")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    del bot.peer.messages[bot.ann.id, message["message_id"]]["reply_to_message"]
    await bot.peer.press(bot.ann, message, "1")
    await bot.peer.until(lambda: bot.peer.made("answerCallbackQuery"))
    assert "gone" in bot.peer.made("answerCallbackQuery")[0].params["text"]


BAD_PHOTOS = {
    b"faces=0": "I see no face",
    b"refused=too_small": "too small: 7 pixels between the eyes, I need 12",
    b"refused=blurred": "blurred: sharpness 7, I need 12",
    b"refused=turned_away": "turned away by 7°, up to 12°",
    b"refused=too_dark": "too dark: brightness 7 of 255, I need 12",
    b"refused=too_bright": "too bright: brightness 7 of 255, up to 12",
    b"refused=points_unsure": "tell its eyes, nose and mouth apart",
    b"refused=degenerate": "nothing could be measured",
    b"bad=empty": "file is empty",
    b"bad=not_a_picture": "not a picture I can read",
    b"bad=broken": "damaged or cut short",
    b"bad=too_many_bytes": "too large",
    b"bad=too_many_pixels": "too many pixels",
    b"bad=too_small": "so small that no face",
    b"bad=too_costly": "more work to open than I may spend",
    b"bad=needs_extra": "can't read HEIC and AVIF",
    b"boom": "went wrong on my side",
    b"memory": "too much for my memory",
}


async def test_every_bad_photo_has_its_sentence_and_the_bot_lives_on(start_bot: StartBot) -> None:
    bot = await start_bot(rate_burst=100)
    await told(bot, bot.ann)
    assert set(RefusalCode) == {data[8:].decode() for data in BAD_PHOTOS if data.startswith(b"refused")}
    assert set(BadPhotoCode) == {data[4:].decode() for data in BAD_PHOTOS if data.startswith(b"bad")}
    for number, (data, words) in enumerate(BAD_PHOTOS.items(), start=1):
        await bot.peer.send_document(bot.ann, data, name="me.jpg", mime="image/jpeg")
        answers = await bot.peer.until_sent(number)
        assert words in answers[-1].text, data
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert (await bot.peer.until_sent(len(BAD_PHOTOS) + 1))[-1].method == "sendPhoto"


NOT_PHOTOS: list[tuple[dict[str, Any], str]] = [
    ({"animation": {"duration": 1, "width": 9, "height": 9}}, "GIF"),
    ({"video": {"duration": 1, "width": 9, "height": 9}}, "videos"),
    ({"video_note": {"duration": 1, "length": 9}}, "video messages"),
    ({"voice": {"duration": 1}}, "voice"),
    ({"audio": {"duration": 1}}, "music"),
    ({"document": {"file_name": "cv.pdf", "mime_type": "application/pdf"}}, "not a picture"),
    ({"document": {"file_name": "a.tiff", "mime_type": "image/tiff"}}, "format"),
    (
        {"sticker": {"type": "regular", "width": 9, "height": 9, "is_animated": True, "is_video": False}},
        "sticker moves",
    ),
    ({"text": "hello"}, "Send me a photo"),
    ({"text": "/dance"}, "don't know this command"),
]


async def test_everything_else_has_one_specific_sentence(bot: RunningBot) -> None:
    file = bot.peer.add_file(b"x")
    for number, (body, words) in enumerate(NOT_PHOTOS, start=1):
        await bot.peer.send(bot.ann, {k: v | file if isinstance(v, dict) else v for k, v in body.items()})
        answers = await bot.peer.until_sent(number)
        assert words in answers[-1].text
    assert len({answer.text for answer in bot.peer.sent()}) == len(NOT_PHOTOS)


async def test_a_photo_in_any_clothes_is_answered(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    file = bot.peer.add_file(b"faces=1")
    still = {"photo": [file | {"width": 9, "height": 9}]}
    clothes: list[dict[str, Any]] = [
        {"document": file | {"file_name": "me.png", "mime_type": "image/png"}},
        {"document": file | {"file_name": "me.webp"}},
        {"sticker": file | {"type": "regular", "width": 9, "height": 9, "is_animated": False, "is_video": False}},
        {"live_photo": bot.peer.add_file(b"a film") | {"width": 9, "height": 9, "duration": 1} | still},
        still | {"forward_origin": {"type": "hidden_user", "sender_user_name": "x", "date": 1}},
    ]
    for number, body in enumerate(clothes, start=1):
        await bot.peer.send(bot.ann, body)
        assert (await bot.peer.until_sent(number))[-1].method == "sendPhoto", body


@pytest.mark.skipif(not heif_is_read(), reason="the heif extra is not installed")
async def test_a_heic_file_is_answered_and_a_broken_one_declined(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    heic, avif = (encoded(scene(), kind) for kind in ("HEIF", "AVIF"))
    files = ((heic, "nearest of"), (avif, "nearest of"), (heic[:300], "damaged or cut short"))
    for number, (data, words) in enumerate(files, start=1):
        await bot.peer.send_document(bot.ann, data, name="IMG_1.HEIC", mime="image/heic")
        answers = await bot.peer.until_sent(number, within_s=20)
        assert words in answers[-1].text


async def test_a_file_over_20_mb_is_not_even_asked_for(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_document(bot.ann, b"faces=1", name="me.png", mime="image/png", size=25_000_000)
    (answer,) = await bot.peer.until_sent(1)
    assert "over 20 MB" in answer.text
    assert bot.peer.made("getFile") == []


async def test_an_album_is_answered_photo_by_photo_in_order(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    sent = [await bot.peer.send_photo(bot.ann, b"faces=1", group="g1") for _ in range(4)]
    answers = await bot.peer.until_sent(4)
    assert [a.params["reply_parameters"]["message_id"] for a in answers] == [m["message_id"] for m in sent]


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
    assert "Siblings" in card.text
    assert card.params["reply_parameters"]["message_id"] == second["message_id"]
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert "nearest of" in (await bot.peer.until_sent(5))[4].text, "the comparison is over"


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
    assert note.text == "I compare two photos at a time: the first two of these 3."
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
    assert "Siblings" in (await bot.peer.until_sent(4))[3].text


async def test_cancel_ends_a_comparison(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.say(bot.ann, "/compare")
    await bot.peer.until_sent(1)
    await bot.peer.say(bot.ann, "/cancel")
    assert "called off" in (await bot.peer.until_sent(2))[1].text
    await bot.peer.send_photo(bot.ann, b"faces=1")
    assert "nearest of" in (await bot.peer.until_sent(3))[2].text


async def test_a_bad_photo_in_a_comparison_is_named(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=1", group="g3", caption="/compare")
    await bot.peer.send_photo(bot.ann, b"faces=0", group="g3")
    (answer,) = await bot.peer.until_sent(1)
    assert answer.text.startswith("The second photo can't be compared. I see no face")


async def test_in_a_group_only_what_is_meant_for_the_bot_is_answered(bot: RunningBot) -> None:
    await told(bot, GROUP)
    photo = await bot.peer.send_photo(GROUP, b"faces=1")
    await bot.peer.say(GROUP, "nice one")
    await bot.peer.say(GROUP, "/match", reply_to=photo)
    (card,) = await bot.peer.until_sent(1)
    assert card.params["reply_parameters"]["message_id"] == photo["message_id"]
    await bot.peer.say(GROUP, "/match")
    assert "Reply /match" in (await bot.peer.until_sent(2))[1].text
    await asyncio.sleep(0.2)
    assert len(bot.peer.sent()) == 2


async def test_a_topic_keeps_its_thread(bot: RunningBot) -> None:
    somebody = Person(id=602, chat_id=-1002, chat_type="supergroup", thread=77)
    await told(bot, somebody)
    await bot.peer.send_photo(somebody, b"faces=1", caption="/match")
    (card,) = await bot.peer.until_sent(1)
    assert card.params["message_thread_id"] == "77"


async def test_russians_read_russian(bot: RunningBot) -> None:
    await bot.peer.say(bot.boris, "/start")
    (answer,) = await bot.peer.until_sent(1)
    assert "Пришлите" in answer.text
    await bot.peer.send_photo(bot.boris, b"faces=1")
    sent = await bot.peer.until_sent(3)
    assert "strangers" not in sent[2].text
    assert bot.painter.painted == ["card 1 from 1 light мужчина"]


async def test_the_menu_is_set_once_in_every_language(bot: RunningBot) -> None:
    await bot.peer.until(lambda: len(bot.peer.texts) == 8)
    assert (
        bot.peer.texts["MyCommands"]["commands"][0]["description"]
        != bot.peer.texts["MyCommandsru"]["commands"][0]["description"]
    )


async def test_the_name_is_set_for_each_language(start_bot: StartBot) -> None:
    bot = await start_bot(bot_name="Lookalike", bot_name_ru="Двойник")
    await bot.peer.until(lambda: {"MyName", "MyNameru"} <= set(bot.peer.texts))
    assert (bot.peer.texts["MyName"]["name"], bot.peer.texts["MyNameru"]["name"]) == ("Lookalike", "Двойник")


async def test_photos_of_an_album_that_a_video_leads_are_answered(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    video = bot.peer.add_file(b"a film") | {"width": 9, "height": 9, "duration": 1}
    await bot.peer.send(bot.ann, {"video": video, "media_group_id": "v", "caption": "our trip"})
    sent = [await bot.peer.send_photo(bot.ann, b"faces=1", group="v") for _ in range(2)]
    answers = await bot.peer.until_sent(2)
    assert [a.params["reply_parameters"]["message_id"] for a in answers] == [m["message_id"] for m in sent]


async def test_photos_of_one_chat_are_answered_in_order_whatever_they_take(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    slow = ["0.3", "0", "0.1", "0"]
    sent = [await bot.peer.send_photo(bot.ann, f"faces=1 slow={s}".encode()) for s in slow]
    answers = await bot.peer.until_sent(4)
    assert [a.params["reply_parameters"]["message_id"] for a in answers] == [m["message_id"] for m in sent]


async def test_a_newcomers_second_photo_does_not_overtake_the_first(bot: RunningBot) -> None:
    """Before the first one stands the notice, which takes a call to Telegram."""
    sent = [await bot.peer.send_photo(bot.ann, b"faces=1") for _ in range(3)]
    notice, *answers = await bot.peer.until_sent(4)
    assert "nothing is stored" in notice.text
    assert [a.params["reply_parameters"]["message_id"] for a in answers] == [m["message_id"] for m in sent]


async def test_a_heavy_chat_does_not_starve_another(start_bot: StartBot) -> None:
    bot = await start_bot(queue_slots=1, rate_burst=100)
    await told(bot, bot.ann, bot.boris)
    for _ in range(8):
        await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.05")
    await bot.peer.send_photo(bot.boris, b"faces=1")
    await bot.peer.until_sent(9)
    order = [call.chat for call in bot.peer.sent()]
    assert order.index(bot.boris.id) <= 2


async def test_a_long_wait_is_told_and_the_notice_goes_away(start_bot: StartBot) -> None:
    bot = await start_bot(queue_slots=1)
    object.__setattr__(bot.parts.desk, "notice_s", 0.2)
    await told(bot, bot.ann, bot.boris)
    await bot.peer.send_photo(bot.boris, b"faces=1 slow=0.8")
    await asyncio.sleep(0.05)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    notice = (await bot.peer.until_sent(1, bot.ann.id))[0]
    assert "number 1 in the line" in notice.text
    await bot.peer.until_sent(2, bot.ann.id)
    await bot.peer.until(lambda: bot.peer.made("deleteMessage"))


async def test_too_many_photos_get_one_polite_sentence(start_bot: StartBot) -> None:
    bot = await start_bot(rate_burst=2, rate_per_minute=1.0)
    await told(bot, bot.ann)
    for _ in range(5):
        await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(3)
    await asyncio.sleep(0.3)
    texts = [call.text for call in bot.peer.sent()]
    assert len(texts) == 3
    assert sum("a lot of photos" in text for text in texts) == 1


async def test_an_album_beyond_the_limit_is_answered_as_far_as_it_goes(start_bot: StartBot) -> None:
    bot = await start_bot(rate_burst=3, rate_per_minute=1.0)
    await told(bot, bot.ann)
    for _ in range(5):
        await bot.peer.send_photo(bot.ann, b"faces=1", group="g")
    answers = await bot.peer.until_sent(4)
    assert "a lot of photos" in answers[0].text
    assert [answer.method for answer in answers[1:]] == ["sendPhoto"] * 3


async def test_forty_faces_get_buttons_for_the_largest(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=40")
    (picker,) = await bot.peer.until_sent(1)
    assert "buttons for the 20 largest" in picker.text
    assert len(picker.buttons) == 22


async def test_a_photo_that_takes_too_long_or_finds_no_place_is_answered(start_bot: StartBot) -> None:
    bot = await start_bot(photo_timeout_s=0.3, queue_slots=1, queue_length=1)
    await told(bot, bot.ann)
    for _ in range(3):
        await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.6")
    answers = await bot.peer.until_sent(3)
    assert sorted("took me too long" in answer.text for answer in answers) == [False, True, True]
    assert sum("Too many photos" in answer.text for answer in answers) == 1


async def test_a_private_bot_keeps_others_out_politely(start_bot: StartBot) -> None:
    bot = await start_bot(allowed_chats=frozenset({502}))
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.say(bot.ann, "/start")
    (answer,) = await bot.peer.until_sent(1)
    assert "private bot" in answer.text
    assert "501" in answer.text
    await bot.peer.say(bot.boris, "/start")
    assert len(await bot.peer.until_sent(2)) == 2


async def test_stopping_answers_everything_that_was_taken(start_bot: StartBot) -> None:
    bot = await start_bot(queue_slots=2)
    await told(bot, bot.ann, bot.boris)
    for person in (bot.ann, bot.boris):
        for _ in range(3):
            await bot.peer.send_photo(person, b"faces=1 slow=0.2")
    await bot.peer.until(lambda: bot.peer.made("getFile"))
    await bot.peer.until(lambda: bot.parts.intake.in_flight == 6)
    await bot.end()
    assert [call.method for call in bot.peer.sent()] == ["sendPhoto"] * 6


async def test_what_can_not_be_finished_in_time_is_told_so(start_bot: StartBot) -> None:
    bot = await start_bot(queue_slots=1, stop_s=0.3)
    await told(bot, bot.ann)
    for _ in range(3):
        await bot.peer.send_photo(bot.ann, b"faces=1 slow=1.5")
    await bot.peer.until(lambda: bot.parts.intake.in_flight == 3)
    await bot.end()
    assert ["being restarted" in call.text for call in bot.peer.sent()] == [True] * 3


async def test_settings_change_language_people_and_look_in_place(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.say(bot.ann, "/settings")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    for number, button in enumerate(("Dark cards", "Women", "Русский"), start=2):
        await bot.peer.press(bot.ann, message, button)
        await bot.peer.until_sent(number)
    last = bot.peer.sent()[-1]
    assert "Настройки" in last.text
    assert {"✓ Русский", "✓ Женщины", "✓ Тёмные карточки"} <= set(last.buttons)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    card = (await bot.peer.until_sent(5))[-1]
    assert bot.painter.painted == ["card 1 from 1 dark мужчина"]
    assert "✓ Женщины" in card.buttons


async def test_delete_says_what_was_stored_and_forgets_it(bot: RunningBot) -> None:
    await bot.peer.say(bot.ann, "/delete")
    assert "nothing stored" in (await bot.peer.until_sent(1))[0].text
    await bot.peer.say(bot.ann, "/settings")
    await bot.peer.until_sent(2)
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "Dark cards")
    await bot.peer.until_sent(3)
    await bot.peer.say(bot.ann, "/compare")
    await bot.peer.until_sent(4)
    await bot.peer.say(bot.ann, "/delete")
    text = (await bot.peer.until_sent(5))[-1].text
    assert "how cards look: Dark cards" in text
    assert "a comparison was under way" in text
    await bot.peer.say(bot.ann, "/delete")
    assert "nothing stored" in (await bot.peer.until_sent(6))[-1].text


async def test_about_and_privacy_say_what_is_so(bot: RunningBot) -> None:
    await bot.peer.say(bot.ann, "/about")
    assert "20 people in 60 pictures" in (await bot.peer.until_sent(1))[0].text
    await bot.peer.say(bot.ann, "/privacy")
    assert "into memory" in (await bot.peer.until_sent(2))[1].text


async def test_stats_are_for_admins_only(start_bot: StartBot) -> None:
    bot = await start_bot(admins=frozenset({501}))
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.send_photo(bot.ann, b"refused=blurred")
    await bot.peer.until_sent(2)
    await bot.peer.say(bot.ann, "/stats")
    text = (await bot.peer.until_sent(3))[-1].text
    assert "card: 1" in text
    assert "blurred: 1" in text
    await bot.peer.say(bot.boris, "/stats")
    assert "не знаю" in (await bot.peer.until_sent(4))[-1].text
    assert bot.peer.texts["MyCommands chat 501"]["commands"][-1]["command"] == "stats"


async def test_in_groups_the_answer_can_be_for_the_asker_alone(start_bot: StartBot) -> None:
    bot = await start_bot(group_answers="ephemeral")
    await told(bot, GROUP)
    photo = await bot.peer.send_photo(GROUP, b"faces=2")
    await bot.peer.say(GROUP, "/match", reply_to=photo)
    (picker,) = await bot.peer.until_sent(1)
    assert picker.params["ephemeral_message_parameters"] == {"receiver_user_id": GROUP.id}
    ((_, message),) = bot.peer.ephemeral.items()
    await bot.peer.press_data(GROUP, message, picker.buttons["2"])
    changed = (await bot.peer.until_sent(2))[-1]
    assert changed.method == "editEphemeralMessageMedia"
    assert changed.text.startswith("Face 2 of 2")
    await bot.peer.press_data(GROUP, message, changed.buttons["Delete"])
    await bot.peer.until(lambda: not bot.peer.ephemeral)


async def test_an_edited_message_is_answered_again_only_when_its_photo_changed(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    message = await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    await bot.peer.edit(message, {"caption": "me!"})
    file = bot.peer.add_file(b"faces=2") | {"width": 9, "height": 9}
    await bot.peer.edit(message, {"photo": [file]})
    answers = await bot.peer.until_sent(2)
    assert "2 faces" in answers[1].text
    await asyncio.sleep(0.2)
    assert len(bot.peer.sent()) == 2
