"""People's settings: the same promises in memory, SQLite and Redis; /delete leaves no bytes behind."""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.stores import open_stores
from bot.stores.people import NOTHING_SET, PeopleInMemory, PeopleStore, PersonSettings, StoreError
from bot.stores.sqlite import PeopleInSqlite
from tests.bot.conftest import bot_settings, running_bot
from tests.bot.redis_process import RedisProcess, redis_missing

DARK = PersonSettings(language="ru", theme="dark")


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=redis_missing)])
async def people(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PeopleStore]:
    if request.param == "redis":
        from bot.stores.redis import PeopleInRedis, connect

        async with RedisProcess() as redis:
            store: PeopleStore = PeopleInRedis(connect(redis.url))
            yield store
            await store.close()
        return
    store = PeopleInSqlite(tmp_path / "people.db") if request.param == "sqlite" else PeopleInMemory()
    yield store
    await store.close()


async def test_what_is_written_is_read_and_others_have_nothing(people: PeopleStore) -> None:
    await people.write(1, DARK)
    assert await people.read(1) == DARK
    assert await people.read(2) == NOTHING_SET
    await people.write(1, PersonSettings(people="w"))
    assert await people.read(1) == PersonSettings(people="w")


async def test_delete_says_what_there_was(people: PeopleStore) -> None:
    await people.write(1, DARK)
    assert await people.delete(1) == DARK
    assert await people.delete(1) == NOTHING_SET
    assert await people.read(1) == NOTHING_SET


async def test_setting_nothing_stores_nothing(people: PeopleStore) -> None:
    await people.write(1, DARK)
    await people.write(1, NOTHING_SET)
    assert await people.delete(1) == NOTHING_SET


async def test_a_change_keeps_what_else_was_set(people: PeopleStore) -> None:
    await people.write(1, DARK)
    assert await people.change(1, {"people": "w"}) == PersonSettings(language="ru", theme="dark", people="w")
    assert await people.read(1) == PersonSettings(language="ru", theme="dark", people="w")
    assert await people.change(2, {"theme": "light"}) == PersonSettings(theme="light")


async def test_a_failing_file_answers_everybody_and_changes_nothing(tmp_path: Path, log_text: io.StringIO) -> None:
    file = tmp_path / "people.db"
    people = PeopleInSqlite(file)
    async with running_bot("polling", people=people) as bot:
        await people.write(bot.ann.id, DARK)
        with closing(sqlite3.connect(file)) as other:
            other.execute("ALTER TABLE people RENAME TO gone")
        bot.parts.jobs.told.first_time(bot.ann.id)
        await bot.peer.send_photo(bot.ann, b"faces=1")
        assert "Is that you?" in (await bot.peer.until_sent(1))[0].text
        await bot.peer.say(bot.ann, "/settings")
        await bot.peer.until_sent(2)
        await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "Women")
        await bot.peer.until(lambda: bot.peer.made("answerCallbackQuery"))
        assert "nothing was changed" in bot.peer.made("answerCallbackQuery")[0].params["text"]
        await bot.peer.say(bot.ann, "/delete")
        assert "nothing was changed" in (await bot.peer.until_sent(3))[2].text
        with closing(sqlite3.connect(file)) as other:
            other.execute("ALTER TABLE gone RENAME TO people")
        assert await people.read(bot.ann.id) == DARK
    assert "the settings file fails" in log_text.getvalue()


@redis_missing
async def test_one_failed_read_of_redis_wipes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.exceptions import TimeoutError as RedisTimeout

    from bot.stores.redis import PeopleInRedis, connect

    async with RedisProcess() as redis:
        client = connect(redis.url)
        async with running_bot("polling", people=PeopleInRedis(client)) as bot:
            people = bot.parts.people
            await people.write(bot.ann.id, DARK)
            await bot.peer.say(bot.ann, "/settings")
            await bot.peer.until_sent(1)
            get = client.get

            async def fail_once(_key: str) -> bytes:
                monkeypatch.setattr(client, "get", get)
                raise RedisTimeout("slow")

            monkeypatch.setattr(client, "get", fail_once)
            await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "Женщины")
            await bot.peer.until_sent(2)
            assert await people.read(bot.ann.id) == PersonSettings(language="ru", theme="dark", people="w")


@pytest.mark.parametrize("what", ["garbage", "a folder", "somebody else's table", "under a file"])
def test_a_file_that_can_not_be_used_is_one_sentence(what: str, tmp_path: Path) -> None:
    file = tmp_path / "people.db"
    if what == "garbage":
        file.write_bytes(b"no database " * 100)
    elif what == "a folder":
        file.mkdir()
    elif what == "under a file":
        file.write_bytes(b"")
        file /= "people.db"
    else:
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE people (name TEXT)")
    with pytest.raises(StoreError, match="SETTINGS_FILE=") as caught:
        PeopleInSqlite(file)
    assert "\n" not in str(caught.value)


