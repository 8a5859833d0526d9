"""A crowd at once: `python -m tests.bot.load [--photos 200] [--chats 50] [--mode polling] [--fake]`.

A bot process of its own, as `lookalike bot` starts it, gets the shipped sample photos from many chats at once through
the loopback peer, and answers them with the shipped networks (with --fake: a stand-in that takes no time). Prints how
many were answered, whether in order, p50, p95, photos a second, the bot process's resident memory, and the proportional
set size (PSS) of it and the processes that it started, read with nothing else running; as root, since the bot closes
its files under /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bot.conftest import free_port
from tests.bot.memory import memory_mb, tree_pss_mb
from tests.telegram_peer import TOKEN, Call, Person, TelegramPeer

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / "lookalike" / "sample"
FIRST = Person(id=1)  # asks alone before the crowd comes, so that the bot is warm


@asynccontextmanager
async def bot_process(peer: TelegramPeer, *, mode: str, fake: bool, **settings: str) -> AsyncIterator[int]:
    """A bot that asks `peer`; yields its process id, and ends it as a service manager does."""
    port = str(free_port())
    environment = os.environ | {
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": peer.url,
        "BOT_MODE": mode,
        "WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "WEBHOOK_PORT": port,
        "LOG_LEVEL": "warning",
        **settings,
    }
    command = ("tests.bot.busy_bot", mode, peer.url, port, "20") if fake else ("bot",)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *command, cwd=ROOT, env=environment)
    try:
        yield process.pid
    finally:
        process.terminate()
        code = await asyncio.wait_for(process.wait(), 60)
        if code != 0:
            sys.stderr.write(f"the bot ended with exit code {code}\n")


@dataclass
class Crowd:
    """Who sent which photo when, and what came back."""

    sent_at: dict[tuple[int, int], float] = field(default_factory=dict)  # (chat, message) -> monotonic seconds

    def answers(self, peer: TelegramPeer) -> list[Call]:
        """Cards to the crowd, in the order they came."""
        return [call for call in peer.calls if call.method == "sendPhoto" and call.chat != FIRST.id]

    def waits_s(self, answers: list[Call]) -> list[float]:
        return sorted(call.at - self.sent_at[call.chat or 0, _photo(call)] for call in answers)

    def in_order(self, answers: list[Call]) -> bool:
        """Whether each chat's answers came in the order of its photos."""
        by_chat: dict[int | None, list[int]] = defaultdict(list)
        for call in answers:
            by_chat[call.chat].append(_photo(call))
        return all(numbers == sorted(numbers) for numbers in by_chat.values())


def _photo(call: Call) -> int:
    return int(call.params["reply_parameters"]["message_id"])


async def run(*, photos: int, chats: int, mode: str, fake: bool) -> int:
    """Print the figures; 1 when a photo is unanswered or out of order, or the peer had something to refuse."""
    data = [b"faces=1"] if fake else [(SAMPLE / name).read_bytes() for name in ("grace_hopper.jpg", "astronaut.jpg")]
    limits = {"RATE_BURST": "1000", "QUEUE_WAIT_S": "3600", "QUEUE_LENGTH": str(photos)}
    crowd, people = Crowd(), [Person(id=1000 + number) for number in range(chats)]
    async with TelegramPeer() as peer, bot_process(peer, mode=mode, fake=fake, **limits) as process:
        await peer.until(lambda: peer.made("setMyShortDescription"), within_s=60)
        await asyncio.sleep(3)  # it compiles the shapes of group photos when idle
        await peer.send_photo(FIRST, data[0])
        await peer.until_sent(2, FIRST.id, within_s=60)  # the first photo's notice, and the card
        memory = {"before": memory_mb(process)}
        start = time.monotonic()
        for number in range(photos):
            person = people[number % chats]
            message = await peer.send_photo(person, data[number % len(data)])
            crowd.sent_at[person.id, message["message_id"]] = time.monotonic()
        while len(answers := crowd.answers(peer)) < photos and time.monotonic() - start < 600:
            if len(answers) >= 100 and "after 100 photos" not in memory:
                memory["after 100 photos"] = memory_mb(process)
            await asyncio.sleep(0.05)
        took_s = time.monotonic() - start
        memory |= {f"after {len(answers)}": memory_mb(process), "at its highest": memory_mb(process, "VmHWM")}
        tree_mb = tree_pss_mb(process)
    waits_s, in_order = crowd.waits_s(answers), crowd.in_order(answers)
    out = sys.stdout.write
    out(f"{len(answers)} of {photos} photos from {chats} chats answered by {mode}, ")
    out(f"{'in order' if in_order else 'OUT OF ORDER'} within each chat; ")
    out(f"{sum('in the queue' in call.text for call in peer.calls)} told their place in the line\n")
    out(f"p50 {waits_s[len(waits_s) // 2]:.2f} s, p95 {waits_s[int(len(waits_s) * 0.95)]:.2f} s from photo to card\n")
    out(f"{len(answers) / took_s:.1f} photos a second on {os.cpu_count()} cores\n")
    out("memory of the bot: " + ", ".join(f"{value:.0f} MB {when}" for when, value in memory.items()) + "\n")
    out(f"PSS of its process tree after {len(answers)} photos: {tree_mb:.0f} MB\n")
    for violation in peer.violations:
        out(f"refused: {violation}\n")
    return 0 if in_order and len(answers) == photos and not peer.violations else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--mode", choices=("polling", "webhook"), default="polling")
    parser.add_argument("--fake", action="store_true", help="no networks, no cards: the bot's own part")
    given = parser.parse_args()
    return asyncio.run(run(photos=given.photos, chats=given.chats, mode=given.mode, fake=given.fake))


if __name__ == "__main__":
    sys.exit(main())
