"""Groups, languages, order, limits, settings and the stop, as people in the chats see them."""

from __future__ import annotations

import asyncio

from tests.bot.conftest import RunningBot, StartBot
from tests.bot.transcripts import GROUP, told
from tests.telegram_peer import Person


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
    assert "Nothing is stored" in notice.text
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
    object.__setattr__(bot.parts.jobs, "notice_s", 0.2)
    await told(bot, bot.ann, bot.boris)
    await bot.peer.send_photo(bot.boris, b"faces=1 slow=0.8")
    await asyncio.sleep(0.05)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    notice = (await bot.peer.until_sent(1, bot.ann.id))[0]
    assert "number 1 in the queue" in notice.text
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
    assert "buttons cover the 20 largest" in picker.text
    assert len(picker.buttons) == 22


async def test_a_photo_that_takes_too_long_or_finds_no_place_is_answered(start_bot: StartBot) -> None:
    bot = await start_bot(photo_timeout_s=0.3, queue_slots=1, queue_length=1)
    await told(bot, bot.ann)
    for _ in range(3):
        await bot.peer.send_photo(bot.ann, b"faces=1 slow=0.6")
    answers = await bot.peer.until_sent(3)
    assert sorted("took too long" in answer.text for answer in answers) == [False, True, True]
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
    assert "nothing about you" in (await bot.peer.until_sent(1))[0].text
    await bot.peer.say(bot.ann, "/settings")
    await bot.peer.until_sent(2)
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "Dark cards")
    await bot.peer.until_sent(3)
    await bot.peer.say(bot.ann, "/compare")
    await bot.peer.until_sent(4)
    await bot.peer.say(bot.ann, "/delete")
    text = (await bot.peer.until_sent(5))[-1].text
    assert "how cards look: Dark cards" in text
    assert "the comparison you had begun" in text
    await bot.peer.say(bot.ann, "/delete")
    assert "nothing about you" in (await bot.peer.until_sent(6))[-1].text


async def test_about_and_privacy_say_what_is_so(bot: RunningBot) -> None:
    await bot.peer.say(bot.ann, "/about")
    assert "20 people in 60 pictures" in (await bot.peer.until_sent(1))[0].text
    await bot.peer.say(bot.ann, "/privacy")
    assert "measured in memory" in (await bot.peer.until_sent(2))[1].text


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
    await bot.peer.press_data(GROUP, message, changed.buttons["🗑"])
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
