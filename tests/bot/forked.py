"""Bot processes for tests that end them: each is forked from one that has imported the bot, in a tenth of a second.

Starting Python and importing the bot takes two seconds of processor time. `python -m bot` itself is started by
test_command.py, test_process.py and test_hostile_pictures.py.
"""

from __future__ import annotations

import asyncio
import multiprocessing

from tests.bot.busy_bot import run

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["tests.bot.busy_bot"])


class BotProcess:
    """A process of `busy_bot`: mode, the peer's address, port, seconds to stop in, address of Redis."""

    def __init__(self, *arguments: str) -> None:
        self._process = _FORKED.Process(target=run, args=arguments, daemon=True)
        self._process.start()

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()

    def terminate(self) -> None:
        """End it by SIGTERM."""
        self._process.terminate()

    async def wait(self) -> int | None:
        """Wait for its end; the exit code, -9 after SIGKILL."""
        await asyncio.to_thread(self._process.join)
        return self._process.exitcode
