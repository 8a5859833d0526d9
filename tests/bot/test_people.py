"""People's settings: the same promises in memory, SQLite and Redis; /delete leaves no bytes behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.stores import open_stores
from bot.stores.people import NOTHING_SET, PeopleInMemory, PeopleStore, PersonSettings
from bot.stores.sqlite import PeopleInSqlite
from tests.bot.conftest import bot_settings
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


async def test_settings_choose_the_store(tmp_path: Path) -> None:
    _, people = open_stores(bot_settings("polling", "http://x", settings_file=tmp_path / "a.db"))
    assert isinstance(people, PeopleInSqlite)
    await people.close()
    _, people = open_stores(bot_settings("polling", "http://x"))
    assert isinstance(people, PeopleInMemory)
