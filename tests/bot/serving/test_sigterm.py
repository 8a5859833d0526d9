"""SIGTERM ends a busy bot process: every photo taken is answered, none twice, and the exit code is 0."""

from __future__ import annotations

import asyncio

import pytest

from tests.bot.conftest import free_port
from tests.bot.forked import BotProcess
from tests.telegram_peer import Person, TelegramPeer


@pytest.mark.parametrize(("stop_s", "finished"), [(20.0, True), (0.2, False)], ids=["time enough", "no time"])
async def test_a_busy_bot_ends_with_every_photo_answered(mode: str, *, stop_s: float, finished: bool) -> None:
    people = [Person(id=700 + n) for n in range(6)]
    async with TelegramPeer() as peer:
        process = BotProcess(mode, peer.url, str(free_port()), str(stop_s))
        if mode == "webhook":
            await peer.until(lambda: peer.webhook is not None, within_s=30)
        else:
            await peer.until(lambda: peer.made("deleteWebhook"), within_s=30)
        photos = [(person, await peer.send_photo(person, b"faces=1 slow=0.3")) for _ in range(2) for person in people]
        await peer.until(lambda: len(peer.made("setMessageReaction")) == len(photos), within_s=20)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 40) == 0
        answered = [
            (call.chat, call.params["reply_parameters"]["message_id"])
            for call in peer.sent()
            if "reply_parameters" in call.params
            and "in the queue" not in call.text
            and "/privacy" not in call.text  # the notice before a person's first photo
        ]
        assert sorted(answered) == sorted((person.id, photo["message_id"]) for person, photo in photos)
        sentences = [call for call in peer.sent() if "being restarted" in call.text]
        assert (sentences == []) is finished
        if mode == "polling":
            assert peer.confirmed == 1000 + len(photos), "the next start must not get them again"
