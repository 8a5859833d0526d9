"""What replicas of a bot share in Redis (an extra): who works on which update, how much people asked for, who was told.

Ids, counts and times; nothing that anybody sent. While Redis is gone each replica goes on alone: an update may then be
answered twice, and limits count for each of them.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

import structlog
from redis.asyncio import Redis

from bot.answering.notices import NoticesGiven
from bot.answering.remembered import Remembered
from bot.serving.claims import Claim
from bot.stores.redis import GONE, PREFIX
from lookalike.serving.rate_limit import RateLimit, Verdict

ALIVE_S: Final = 5.0  # after a replica was killed, its updates are taken over by others
BEAT_S: Final = 1.0
CLAIM_S: Final = 24 * 3600  # Telegram sends an update again for a day
TOLD_S: Final = 90 * 24 * 3600

# KEYS: the update's claim. ARGV: this process, the update's stamp, 1 to settle it at once, seconds, prefix of lives.
_TAKE: Final = """
local held = redis.call('GET', KEYS[1])
if held then
  local owner, stamp = string.match(held, '^([^|]*)|(.*)$')
  if stamp == ARGV[2] then
    if owner == 'done' then return 'done' end
    if owner ~= ARGV[1] and redis.call('EXISTS', ARGV[5] .. owner) == 1 then return 'elsewhere' end
  end
end
local owner = ARGV[1]
if ARGV[3] == '1' then owner = 'done' end
redis.call('SET', KEYS[1], owner .. '|' .. ARGV[2], 'EX', ARGV[4])
return 'ours'
"""
# As lookalike.serving.rate_limit. KEYS: the bucket. ARGV: burst, tokens a second. Returns verdict, tokens left.
_ASK: Final = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local burst, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'told')
local tokens, at, told = tonumber(kept[1]) or burst, tonumber(kept[2]) or now, kept[3] == '1'
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local verdict = 'go'
if tokens >= 1 then
  told = told and tokens < burst / 2
  tokens = tokens - 1
elseif told then
  verdict = 'silent'
else
  verdict, told = 'notify', true
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now), 'told', told and '1' or '0')
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + 1)
return {verdict, tostring(tokens)}
"""

log = structlog.get_logger(__name__)


class SharedClaims:
    """bot.serving.claims.Claims in Redis. A process says every second that it lives; whose word is old has none."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._me = uuid4().hex
        self._prefix = PREFIX
        self._beating: asyncio.Task[None] | None = None

    async def open(self, bot_id: int) -> None:
        self._prefix = f"{PREFIX}:{bot_id}"
        await self._beat()
        self._beating = asyncio.create_task(self._beat_on(), name="says that it lives")

    async def take(self, update_id: int, stamp: str, *, done: bool = False) -> Claim:
        arguments = (self._me, stamp, "1" if done else "0", str(CLAIM_S), f"{self._prefix}:lives:")
        try:
            answer: Any = await self._redis.eval(_TAKE, 1, self._key(update_id), *arguments)
        except GONE as error:
            _complain(error)
            return Claim.OURS
        return Claim(answer.decode() if isinstance(answer, bytes) else answer)

    async def settled(self, update_id: int, stamp: str) -> None:
        try:
            await self._redis.set(self._key(update_id), f"done|{stamp}", ex=CLAIM_S)
        except GONE as error:
            _complain(error)

    async def close(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError):
                await self._beating
            with suppress(*GONE):
                await self._redis.delete(f"{self._prefix}:lives:{self._me}")
        await self._redis.aclose()

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await self._beat()

    async def _beat(self) -> None:
        try:
            await self._redis.set(f"{self._prefix}:lives:{self._me}", "1", px=round(1000 * ALIVE_S))
        except GONE as error:
            _complain(error)

    def _key(self, update_id: int) -> str:
        return f"{self._prefix}:update:{update_id}"


class SharedRates:
    """bot.answering.rates.Rates in Redis; in this process while Redis is gone."""

    def __init__(self, redis: Redis, *, burst: int, per_minute: float) -> None:
        self._redis = redis
        self._arguments = (str(burst), str(per_minute / 60))
        self._per_s = per_minute / 60
        self._here = RateLimit(burst=burst, per_minute=per_minute)
        self._left: Remembered[int, tuple[float, float]] = Remembered(ttl_s=3600, size=10_000)  # tokens, and when

    async def ask(self, person: int) -> Verdict:
        try:
            answer: Any = await self._redis.eval(_ASK, 1, f"{PREFIX}:rate:{person}", *self._arguments)
        except GONE as error:
            _complain(error)
            verdict = self._here.ask(person)
            self._left.put(person, (1.0 - self._here.wait_s(person) * self._per_s, time.monotonic()))
            return verdict
        self._left.put(person, (float(answer[1]), time.monotonic()))
        return Verdict(answer[0].decode() if isinstance(answer[0], bytes) else answer[0])

    def wait_s(self, person: int) -> float:
        tokens, at = self._left.get(person, (1.0, 0.0))
        return max(0.0, (1.0 - tokens) / self._per_s - (time.monotonic() - at))


class SharedNotices(NoticesGiven):
    """Told once by all replicas together, for three months; in this process while Redis is gone.

    Until it was sent the key holds the photo that it is told beside: who answers that photo in place of a replica that
    was killed tells it.
    """

    def __init__(self, redis: Redis) -> None:
        super().__init__()
        self._redis = redis

    async def first(self, person: int, *, photo: str) -> bool:
        if not self.first_time(person):
            return False
        key = f"{PREFIX}:told:{person}"
        try:
            ours = await self._redis.set(key, photo, nx=True, ex=TOLD_S)
            return bool(ours) or await self._redis.get(key) == photo.encode()
        except GONE as error:
            _complain(error)
            return True

    async def given(self, person: int) -> None:
        try:
            await self._redis.set(f"{PREFIX}:told:{person}", "1", ex=TOLD_S)
        except GONE as error:
            _complain(error)

    async def forgotten(self, person: int) -> bool:
        here = self.forget(person)
        try:
            return bool(await self._redis.delete(f"{PREFIX}:told:{person}")) or here
        except GONE as error:
            _complain(error)
            return here


def _complain(error: Exception) -> None:
    log.warning("Redis does not answer", error=type(error).__name__)
