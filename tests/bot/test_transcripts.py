"""Conversations over real HTTP, by polling and by webhook: what a person sends, what they see."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.decoding_bounds import heif_is_read
from pipeline.errors import BadPhotoCode
from pipeline.types import RefusalCode
from tests.bot.conftest import RunningBot, StartBot
from tests.bot.transcripts import told
from tests.pictures import encoded, scene


async def test_start_says_what_to_do_and_offers_the_help(bot: RunningBot) -> None:
    await bot.peer.say(bot.ann, "/start")
    (answer,) = await bot.peer.until_sent(1)
    assert "Send me a photo" in answer.text
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "How does it work?")
    (_, page) = await bot.peer.until_sent(2)
    assert page.method == "sendPhoto"
    assert "What you can do" in page.text


async def test_help_turns_pages_in_place_to_the_last_and_back(bot: RunningBot) -> None:
    await bot.peer.say(bot.ann, "/help")
    (first,) = await bot.peer.until_sent(1)
    texts = [first.text]
    for button in ("Next »",) * 4 + ("« Back",) * 4:
        await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), button)
        sent = await bot.peer.until_sent(len(texts) + 1)
        texts.append(sent[-1].text)
    assert len(set(texts)) == 5
    assert texts == texts[::-1]
    assert [call.method for call in bot.peer.sent()[1:]] == ["editMessageMedia"] * 8


async def test_the_first_photo_gets_one_notice_and_each_photo_its_card(bot: RunningBot) -> None:
    first = await bot.peer.send_photo(bot.ann, b"faces=1")
    notice, card = await bot.peer.until_sent(2)
    assert "Nothing is stored" in notice.text
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
    await bot.peer.press(bot.ann, message, "« Numbered photo")
    assert (await bot.peer.until_sent(3))[2].text == picker.text
    await bot.peer.press(bot.ann, message, "Send all cards")
    album = (await bot.peer.until_sent(4))[3]
    assert album.method == "sendMediaGroup"
    assert len(album.params["media"]) == 3


async def test_all_of_thirteen_faces_come_in_two_albums(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=13")
    await bot.peer.until_sent(1)
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "Send all cards")
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
    await bot.peer.press(bot.ann, message, "Why these?")
    assert (await bot.peer.until_sent(2))[1].text.startswith("Why these?\n")
    assert bot.painter.painted[-1] == "explain 1 light"
    await bot.peer.press(bot.ann, message, "« Back to the card")
    assert "Is that you?" in (await bot.peer.until_sent(3))[2].text


async def test_delete_takes_the_card_away(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    await bot.peer.send_photo(bot.ann, b"faces=1")
    await bot.peer.until_sent(1)
    message = bot.peer.last_message(bot.ann.id)
    await bot.peer.press(bot.ann, message, "🗑")
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
    b"refused=points_unsure": "find eyes, nose and mouth",
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
    b"memory": "too big for me",
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
    ({"animation": {"duration": 1, "width": 9, "height": 9}}, "no still of this video"),
    ({"video": {"duration": 1, "width": 9, "height": 9}}, "no still of this video"),
    ({"video_note": {"duration": 1, "length": 9}}, "no still of this video"),
    ({"voice": {"duration": 1}}, "voice"),
    ({"audio": {"duration": 1}}, "music"),
    ({"document": {"file_name": "cv.pdf", "mime_type": "application/pdf"}}, "not a picture"),
    ({"document": {"file_name": "a.tiff", "mime_type": "image/tiff"}}, "format"),
    (
        {"sticker": {"type": "regular", "width": 9, "height": 9, "is_animated": True, "is_video": False}},
        "moving stickers",
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
    assert len({answer.text for answer in bot.peer.sent()}) == 6


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("video_note", {"duration": 1, "length": 240}),
        ("video", {"duration": 1, "width": 320, "height": 240}),
        ("animation", {"duration": 1, "width": 320, "height": 240}),
    ],
)
async def test_a_video_is_answered_from_the_still_that_telegram_shows_and_says_so(
    bot: RunningBot, kind: str, body: dict[str, Any]
) -> None:
    await told(bot, bot.ann)
    still = bot.peer.add_file(b"faces=1") | {"width": 240, "height": 240}
    sent = await bot.peer.send(bot.ann, {kind: bot.peer.add_file(b"a film") | body | {"thumbnail": still}})
    card = (await bot.peer.until_sent(1))[-1]
    assert card.method == "sendPhoto"
    assert card.params["reply_parameters"]["message_id"] == sent["message_id"]
    assert "still that Telegram shows" in card.text
    await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "Why these?")
    assert "still that Telegram shows" in (await bot.peer.until_sent(2))[-1].text


async def test_a_still_without_a_usable_face_says_why_and_that_it_was_a_still(bot: RunningBot) -> None:
    await told(bot, bot.ann)
    still = bot.peer.add_file(b"faces=0") | {"width": 240, "height": 240}
    await bot.peer.send(
        bot.ann, {"video_note": bot.peer.add_file(b"a film") | {"duration": 1, "length": 240, "thumbnail": still}}
    )
    text = (await bot.peer.until_sent(1))[-1].text
    assert "no face" in text
    assert "still that Telegram shows" in text


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
    files = ((heic, "Is that you?"), (avif, "Is that you?"), (heic[:300], "damaged or cut short"))
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
