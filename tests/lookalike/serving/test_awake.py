"""Time limits count the time that the process could work."""

from __future__ import annotations

import asyncio
import time

from lookalike.serving.awake import awake_for


async def test_a_limit_is_over_in_its_time() -> None:
    start = time.monotonic()
    await awake_for(0.2, tick_s=0.05)
    assert 0.19 < time.monotonic() - start < 2


async def test_time_in_which_the_process_stood_still_is_not_counted() -> None:
    limit = asyncio.create_task(awake_for(0.4, tick_s=0.05))
    await asyncio.sleep(0.06)
    time.sleep(0.6)  # noqa: ASYNC251 - as a stopped process does: the loop stands still, the clock does not
    await asyncio.sleep(0.02)
    assert not limit.done()
    await asyncio.wait_for(limit, 3)


async def test_time_that_does_not_count_is_not_counted() -> None:
    counts = False
    limit = asyncio.create_task(awake_for(0.1, counts=lambda: counts, tick_s=0.02))
    await asyncio.sleep(0.4)
    assert not limit.done()
    counts = True
    await asyncio.wait_for(limit, 3)
