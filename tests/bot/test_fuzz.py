"""Anything may arrive: random updates, random button data, random bytes in place of photos. In process, by teremok."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiogram import Bot
from aiogram.types import Update
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from teremok import MockBot, MockCallbackQuery, MockMessagePhoto

from bot.app import build_dispatcher
from bot.telegram.files import not_a_photo, photo_of
from tests.bot.conftest import bot_settings
from tests.fakes import PlainPainter, fake_finder
from tests.telegram_peer import Person

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANN = Person(id=5)
FILE = {"file_id": "f", "file_unique_id": "u", "width": 5, "height": 5}
MESSAGE: dict[str, Any] = {"message_id": 1, "date": 1, "chat": ANN.chat, "from": ANN.user}
GOOD: list[dict[str, Any]] = [
    {"message": MESSAGE | {"text": "/start"}},
    {"message": MESSAGE | {"photo": [FILE], "caption": "/compare"}},
    {"message": MESSAGE | {"text": "/match", "reply_to_message": MESSAGE | {"photo": [FILE]}}},
    {"edited_message": MESSAGE | {"photo": [FILE], "edit_date": 2}},
    {"message": MESSAGE | {"document": {"file_id": "d", "file_unique_id": "u", "file_name": "x.png"}}},
    {"callback_query": {"id": "1", "from": ANN.user, "chat_instance": "1", "data": "f:1:0:a", "message": MESSAGE}},
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def bent(value: Any, draw: st.DrawFn) -> Any:
    """The same JSON with some leaf replaced by junk."""
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 3)) == 0:
            return {k: v for k, v in value.items() if k != key}
        return value | {key: bent(value[key], draw)}
    if isinstance(value, list) and value:
        return [bent(value[0], draw), *value[1:]]
    return draw(JUNK)


@st.composite
def updates(draw: st.DrawFn) -> dict[str, Any]:
    update: Any = {"update_id": draw(st.integers(1, 10**9))} | draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(1, 3))):
        update = bent(update, draw)
    return update if isinstance(update, dict) else {}


def in_process() -> tuple[MockBot, Any]:
    pool = fake_finder()
    parts = build_dispatcher(pool, PlainPainter(), bot_settings("polling", "http://x"), album_quiet_s=0.0)
    bot = MockBot(parts.dispatcher)
    bot.add_file("f", b"faces=1")
    return bot, pool


async def fed(bot: Bot, raw: dict[str, Any], parts_dispatcher: Any) -> None:
    try:
        update = Update.model_validate(raw, context={"bot": bot})
    except (ValidationError, RecursionError):
        return
    await parts_dispatcher.feed_update(bot, update)


@given(raw=updates())
@QUICK
def test_a_bent_update_never_escapes_the_error_router(raw: dict[str, Any]) -> None:
    async def run() -> None:
        bot, pool = in_process()
        json.dumps(raw)
        async with asyncio.timeout(20):
            await fed(bot, raw, bot.dp)
        await bot.dp["jobs"].background.close(within_s=0.5)
        pool.close()

    asyncio.run(run())


@given(data=st.text(min_size=1, max_size=64))
@QUICK
def test_any_button_data_is_answered(data: str) -> None:
    async def run() -> int:
        bot, pool = in_process()
        await bot.dispatch(MockCallbackQuery(data))
        pool.close()
        return len(bot.requests.answer_callback_query)

    assert asyncio.run(run()) == 1


@given(
    prefix=st.sampled_from(["f", "fa", "fp", "x", "d", "p", "h", "s"]), rest=st.lists(st.text(max_size=8), max_size=4)
)
@QUICK
def test_data_that_look_like_ours_are_answered(prefix: str, rest: list[str]) -> None:
    async def run() -> int:
        bot, pool = in_process()
        await bot.dispatch(MockCallbackQuery(":".join([prefix, *rest])[:60] or "f"))
        await bot.dp["jobs"].background.close(within_s=0.5)
        pool.close()
        return len(bot.requests.answer_callback_query)

    assert asyncio.run(run()) >= 1


def test_a_photo_message_is_seen_as_one() -> None:
    message = MockMessagePhoto()
    photo = photo_of(message)
    assert photo is not None
    assert not_a_photo(message) == "other"
