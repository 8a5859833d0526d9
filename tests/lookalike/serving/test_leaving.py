"""leaving: a process ends with its own exit code, also while a network is at work in a thread that was given up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lookalike.paths import ROOT

# A server that is stopped while its networks warm up: the thread is inside of an engine, whose threads abort a process
# that takes its interpreter from under them.
STOPPED_WHILE_WARMING_UP = """
import asyncio, sys
from functools import partial
from lookalike.serving.leaving import close_and_leave
from lookalike.serving.work_threads import FinderPool

def warm_up():
    import onnxruntime
    begun.set()
    while True:
        onnxruntime.InferenceSession("weights/aligner.onnx", providers=["CPUExecutionProvider"])

async def stopped_at_once():
    global begun
    loop = asyncio.get_running_loop()
    begun = asyncio.Event()
    begun.set = partial(loop.call_soon_threadsafe, begun.set)
    warming = asyncio.create_task(pool.call(warm_up))
    await begun.wait()
    warming.cancel()
    await asyncio.gather(warming, return_exceptions=True)

pool = FinderPool(None)
asyncio.run(stopped_at_once())
print("stopped")
sys.exit(close_and_leave(pool, 3))
"""


@pytest.mark.weights
def test_a_server_that_is_stopped_while_its_networks_warm_up_ends_with_its_own_code() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_WHILE_WARMING_UP],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    assert "stopped" in done.stdout
