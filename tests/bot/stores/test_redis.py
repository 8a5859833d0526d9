"""Redis: a second process takes over a conversation, and nobody is left without an answer while Redis is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from aiogram.fsm.storage.base import StorageKey

from tests.bot.conftest import running_bot
from tests.bot.forked import BotProcess
from tests.bot.redis_process import RedisProcess, redis_missing
from tests.telegram_peer import Person, TelegramPeer

if TYPE_CHECKING:  # the package redis is an extra
    from aiogram.fsm.storage.redis import RedisStorage

    from bot.stores.redis import SteadyStorage

pytestmark = redis_missing


@pytest.fixture
async def redis() -> AsyncIterator[RedisProcess]:
    async with RedisProcess() as redis:
        yield redis


def key(user: int) -> StorageKey:
    return StorageKey(bot_id=1, chat_id=user, user_id=user)


async def test_a_second_process_takes_over_a_comparison(redis: RedisProcess) -> None:
    from bot.stores.redis import PeopleInRedis, SteadyStorage, connect

    def stores() -> dict[str, object]:
        client = connect(redis.url)
        return {"storage": SteadyStorage(client, ttl_s=60), "people": PeopleInRedis(client)}

    async with running_bot("polling", **stores()) as first:
        await first.peer.say(first.ann, "/compare")
        await first.peer.until_sent(1)
        photo = await first.peer.send_photo(first.ann, b"faces=2")
        assert "second photo" in (await first.peer.until_sent(2))[1].text
        files, messages = dict(first.peer.files), dict(first.peer.messages)
    async with running_bot("webhook", **stores()) as second:
        second.peer.files |= files
        second.peer.messages |= messages
        second.peer.next_number(1000)
        second.parts.jobs.told.first_time(second.ann.id)
        await second.peer.send_photo(second.ann, b"faces=1")
        again, _album, card = await second.peer.until_sent(3)
        assert again.params["reply_parameters"]["message_id"] == photo["message_id"]
        assert [call.params["message_id"] for call in second.peer.made("deleteMessage")] == ["1001"]
        assert "strangers" in card.text
        await second.peer.press(second.ann, second.peer.last_message(second.ann.id), "A2")
        assert (await second.peer.until_sent(4))[3].method == "editMessageMedia"


async def test_another_process_goes_on_where_a_killed_one_stood(redis: RedisProcess) -> None:
    """Nothing is said goodbye: SIGKILL between the first and the second photo of a comparison."""
    ann = Person(id=501)
    async with TelegramPeer() as peer:
        first = BotProcess("polling", peer.url, "1", "5", redis.url)
        await peer.say(ann, "/settings")
        await peer.until_sent(1, within_s=30)
        await peer.press(ann, peer.last_message(ann.id), "Русский")
        await peer.until_sent(2)
        await peer.say(ann, "/compare")
        await peer.until_sent(3)
        await peer.send_photo(ann, b"faces=1")
        assert "второе фото" in (await peer.until_sent(4))[3].text
        first.kill()
        await first.wait()
        second = BotProcess("polling", peer.url, "1", "5", redis.url)
        await peer.send_photo(ann, b"faces=1")
        _again, notice, card = (await peer.until_sent(7, within_s=30))[4:]
        assert notice.method == "sendMessage"
        assert "незнакомых" in card.text
        second.terminate()
        assert await asyncio.wait_for(second.wait(), 20) == 0


async def test_no_file_id_of_a_comparison_reaches_redis(redis: RedisProcess) -> None:
    """Its snapshot lies on a disk, and a file id with the token is the photo."""
    from bot.stores.redis import SteadyStorage, connect

    client = connect(redis.url)
    async with running_bot("polling", storage=SteadyStorage(client, ttl_s=60)) as bot:
        await bot.peer.say(bot.ann, "/compare")
        await bot.peer.until_sent(1)
        await bot.peer.send_photo(bot.ann, b"faces=2")
        await bot.peer.until_sent(2)
        looking = connect(redis.url)
        held = [str(await looking.get(name)) for name in await looking.keys("*")]
        await bot.peer.send_photo(bot.ann, b"faces=2")
        await bot.peer.until_sent(5)
        await bot.peer.press(bot.ann, bot.peer.last_message(501), "A2")
        await bot.peer.until_sent(6)
        held += [str(await looking.get(name)) for name in await looking.keys("*")]
        await looking.aclose()
        assert len(held) >= 3, "a state, its data, a pair"
        assert all("AgAC" not in value and "AQAD" not in value for value in held)


async def test_conversations_expire(redis: RedisProcess) -> None:
    from bot.stores.redis import SteadyStorage, connect

    storage = SteadyStorage(connect(redis.url), ttl_s=1)
    await storage.set_state(key(1), "waiting")
    assert await storage.get_state(key(1)) == "waiting"
    await asyncio.sleep(1.2)
    assert await storage.get_state(key(1)) is None
    await storage.close()


async def test_while_redis_is_gone_conversations_go_on_and_come_back(redis: RedisProcess) -> None:
    from bot.stores.redis import PeopleInRedis, SteadyStorage, connect

    client = connect(redis.url)
    storage, people = SteadyStorage(client, ttl_s=60), PeopleInRedis(connect(redis.url))
    async with running_bot("polling", storage=storage, people=people) as bot:
        bot.parts.jobs.told.first_time(bot.ann.id)
        await bot.peer.say(bot.ann, "/compare")
        await bot.peer.until_sent(1)
        await redis.stop()
        start = time.monotonic()
        await bot.peer.send_photo(bot.ann, b"faces=1")
        await bot.peer.until_sent(2, within_s=20)
        assert time.monotonic() - start < 15
        await bot.peer.say(bot.ann, "/compare")
        await bot.peer.until_sent(3, within_s=20)
        await redis.start()
        await bot.peer.send_photo(bot.ann, b"faces=1")
        assert "second photo" in (await bot.peer.until_sent(4, within_s=20))[3].text
        await bot.peer.send_photo(bot.ann, b"faces=1")
        assert "strangers" in (await bot.peer.until_sent(5, within_s=20))[4].text
    await people.close()


async def test_a_comparison_goes_on_when_redis_fails_in_its_middle(redis: RedisProcess) -> None:
    from bot.stores.redis import SteadyStorage, connect

    async with running_bot("polling", storage=SteadyStorage(connect(redis.url), ttl_s=60)) as bot:
        bot.parts.jobs.told.first_time(bot.ann.id)
        await bot.peer.say(bot.ann, "/compare")
        await bot.peer.until_sent(1)
        await bot.peer.send_photo(bot.ann, b"faces=1")
        assert "second photo" in (await bot.peer.until_sent(2))[1].text
        await redis.stop()
        await bot.peer.send_photo(bot.ann, b"faces=1")
        assert "strangers" in (await bot.peer.until_sent(3, within_s=20))[2].text


class Failing:
    """In the place of a storage: every call fails as when the line is cut."""

    def __getattr__(self, name: str) -> object:
        async def fail(*_arguments: object) -> None:
            raise ConnectionError(name)

        return fail


@pytest.fixture
async def cut(
    redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[SteadyStorage, RedisStorage]]:
    """A storage with a conversation in state "second" whose line was cut then, and what it had at the other end."""
    from bot.stores.redis import SteadyStorage, connect

    storage = SteadyStorage(connect(redis.url), ttl_s=60)
    real = storage._redis
    await storage.set_state(key(1), "second")
    monkeypatch.setattr(storage, "_redis", Failing())
    yield storage, real
    await storage.close()


async def test_what_redis_missed_comes_back_and_takes_nothing_else_away(
    cut: tuple[SteadyStorage, RedisStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, real = cut
    await storage.set_data(key(1), {"a": 1})
    assert (await storage.get_state(key(1)), await storage.get_data(key(1))) == ("second", {"a": 1})
    monkeypatch.setattr(storage, "_redis", real)
    assert (await storage.get_state(key(1)), await storage.get_data(key(1))) == ("second", {"a": 1})
    assert await real.get_data(key(1)) == {"a": 1}


async def test_a_conversation_that_ended_while_redis_was_gone_stays_ended(
    cut: tuple[SteadyStorage, RedisStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, real = cut
    await storage.set_state(key(1), None)
    await storage.set_data(key(1), {})
    monkeypatch.setattr(storage, "_redis", real)
    assert await storage.get_state(key(1)) is None
    assert await real.get_state(key(1)) is None


async def test_what_redis_missed_is_forgotten_with_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.stores.redis import SteadyStorage, connect

    storage = SteadyStorage(connect("redis://127.0.0.1:1/0"), ttl_s=0.2)
    monkeypatch.setattr(storage, "_redis", Failing())
    for user in range(200):
        await storage.set_state(key(user), "first")
        await storage.set_state(key(user), None)
    assert storage._missed.held > 0
    await asyncio.sleep(0.3)
    assert (storage._missed.held, storage._memory.held) == (0, 0)


@pytest.mark.parametrize("rest", ["localhost:hunter2/0", "localhost?socket_timeout=hunter2", "localhost?hunter2=1"])
def test_an_address_no_client_takes_is_one_sentence_without_it(rest: str) -> None:
    from bot.stores.people import StoreError
    from bot.stores.redis import connect

    with pytest.raises(StoreError, match="REDIS_URL") as caught:
        connect(f"redis://{rest}")
    assert "hunter2" not in str(caught.value)
