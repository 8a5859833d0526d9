"""Albums: one handler call for all photos, nothing left behind on any path."""

from __future__ import annotations

import asyncio
from typing import Any

from aiogram.types import Message, TelegramObject
from teremok import MockMessagePhoto

from bot.middlewares.albums import Albums


class Taken:
    """A handler that notes albums."""

    def __init__(self) -> None:
        self.calls: list[tuple[Message, tuple[Message, ...]]] = []

    async def __call__(self, event: TelegramObject, data: dict[str, Any]) -> None:
        assert isinstance(event, Message)
        self.calls.append((event, data["album"]))


def messages(count: int, *, group: str = "g", caption_at: int | None = None) -> list[Message]:
    return [
        MockMessagePhoto(media_group_id=group, caption="/compare" if i == caption_at else None) for i in range(count)
    ]


async def test_the_album_comes_in_order_and_the_captioned_message_leads() -> None:
    albums, taken = Albums(quiet_s=0.03), Taken()
    sent = messages(4, caption_at=2)
    await asyncio.gather(*(albums(taken, message, {}) for message in [sent[1], sent[0], sent[3], sent[2]]))
    ((lead, album),) = taken.calls
    assert lead is sent[2]
    assert list(album) == sent
    assert len(albums) == 0


async def test_ten_photos_wait_for_no_more() -> None:
    albums, taken = Albums(quiet_s=60), Taken()
    await asyncio.wait_for(asyncio.gather(*(albums(taken, message, {}) for message in messages(10))), 1)
    assert len(taken.calls[0][1]) == 10


async def test_two_albums_at_once_stay_apart() -> None:
    albums, taken = Albums(quiet_s=0.03), Taken()
    await asyncio.gather(*(albums(taken, m, {}) for m in messages(2, group="a") + messages(3, group="b")))
    assert sorted(len(album) for _, album in taken.calls) == [2, 3]


async def test_an_endless_drip_ends() -> None:
    albums, taken = Albums(quiet_s=0.05, longest_s=0.12), Taken()
    first = asyncio.create_task(albums(taken, messages(1)[0], {}))
    for message in messages(4):
        await asyncio.sleep(0.04)
        if len(albums):
            await albums(taken, message, {})
    await first
    assert len(taken.calls) == 1


async def test_a_cancelled_album_leaves_nothing() -> None:
    albums, taken = Albums(quiet_s=60), Taken()
    task = asyncio.create_task(albums(taken, messages(1)[0], {}))
    await asyncio.sleep(0)
    assert len(albums) == 1
    task.cancel()
    await asyncio.wait({task})
    assert len(albums) == 0
    assert taken.calls == []


async def test_a_single_photo_passes_at_once() -> None:
    albums = Albums(quiet_s=60)
    seen: list[dict[str, Any]] = []

    async def handler(event: TelegramObject, data: dict[str, Any]) -> None:
        seen.append(data)

    await albums(handler, MockMessagePhoto(), {"x": 1})
    assert seen == [{"x": 1}]
