"""processor: freed blocks stay for the next step, and bf16 is asked for where the processor computes in it."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

pytestmark = pytest.mark.train

# A page that the system clears is counted as a minor fault: 40 MB are 10,000 of them, a block that was kept none.
PROGRAM = """
import resource, sys
import torch
from training.processor import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def faults_of_a_step():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(10 << 20).fill_(1)  # 40 MB, more than glibc ever takes from the heap unasked
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(min(faults_of_a_step() for _ in range(30)))  # the heap is large enough after some
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux with glibc, whose heap this is about")
@pytest.mark.parametrize(("how", "asks"), [("kept", False), ("as it is", True)])
def test_a_steps_memory_is_there_for_the_next(how: str, asks: bool) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    assert (int(done.stdout) > 1000) == asks


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from training.processor import keep_freed_memory

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: pytest.fail("opened the C library"))
    keep_freed_memory()


@pytest.mark.parametrize(
    ("can", "has"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, True),
        ({"avx512_bf16": False, "amx_bf16": True}, True),
        ({"avx512_bf16": False, "amx_bf16": False}, False),
        ({"neon": True}, False),
    ],
)
def test_bf16_is_the_processors(monkeypatch: pytest.MonkeyPatch, can: dict[str, bool], has: bool) -> None:
    import torch

    from training.processor import has_bf16

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: can)
    assert has_bf16(torch.device("cpu")) == has
    assert has_bf16(torch.device("meta"))
