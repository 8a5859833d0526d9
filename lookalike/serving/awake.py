"""Time limits that count the time this process could work, not the time it was stopped. Knows no Telegram.

A virtual machine that is paused, a laptop that sleeps or a SIGSTOP stops the process and not the clock. A limit that
is one long timer is over then, although nothing was worked on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

TICK_S: Final = 1.0


async def awake_for(seconds: float, *, counts: Callable[[], bool] = lambda: True, tick_s: float = TICK_S) -> None:
    """Return once the process was running for `seconds`, give or take a tick.

    counts: asked at every tick; a tick at whose end it is false is not counted.
    A tick that took longer than two ticks counts as two: the process was stopped in it, or was very busy.
    """
    loop = asyncio.get_running_loop()
    left_s = seconds
    while left_s > 0:
        start = loop.time()
        await asyncio.sleep(min(tick_s, left_s))
        if counts():
            left_s -= min(loop.time() - start, 2 * tick_s)
