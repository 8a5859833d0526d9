"""A crowd at once: `python -m tests.bot.load [--photos 200] [--chats 50] [--mode polling] [--fake]`.

Photos of the shipped samples from many chats against the loopback peer, through the shipped networks (or with --fake a
stand-in that takes no time). Prints how many were answered, whether in order, p50, p95, photos a second and memory.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

from bot.app import build_bot, build_dispatcher
from bot.artist import CardPainter, Painter
from bot.logs import set_up_logs
from bot.serve import serve
from lookalike.finder import FinderPool
from tests.bot.conftest import bot_settings
from tests.fakes import PlainPainter, fake_finder
from tests.telegram_peer import Person, TelegramPeer

SAMPLE = Path(__file__).resolve().parent.parent.parent / "lookalike" / "sample"


def resident_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def real_parts() -> tuple[FinderPool, Painter]:
    from lookalike.app import build
    from lookalike.settings import Settings

    app = build(Settings())
    painter = CardPainter(calibration=app.finder.calibration, gallery=app.finder.gallery, pictures=app.pictures)
    return FinderPool(app.finder, workers=app.settings.workers), painter


async def crowd(*, photos: int, chats: int, mode: str, fake: bool) -> int:
    pool, painter = (fake_finder(), PlainPainter()) if fake else real_parts()
    data = [b"faces=1"] if fake else [(SAMPLE / name).read_bytes() for name in ("grace_hopper.jpg", "astronaut.jpg")]
    async with TelegramPeer() as peer:
        settings = bot_settings(mode, peer.url, rate_burst=1000, queue_wait_s=3600, queue_length=photos)
        parts = build_dispatcher(pool, painter, settings)
        stop = asyncio.Event()
        task = asyncio.create_task(serve(build_bot(settings), parts, settings, stop=stop))
        people = [Person(id=1000 + n) for n in range(chats)]
        for person in people:
            parts.desk.told.first_time(person.id)
        await peer.until(lambda: len(peer.texts) >= 8, within_s=60)
        await peer.send_photo(Person(id=1), data[0])
        await peer.until_sent(2, 1, within_s=60)  # warm, its first notice included
        before_mb = resident_mb()
        sent_at: dict[tuple[int, int], float] = {}
        start = time.monotonic()
        for number in range(photos):
            person = people[number % chats]
            message = await peer.send_photo(person, data[number % len(data)])
            sent_at[person.id, message["message_id"]] = time.monotonic()
        cards = {"sendPhoto"}
        await peer.until(
            lambda: sum(call.method in cards and call.chat != 1 for call in peer.calls) >= photos, within_s=1800
        )
        took_s = time.monotonic() - start
        answers = [call for call in peer.calls if call.method in cards and call.chat != 1]
        waits = sorted(c.at - sent_at[c.chat or 0, c.params["reply_parameters"]["message_id"]] for c in answers)
        order = {p.id: [c.params["reply_parameters"]["message_id"] for c in answers if c.chat == p.id] for p in people}
        in_order = all(ids == sorted(ids) for ids in order.values())
        notices = sum("in the line" in call.text for call in peer.calls)
        out = sys.stdout.write
        out(f"{len(answers)} of {photos} photos from {chats} chats answered by {mode}, ")
        out(f"{'in order' if in_order else 'OUT OF ORDER'} within each chat; {notices} told their place in the line\n")
        out(f"p50 {waits[len(waits) // 2]:.2f} s, p95 {waits[int(len(waits) * 0.95)]:.2f} s of waiting and answering\n")
        out(f"{photos / took_s:.1f} photos a second on {os.cpu_count()} cores\n")
        out(f"memory {before_mb:.0f} MB before, {resident_mb():.0f} MB after, the peer's own copies included\n")
        stop.set()
        await task
        pool.close()
        return 0 if in_order and len(answers) == photos and not peer.violations else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--mode", choices=("polling", "webhook"), default="polling")
    parser.add_argument("--fake", action="store_true", help="no networks, no cards: the bot's own part")
    given = parser.parse_args()
    set_up_logs(form="text", level="warning")
    return asyncio.run(crowd(photos=given.photos, chats=given.chats, mode=given.mode, fake=given.fake))


if __name__ == "__main__":
    sys.exit(main())
