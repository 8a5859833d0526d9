"""Two replicas of a bot over one Redis, behind a proxy that asks whichever: each update is answered once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bot.serving.claims import Claim
from bot.settings import BotSettings
from lookalike.serving.rate_limit import RateLimit, Verdict
from tests.bot.conftest import bot_settings, free_port
from tests.bot.forked import BotProcess
from tests.bot.redis_process import RedisProcess, redis_missing
from tests.bot.serving.test_killed import START_S, answers
from tests.telegram_peer import Person, TelegramPeer

pytestmark = redis_missing


class Proxy:
    """Hands each call to both replicas, as if Telegram had come again meanwhile; 200 when one of them says so."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.url = ""

    async def call(self, request: web.Request) -> web.Response:
        body = await request.read()
        said = await asyncio.gather(*(self._ask(request, port, body) for port in self.ports))
        return web.Response(status=200 if 200 in said else 502)

    async def _ask(self, request: web.Request, port: int, body: bytes) -> int:
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in {"host", "content-length"}
        }
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"http://127.0.0.1:{port}{request.path}", data=body, headers=headers) as response,
            ):
                return response.status
        except aiohttp.ClientError:
            return 502


@asynccontextmanager
async def proxy() -> AsyncIterator[Proxy]:
    made = Proxy()
    app = web.Application()
    app.router.add_post("/{path:.*}", made.call)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    made.url = f"http://127.0.0.1:{port}"
    try:
        yield made
    finally:
        await runner.cleanup()


async def listening(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return
    raise AssertionError("a replica did not start")


def notices(peer: TelegramPeer, chat: int) -> int:
    return sum("/privacy" in call.text for call in peer.sent(chat))


async def all_noted(redis: RedisProcess, people: list[Person]) -> None:
    """Wait until Redis holds of everybody that they were told."""
    from bot.stores.redis import PREFIX, connect

    client = connect(redis.url)
    keys = [f"{PREFIX}:told:{person.id}" for person in people]
    for _ in range(500):
        if await client.mget(keys) == [b"1"] * len(keys):
            break
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("Redis was not told of every notice")
    await client.aclose()


async def test_each_update_is_answered_once_by_two_replicas_of_which_one_is_killed_at_work() -> None:
    people = [Person(id=7000 + number) for number in range(12)]
    async with TelegramPeer() as peer, RedisProcess() as redis, proxy() as front:
        front.ports = [free_port(), free_port()]
        replicas = [
            BotProcess("webhook", peer.url, str(port), "5", redis.url, front.url, str(number))
            for number, port in enumerate(front.ports)
        ]
        for port in front.ports:
            await listening(port)
        await peer.until(lambda: peer.webhook is not None, within_s=START_S)
        for person in people[:6]:
            await peer.send_photo(person, b"faces=1 slow=0.05")
        await peer.until(lambda: all(answers(peer, person.id) for person in people[:6]), within_s=START_S)
        for person in people[6:]:
            await peer.send_photo(person, b"faces=1 slow=1.5")
        await peer.until(lambda: len(peer.made("setMessageReaction")) == len(people), within_s=START_S)
        await peer.until(lambda: all(notices(peer, person.id) for person in people), within_s=START_S)
        await all_noted(redis, people)  # a notice whose replica is killed before it has noted it is told once more
        replicas[0].kill()
        await replicas[0].wait()
        await peer.until(lambda: all(answers(peer, person.id) for person in people), within_s=START_S)
        await asyncio.sleep(0.3)
        replicas[1].terminate()
        await replicas[1].wait()
        assert [len(answers(peer, person.id)) for person in people] == [1] * len(people)
        told = [notices(peer, person.id) for person in people]
        assert told == [1] * len(people), "told once by both of them together"


async def test_an_update_belongs_to_one_replica_until_it_is_settled_or_that_one_is_gone() -> None:
    from bot.stores.redis import connect
    from bot.stores.shared import SharedClaims

    async with RedisProcess() as redis:
        one, two = SharedClaims(connect(redis.url)), SharedClaims(connect(redis.url))
        for claims in (one, two):
            await claims.open(1)
        assert await one.take(5, "a") is Claim.OURS
        assert await one.take(5, "a") is Claim.OURS, "the same one again, at work here"
        assert await two.take(5, "a") is Claim.ELSEWHERE
        assert await two.take(5, "b") is Claim.OURS, "another update that has the id anew"
        await two.settled(5, "b")
        assert await one.take(5, "b") is Claim.DONE
        assert await one.take(6, "a", done=True) is Claim.OURS
        assert await two.take(6, "a", done=True) is Claim.DONE, "a press is not done twice"
        assert await one.take(7, "a") is Claim.OURS
        await one.close()
        assert await two.take(7, "a") is Claim.OURS, "whoever is gone has no claim"
        await two.close()


async def test_limits_are_counted_for_all_replicas_and_as_for_one() -> None:
    from bot.stores.redis import connect
    from bot.stores.shared import SharedRates

    async with RedisProcess() as redis:
        clients = [connect(redis.url) for _ in range(2)]
        replicas = [SharedRates(client, burst=3, per_minute=0.6) for client in clients]
        alone = RateLimit(burst=3, per_minute=0.6)
        said = [await replicas[k % 2].ask(1) for k in range(6)]
        assert said == [alone.ask(1) for _ in range(6)]
        assert said[3:] == [Verdict.NOTIFY, Verdict.SILENT, Verdict.SILENT]
        assert replicas[1].wait_s(1) == pytest.approx(alone.wait_s(1), abs=5)
        assert await replicas[0].ask(2) is Verdict.GO
        await redis.stop()
        assert await replicas[0].ask(2) is Verdict.GO, "without Redis it is counted here"
        for client in clients:
            await client.aclose()


async def test_who_answers_a_photo_in_place_of_a_killed_replica_tells_what_it_had_not_told() -> None:
    from bot.stores.redis import connect
    from bot.stores.shared import SharedNotices

    async with RedisProcess() as redis:
        client = connect(redis.url)
        killed, other, third = (SharedNotices(client) for _ in range(3))
        assert await killed.first(1, photo="1:1")
        assert await other.first(1, photo="1:1"), "the same photo, taken over"
        assert not await third.first(1, photo="1:2"), "another photo meanwhile"
        await other.given(1)
        assert not await SharedNotices(client).first(1, photo="1:1")
        await client.aclose()


@pytest.mark.parametrize("more", [{"redis_url": ""}, {"bot_mode": "polling"}])
def test_a_replica_without_redis_or_webhook_is_refused(more: dict[str, str]) -> None:
    given = {"redis_url": "redis://localhost", "replica": "one"} | more
    with pytest.raises(ValueError, match="needs BOT_MODE=webhook and REDIS_URL"):
        bot_settings("webhook", "http://x", **given)
    assert isinstance(bot_settings("webhook", "http://x", redis_url="redis://localhost", replica="one"), BotSettings)
