"""Stores: what expires, what is kept, what is forgotten."""

from __future__ import annotations

from aiogram import Bot
from aiogram.fsm.storage.base import StorageKey
from aiogram.types import Message

from bot.answering.notices import NoticesGiven
from bot.answering.ordering import OrderedTurns, let_next_in
from bot.app import build_dispatcher
from bot.stores.memory import ExpiringStorage
from bot.stores.pairs import Pairs
from bot.stores.sent_photos import SentPhotos
from bot.telegram.files import PhotoRef
from lookalike.serving.rate_limit import RateLimit, Verdict
from tests.bot.conftest import bot_settings
from tests.fakes import PlainPainter, fake_finder
from tests.telegram_peer import TOKEN


def key(user: int) -> StorageKey:
    return StorageKey(bot_id=1, chat_id=user, user_id=user)


class Clock:
    """Time that is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_conversation_ends_after_its_time() -> None:
    clock = Clock()
    storage = ExpiringStorage(ttl_s=10, clock=clock)
    await storage.set_state(key(1), "waiting")
    await storage.set_data(key(1), {"a": 1})
    clock.now = 9.9
    assert await storage.get_state(key(1)) == "waiting"
    assert await storage.get_data(key(1)) == {"a": 1}
    clock.now = 10.1
    assert await storage.get_state(key(1)) is None
    assert await storage.get_data(key(1)) == {}
    assert storage.held == 0


async def test_people_without_a_conversation_leave_no_record() -> None:
    """Aiogram's MemoryStorage keeps one for everybody who is ever asked about."""
    storage = ExpiringStorage(ttl_s=10)
    for user in range(3000):
        await storage.get_state(key(user))
        await storage.get_data(key(user))
        await storage.set_state(key(user), None)
    assert storage.held == 0


async def test_the_oldest_conversations_make_room() -> None:
    storage = ExpiringStorage(ttl_s=10, size=3)
    for user in range(5):
        await storage.set_state(key(user), "s")
    assert [await storage.get_state(key(user)) for user in range(5)] == [None, None, "s", "s", "s"]


async def test_stored_data_can_not_be_changed_from_outside() -> None:
    storage = ExpiringStorage(ttl_s=10)
    data = {"a": 1}
    await storage.set_data(key(1), data)
    data["a"] = 2
    (await storage.get_data(key(1)))["a"] = 3
    assert await storage.get_data(key(1)) == {"a": 1}


async def test_ephemeral_comparisons_of_two_people_are_kept_apart() -> None:
    """Ephemeral messages all have message_id 0."""
    bot = Bot(TOKEN)
    pairs = Pairs(ExpiringStorage(ttl_s=10), SentPhotos(ttl_s=10))
    photos = [
        PhotoRef(file_id=f"photo {number}", unique_id=f"u{number}", size_bytes=1, message=number) for number in range(4)
    ]
    ann, boris, later = shown_to(501, 7), shown_to(502, 7), shown_to(501, 8)
    await pairs.write(bot, ann, photos[0], photos[1])
    await pairs.write(bot, boris, photos[2], photos[3])
    assert await pairs.read(bot, ann) == (photos[0], photos[1])
    assert await pairs.read(bot, boris) == (photos[2], photos[3])
    assert await pairs.read(bot, later) is None
    assert await pairs.read(bot, shown_to(501, 7)) == (photos[0], photos[1])


def shown_to(person: int, ephemeral_id: int) -> Message:
    """A message that only this person sees."""
    return Message.model_validate(
        {
            "message_id": 0,
            "date": 1,
            "chat": {"id": -1001, "type": "supergroup"},
            "ephemeral_message_id": ephemeral_id,
            "receiver_user": {"id": person, "is_bot": False, "first_name": "P"},
        }
    )


def test_the_bucket_says_go_then_says_so_once_then_hushes_and_fills_again() -> None:
    clock = Clock()
    rates = RateLimit(burst=2, per_minute=60, clock=clock)
    assert [rates.ask(1) for _ in range(4)] == [Verdict.GO, Verdict.GO, Verdict.NOTIFY, Verdict.SILENT]
    assert rates.ask(2) is Verdict.GO, "one person's bucket is their own"
    assert rates.wait_s(1) == 1.0
    clock.now = 1.0
    assert [rates.ask(1), rates.ask(1)] == [Verdict.GO, Verdict.NOTIFY]


def test_full_buckets_are_forgotten() -> None:
    clock = Clock()
    rates = RateLimit(burst=2, per_minute=60, clock=clock)
    for person in range(1000):
        rates.ask(person)
    clock.now = 5.0
    rates.ask(5000)
    assert len(rates) == 1


def test_people_are_told_once_and_the_list_is_bounded() -> None:
    told = NoticesGiven(size=2)
    assert [told.first_time(1), told.first_time(1), told.first_time(2), told.first_time(3)] == [True, False, True, True]
    assert told.first_time(1), "the oldest was dropped"


def test_the_dispatcher_works_with_our_stores_and_not_with_its_own() -> None:
    """Aiogram falls back to its own when ours is false, as an object with a length of 0 is."""
    storage = ExpiringStorage(ttl_s=10)
    pool = fake_finder()
    parts = build_dispatcher(pool, PlainPainter(), bot_settings("polling", "http://x"), storage=storage)
    pool.close()
    assert parts.dispatcher.fsm.storage is storage
    assert isinstance(parts.dispatcher.fsm.events_isolation, OrderedTurns)


async def test_turns_come_in_order_and_let_the_next_in_early() -> None:
    import asyncio

    turns = OrderedTurns()
    order: list[str] = []

    async def update(name: str, *, lets_in: bool) -> None:
        async with turns.lock(key(1)):
            order.append(f"{name} begins")
            if lets_in:
                let_next_in()
            await asyncio.sleep(0.01)
            order.append(f"{name} ends")

    await asyncio.gather(update("a", lets_in=True), update("b", lets_in=False), update("c", lets_in=False))
    assert order == ["a begins", "b begins", "a ends", "b ends", "c begins", "c ends"]
    assert turns.held == 0
