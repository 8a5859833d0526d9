"""steady_heap: large blocks go back to the system when they are freed, and other systems are left alone."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from pipeline import steady_heap

# The first freed block of 20 MB moves glibc's limit over the second, which then comes from the heap; what lives on
# behind it keeps it there.
PROGRAM = """
import ctypes, sys
from pathlib import Path
from pipeline.steady_heap import keep_heap_steady
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
def resident_mb():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
if sys.argv[1] == "steady":
    keep_heap_steady()
libc.free(libc.malloc(20 << 20))
before = resident_mb()
block = libc.malloc(19 << 20)
ctypes.memset(block, 1, 19 << 20)
kept = libc.malloc(4096)
libc.free(block)
print(resident_mb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux with glibc, whose heap this is about")
@pytest.mark.parametrize(("how", "grows"), [("steady", False), ("as it is", True)])
def test_a_large_block_behind_which_something_lives_goes_back(how: str, grows: bool) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    assert (float(done.stdout) > 10) == grows


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: pytest.fail("opened the C library"))
    steady_heap.keep_heap_steady()


def test_few_kernels_are_kept_unless_the_environment_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
    monkeypatch.setenv(name, "7")
    steady_heap.keep_few_kernels()
    assert os.environ[name] == "7"
    monkeypatch.delenv(name)
    steady_heap.keep_few_kernels()
    assert 0 < int(os.environ[name]) < 1024
