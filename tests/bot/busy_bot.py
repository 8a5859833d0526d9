"""A bot process with a slow reader, for tests that end it (tests/bot/forked.py) and for tests/bot/load.py.

python -m tests.bot.busy_bot MODE PEER_URL PORT STOP_S [REDIS_URL [ADDRESS REPLICA]]
"""

from __future__ import annotations

from bot.telegram import lazy_types  # noqa: F401 - as the bot's own entry points do: a second of processor time less

# isort: split
import asyncio
import sys

from bot.app import build_bot, build_dispatcher
from bot.serving.lifecycle import serve
from bot.serving.logs import set_up_logs
from bot.stores import open_stores
from tests.bot.conftest import bot_settings
from tests.fakes import PlainPainter, fake_finder


async def main(mode: str, peer_url: str, port: str, stop_s: str, redis_url: str = "", *replica: str) -> None:
    address, name = replica or ("", "")
    settings = bot_settings(
        mode,
        peer_url,
        webhook_url=address or f"http://127.0.0.1:{port}",
        webhook_port=int(port),
        stop_s=float(stop_s),
        redis_url=redis_url,
        replica=name,
    )
    storage, people = open_stores(settings)
    pool = fake_finder()
    parts = build_dispatcher(pool, PlainPainter(), settings, storage=storage, people=people)
    await serve(build_bot(settings), parts, settings)
    pool.close()


def run(*arguments: str) -> None:
    """Be such a bot until it is stopped."""
    set_up_logs(form="text", level="info")
    asyncio.run(main(*arguments))


if __name__ == "__main__":
    run(*sys.argv[1:])
