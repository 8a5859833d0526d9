"""A real redis-server for a test, that can go and come back on the same port."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import signal
import tempfile
from typing import Self

import pytest

from tests.bot.conftest import free_port

redis_missing = pytest.mark.skipif(
    shutil.which("redis-server") is None or importlib.util.find_spec("redis") is None,
    reason="needs redis-server (apt-get install redis-server) and the redis extra",
)


class RedisProcess:
    """`async with RedisProcess() as redis:`; nothing is written to a disk."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: asyncio.subprocess.Process | None = None
        self._folder = tempfile.TemporaryDirectory()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()
        self._folder.cleanup()

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder.name,
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(400):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.025)
                continue
            writer.close()
            await writer.wait_closed()
            return
        raise RuntimeError("redis-server did not start")

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await self._process.wait()
