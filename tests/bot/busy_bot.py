"""A bot process with a slow reader, for tests that end it: python -m tests.bot.busy_bot MODE PEER_URL PORT STOP_S."""

from __future__ import annotations

import asyncio
import sys

from bot.app import build_bot, build_dispatcher
from bot.logs import set_up_logs
from bot.serve import serve
from tests.bot.conftest import bot_settings
from tests.fakes import PlainPainter, fake_finder


async def main(mode: str, peer_url: str, port: str, stop_s: str) -> None:
    settings = bot_settings(
        mode, peer_url, webhook_url=f"http://127.0.0.1:{port}", webhook_port=int(port), stop_s=float(stop_s)
    )
    pool = fake_finder()
    await serve(build_bot(settings), build_dispatcher(pool, PlainPainter(), settings), settings)
    pool.close()


if __name__ == "__main__":
    set_up_logs(form="text", level="info")
    asyncio.run(main(*sys.argv[1:]))
