"""Conversations and people's settings in Redis (an extra), so that a second process takes over.

While Redis is gone, a conversation goes on in this process's memory and is written back when Redis returns. No file id
of Telegram's is among what is written (bot.stores.sent_photos), since Redis' snapshots lie on a disk.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Final

import structlog
from aiogram.fsm.storage.base import BaseStorage, DefaultKeyBuilder, StateType, StorageKey
from aiogram.fsm.storage.redis import RedisStorage
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from bot.stores.memory import ExpiringStorage
from bot.stores.people import NOTHING_SET, PersonSettings, StoreError, settings_from

GONE: Final = (RedisError, OSError, TimeoutError)
ANSWER_S: Final = 1.0  # a Redis that takes longer counts as gone: a photo must not wait for it
PREFIX: Final = "lookalike"

log = structlog.get_logger(__name__)


def connect(url: str) -> Redis:
    """A client that says soon whether Redis is there. Raises StoreError for options no client takes."""
    try:
        client = Redis.from_url(
            url,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            retry=Retry(NoBackoff(), 1),
            decode_responses=False,
        )
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # connects to nothing; reads the options, as it would later
    except (ValueError, TypeError):
        raise StoreError("REDIS_URL has a part that can't be read; see .env.example") from None  # may hold a password
    return client


class SteadyStorage(BaseStorage):
    """Redis with expiry. Every write goes to memory too, which is read, and brought back, when Redis was gone."""

    def __init__(self, redis: Redis, *, ttl_s: float) -> None:
        seconds = max(1, round(ttl_s))
        keys = DefaultKeyBuilder(prefix=PREFIX, with_bot_id=True, with_destiny=True)
        self._redis = RedisStorage(redis, key_builder=keys, state_ttl=seconds, data_ttl=seconds)
        self._memory = ExpiringStorage(ttl_s=ttl_s)
        # Keys that Redis missed a write of. They end with their records: by then Redis has dropped its own too.
        self._missed = ExpiringStorage(ttl_s=ttl_s)

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        await self._memory.set_state(key, state)
        await self._write(key, partial(self._redis.set_state, key, state))

    async def get_state(self, key: StorageKey) -> str | None:
        try:
            await self._bring_back(key)
            return await self._redis.get_state(key)
        except ValueError:
            log.warning("a conversation's state can't be read, so it counts as none")
            return None
        except GONE as error:
            _complain(error)
            return await self._memory.get_state(key)

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        await self._memory.set_data(key, data)
        await self._write(key, partial(self._redis.set_data, key, data))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        try:
            await self._bring_back(key)
            data: Any = await self._redis.get_data(key)
        except ValueError:  # no JSON, no UTF-8: of another version
            log.warning("a conversation's record can't be read, so it counts as empty")
            return {}
        except GONE as error:
            _complain(error)
            return await self._memory.get_data(key)
        return data if isinstance(data, dict) else {}

    async def close(self) -> None:
        await self._redis.close()

    async def _write(self, key: StorageKey, write: Callable[[], Awaitable[None]]) -> None:
        """Write to Redis, or note that it missed something."""
        try:
            await self._bring_back(key)
            await write()
        except GONE as error:
            _complain(error)
            await self._missed.set_state(key, "missed")

    async def _bring_back(self, key: StorageKey) -> None:
        """Write to Redis what it missed; a conversation that ended meanwhile ends there too."""
        if await self._missed.get_state(key) is None:
            return
        await self._redis.set_state(key, await self._memory.get_state(key))
        await self._redis.set_data(key, await self._memory.get_data(key))
        await self._missed.set_state(key, None)


class PeopleInRedis:
    """Settings without expiry; while Redis is gone people have none, and can change none."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def read(self, person: int) -> PersonSettings:
        try:
            return await self._read(person)
        except StoreError:
            return NOTHING_SET

    async def write(self, person: int, settings: PersonSettings) -> None:
        with _store_errors():
            if settings == NOTHING_SET:
                await self._redis.delete(_person_key(person))
            else:
                await self._redis.set(_person_key(person), json.dumps(asdict(settings)))

    async def change(self, person: int, changes: Mapping[str, Any]) -> PersonSettings:
        changed = replace(await self._read(person), **changes)
        await self.write(person, changed)
        return changed

    async def delete(self, person: int) -> PersonSettings:
        was = await self._read(person)
        with _store_errors():
            await self._redis.delete(_person_key(person))
        return was

    async def close(self) -> None:
        await self._redis.aclose()

    async def _read(self, person: int) -> PersonSettings:
        with _store_errors():
            try:
                return _parsed(await self._redis.get(_person_key(person)))
            except ResponseError as error:
                if not str(error).startswith("WRONGTYPE"):
                    raise
                return _parsed(b"something else than text")


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except GONE as error:
        _complain(error)
        raise StoreError("Redis does not answer") from error


def _parsed(raw: bytes | str | None) -> PersonSettings:
    """Whatever lies there: a record of another version must not lock its person out of the bot."""
    try:
        return settings_from(json.loads(raw)) if raw else NOTHING_SET
    except (ValueError, RecursionError):  # no JSON, no UTF-8, nested without end
        log.warning("a person's settings can't be read, so they count as not set")
        return NOTHING_SET


def _person_key(person: int) -> str:
    return f"{PREFIX}:person:{person}"


def _complain(error: Exception) -> None:
    log.warning("Redis does not answer", error=type(error).__name__)