async def test_the_file_outlives_the_process_and_forgets_deleted_people(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "people.db"
    first = PeopleInSqlite(file)
    await first.write(123456789, PersonSettings(language="zz-marker"))
    await first.close()
    second = PeopleInSqlite(file)
    assert (await second.read(123456789)).language == "zz-marker"
    await second.delete(123456789)
    await second.close()
    kept = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"zz-marker" not in kept


async def test_a_row_of_another_version_locks_nobody_out(tmp_path: Path) -> None:
    """A newer version added a column and a theme; a damaged one holds bytes that are no text."""
    file = tmp_path / "people.db"
    await PeopleInSqlite(file).close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("ALTER TABLE people ADD COLUMN voice TEXT")
        other.execute("INSERT INTO people VALUES (501, 'en', 'robots', 'neon', NULL, 'loud')")
        other.execute("INSERT INTO people VALUES (7, CAST(X'FF' AS TEXT), NULL, 'dark', NULL, NULL)")
        other.commit()
    people = PeopleInSqlite(file)
    assert (await people.read(7)).theme == "dark"
    await the_bot_serves_somebody_with_an_odd_record(people)
    await people.close()


async def the_bot_serves_somebody_with_an_odd_record(people: PeopleStore) -> None:
    """A photo, /settings, a press, /delete: each as for somebody with nothing set."""
    async with running_bot("polling", people=people) as bot:
        bot.parts.jobs.told.first_time(501)
        await bot.peer.send_photo(bot.ann, b"faces=1")
        assert "Is that you?" in (await bot.peer.until_sent(1))[0].text
        await bot.peer.say(bot.ann, "/settings")
        await bot.peer.until_sent(2)
        await bot.peer.say(bot.ann, "/delete")
        assert "went wrong" not in (await bot.peer.until_sent(3))[2].text
        assert await people.read(501) == NOTHING_SET
        assert await people.change(501, {"theme": "dark"}) == PersonSettings(theme="dark")
        assert bot.parts.jobs.stats.failed["error"] == 0


RECORDS = {
    "a field more": b'{"language": "en", "people": null, "theme": null, "voice": "loud"}',
    "unknown values": b'{"language": 5, "people": "robots", "theme": "neon"}',
    "no JSON": b"{language",
    "no UTF-8": b"\xff\xfe{",
    "a list": b'["en"]',
    "a number": b"5",
    "nested": b"[" * 100_000,
}


@redis_missing
@pytest.mark.parametrize("record", [*RECORDS.values(), None], ids=[*RECORDS, "another type"])
async def test_a_record_of_another_version_in_redis_locks_nobody_out(record: bytes | None) -> None:
    from bot.stores.redis import PeopleInRedis, connect

    async with RedisProcess() as redis:
        client = connect(redis.url)
        if record is None:
            await client.rpush("lookalike:person:501", "x")
        else:
            await client.set("lookalike:person:501", record)
        await the_bot_serves_somebody_with_an_odd_record(PeopleInRedis(client))


@redis_missing
async def test_a_conversation_of_another_version_in_redis_stops_nobody() -> None:
    from bot.stores.redis import SteadyStorage, connect

    async with RedisProcess() as redis:
        client = connect(redis.url)
        for odd in (b"\xff\xfe", b"[1]", b'{"a": {"file_id": "x"}}'):
            await client.flushall()  # of the updates that the peer before this one has numbered likewise
            async with running_bot("polling", storage=SteadyStorage(client, ttl_s=60)) as bot:
                bot.parts.jobs.told.first_time(501)
                await client.set("lookalike:123456789:501:501:default:state", "Comparing:second")
                await client.set("lookalike:123456789:501:501:default:data", odd)
                await bot.peer.send_photo(bot.ann, b"faces=1")
                assert "second photo" in (await bot.peer.until_sent(1))[0].text
                client = connect(redis.url)


async def test_the_settings_file_is_for_the_bots_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "people.db"
    before = os.umask(0)
    try:
        file.touch(0o644)
        people = PeopleInSqlite(file)
        await people.write(1, DARK)
        modes = {
            name: (tmp_path / name).stat().st_mode & 0o777 for name in ("people.db", "people.db-wal", "people.db-shm")
        }
        assert set(modes.values()) == {0o600}, modes
        await people.close()
    finally:
        os.umask(before)


async def test_settings_choose_the_store(tmp_path: Path) -> None:
    _, people = open_stores(bot_settings("polling", "http://x", settings_file=tmp_path / "a.db"))
    assert isinstance(people, PeopleInSqlite)
    await people.close()
    _, people = open_stores(bot_settings("polling", "http://x"))
    assert isinstance(people, PeopleInMemory)
