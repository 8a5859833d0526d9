"""Conversations and people's settings in Redis (an extra), so that a second process takes over; and what holds when
Redis is gone: a conversation goes on in this process's memory and is written back when Redis returns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import structlog
from aiogram.fsm.storage.base import BaseStorage, DefaultKeyBuilder, StateType, StorageKey
from aiogram.fsm.storage.redis import RedisStorage
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.stores.memory import ExpiringStorage
from bot.stores.people import NOTHING_SET, PersonSettings

GONE: Final = (RedisError, OSError, TimeoutError)
ANSWER_S: Final = 1.0  # a Redis that takes longer counts as gone: a photo must not wait for it
PREFIX: Final = "lookalike"

log = structlog.get_logger(__name__)


def connect(url: str) -> Redis:
    """A client that says soon whether Redis is there."""
    return Redis.from_url(
        url,
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 1),
        decode_responses=False,
    )


class SteadyStorage(BaseStorage):
    """Redis with expiry; while it is gone, memory."""

    def __init__(self, redis: Redis, *, ttl_s: float) -> None:
        seconds = max(1, round(ttl_s))
        keys = DefaultKeyBuilder(prefix=PREFIX, with_bot_id=True, with_destiny=True)
        self._redis = RedisStorage(redis, key_builder=keys, state_ttl=seconds, data_ttl=seconds)
        self._memory = ExpiringStorage(ttl_s=ttl_s)
        self._elsewhere: set[StorageKey] = set()  # keys whose newest value is in memory

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        try:
            await self._bring_back(key)
            await self._redis.set_state(key, state)
        except GONE as error:
            await self._without_redis(key, error)
            await self._memory.set_state(key, state)

    async def get_state(self, key: StorageKey) -> str | None:
        try:
            await self._bring_back(key)
            return await self._redis.get_state(key)
        except GONE as error:
            _complain(error)
            return await self._memory.get_state(key)

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        try:
            await self._bring_back(key)
            await self._redis.set_data(key, data)
        except GONE as error:
            await self._without_redis(key, error)
            await self._memory.set_data(key, data)

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        try:
            await self._bring_back(key)
            return await self._redis.get_data(key)
        except GONE as error:
            _complain(error)
            return await self._memory.get_data(key)

    async def close(self) -> None:
        await self._redis.close()

    async def _without_redis(self, key: StorageKey, error: Exception) -> None:
        _complain(error)
        self._elsewhere.add(key)

    async def _bring_back(self, key: StorageKey) -> None:
        """Write to Redis what was kept in memory while it was gone."""
        if key not in self._elsewhere:
            return
        await self._redis.set_state(key, await self._memory.get_state(key))
        await self._redis.set_data(key, await self._memory.get_data(key))
        self._elsewhere.discard(key)
        await self._memory.set_state(key, None)
        await self._memory.set_data(key, {})


class PeopleInRedis:
    """Settings without expiry; while Redis is gone people have none, and a change is refused by an error."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def read(self, person: int) -> PersonSettings:
        try:
            raw = await self._redis.get(_person_key(person))
        except GONE as error:
            _complain(error)
            return NOTHING_SET
        return PersonSettings(**json.loads(raw)) if raw else NOTHING_SET

    async def write(self, person: int, settings: PersonSettings) -> None:
        if settings == NOTHING_SET:
            await self._redis.delete(_person_key(person))
        else:
            await self._redis.set(_person_key(person), json.dumps(asdict(settings)))

    async def delete(self, person: int) -> PersonSettings:
        raw = await self._redis.getdel(_person_key(person))
        return PersonSettings(**json.loads(raw)) if raw else NOTHING_SET

    async def close(self) -> None:
        await self._redis.aclose()


def _person_key(person: int) -> str:
    return f"{PREFIX}:person:{person}"


def _complain(error: Exception) -> None:
    log.warning("Redis does not answer", error=type(error).__name__)
