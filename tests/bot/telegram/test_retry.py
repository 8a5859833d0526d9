"""Calls that fail for a while are made again, over real HTTP against the peer's faults."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
    TelegramServerError,
)

from bot.app import build_bot
from bot.telegram.files import FetchFailed, PhotoGone, PhotoRef, TooLargeToFetch, fetch
from bot.telegram.retry import MIGRATIONS, TRIES, TryAgain
from tests.bot.conftest import bot_settings
from tests.telegram_peer import Call, Fault, Json, TelegramPeer


@pytest.fixture
async def peer() -> AsyncIterator[TelegramPeer]:
    async with TelegramPeer() as peer:
        yield peer


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
async def client(peer: TelegramPeer, slept: list[float], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    bot = build_bot(bot_settings("polling", peer.url))
    bot.session.middleware._middlewares[:] = [TryAgain(sleep)]
    monkeypatch.setattr("bot.telegram.files.FIRST_PAUSE_S", 0.0)
    yield bot
    await bot.session.close()


async def test_a_flood_wait_is_obeyed(client: Bot, peer: TelegramPeer, slept: list[float]) -> None:
    peer.faults["sendMessage"] = deque([Fault("error", 429, "Too Many Requests", {"retry_after": 7})])
    await client.send_message(1, "hello")
    assert slept == [7.1]
    assert [call.text for call in peer.sent()] == ["hello"]


async def test_a_flood_wait_beyond_patience_fails(client: Bot, peer: TelegramPeer, slept: list[float]) -> None:
    peer.faults["sendMessage"] = deque([Fault("error", 429, "Too Many Requests", {"retry_after": 3000})])
    with pytest.raises(TelegramRetryAfter):
        await client.send_message(1, "hello")
    assert slept == []


async def test_errors_of_the_server_and_of_the_line_are_tried_again(client: Bot, peer: TelegramPeer) -> None:
    peer.faults["sendMessage"] = deque([Fault("error", 500), Fault("close"), Fault("error", 502, "Bad Gateway")])
    await client.send_message(1, "hello")
    assert len(peer.sent()) == 1


async def test_a_server_that_stays_down_is_an_error(client: Bot, peer: TelegramPeer) -> None:
    peer.faults["sendMessage"] = deque([Fault("error", 500)] * TRIES)
    with pytest.raises(TelegramServerError):
        await client.send_message(1, "hello")


async def test_a_block_is_not_tried_again(client: Bot, peer: TelegramPeer, slept: list[float]) -> None:
    peer.faults["sendMessage"] = deque([Fault("error", 403, "Forbidden: bot was blocked by the user")])
    with pytest.raises(TelegramForbiddenError):
        await client.send_message(1, "hello")
    assert slept == []


async def test_a_migrated_group_is_called_by_its_new_id(client: Bot, peer: TelegramPeer) -> None:
    peer.faults["sendMessage"] = deque(
        [Fault("error", 400, "Bad Request: group chat was upgraded", {"migrate_to_chat_id": -100777})]
    )
    await client.send_message(-777, "hello")
    assert [call.chat for call in peer.sent()] == [-100777]


def photo(peer: TelegramPeer, data: bytes, *, size: int | None = None) -> PhotoRef:
    file = peer.add_file(data)
    return PhotoRef(file_id=file["file_id"], unique_id="u", size_bytes=size, message=1)


async def test_a_download_that_breaks_off_is_begun_again(client: Bot, peer: TelegramPeer) -> None:
    peer.faults["download"] = deque([Fault("close"), Fault("error", 502)])
    assert await fetch(client, photo(peer, b"x" * 100_000)) == b"x" * 100_000


async def test_a_download_that_never_comes_is_said_so(client: Bot, peer: TelegramPeer) -> None:
    peer.faults["download"] = deque([Fault("close")] * 9)
    with pytest.raises(FetchFailed):
        await fetch(client, photo(peer, b"x" * 1000))


async def test_a_file_that_is_gone_is_said_so(client: Bot) -> None:
    with pytest.raises(PhotoGone):
        await fetch(client, PhotoRef(file_id="nothing", unique_id="u", size_bytes=1, message=1))


@pytest.mark.parametrize("told", [True, False], ids=["size told", "size not told"])
async def test_a_file_over_the_limit_is_never_held_whole(client: Bot, peer: TelegramPeer, *, told: bool) -> None:
    peer.missing_file_sizes = not told
    with pytest.raises(TooLargeToFetch):
        await fetch(client, photo(peer, b"x" * 200_000, size=None), limit_bytes=100_000)


@pytest.mark.parametrize("retry_after", [-5, -1, 1])
async def test_a_flood_wait_of_no_time_is_a_second_and_ends(
    client: Bot, peer: TelegramPeer, slept: list[float], retry_after: int
) -> None:
    peer.faults["sendMessage"] = deque([Fault("error", 429, "Too Many", {"retry_after": retry_after})] * 50)
    with pytest.raises(TelegramRetryAfter):
        await client.send_message(1, "hello")
    assert slept == [1.1] * (TRIES - 1)


async def test_a_group_that_migrates_to_and_fro_is_called_a_few_times(client: Bot, peer: TelegramPeer) -> None:
    peer.faults["sendMessage"] = deque(
        Fault("error", 400, "Bad Request: upgraded", {"migrate_to_chat_id": -100700 - number % 2})
        for number in range(50)
    )
    with pytest.raises(TelegramMigrateToChat):
        await client.send_message(-777, "hello")
    assert len(peer.faults["sendMessage"]) >= 50 - MIGRATIONS - 1


async def test_a_file_that_can_not_be_asked_for_is_said_so(client: Bot, peer: TelegramPeer) -> None:
    peer.faults["getFile"] = deque([Fault("error", 500)] * (TRIES * 4))
    with pytest.raises(FetchFailed):
        await fetch(client, photo(peer, b"x" * 1000))


async def test_a_download_that_comes_short_is_not_taken_as_whole(client: Bot, peer: TelegramPeer) -> None:
    file = photo(peer, b"x" * 1000)
    honest = peer._on_getFile

    async def larger(call: Call) -> Json:
        return await honest(call) | {"file_size": 1001}

    peer._on_getFile = larger  # type: ignore[method-assign]
    with pytest.raises(FetchFailed):
        await fetch(client, file)


@pytest.mark.parametrize(("slowest", "comes"), [(1, True), (1_000_000, False)], ids=["progress", "a drip"])
async def test_a_download_may_take_as_long_as_it_gets_on(
    client: Bot, peer: TelegramPeer, monkeypatch: pytest.MonkeyPatch, slowest: int, *, comes: bool
) -> None:
    monkeypatch.setattr("bot.telegram.files.STALL_S", 0.4)
    monkeypatch.setattr("bot.telegram.files.SLOWEST_BYTES_PER_S", slowest)
    monkeypatch.setattr("bot.telegram.files.DOWNLOAD_TRIES", 2)
    peer.drip_s = 0.15  # a sixth of the file at a time: longer on the whole than it may stall
    file = photo(peer, b"x" * 6000)
    if comes:
        assert len(await fetch(client, file)) == 6000
    else:
        with pytest.raises(FetchFailed):
            await fetch(client, file)
