"""What a serving process gives up at its start, so that a crash or a taken-over library finds less there."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38


def harden(*, dumpable: bool = False) -> None:
    """No core dumps, no new rights by programs that are started, and no other process of this user may look inside.

    A core dump of the bot would hold photos, the token and people's names, and land on the disk. dumpable: leave out
    the last of the three, which also closes a process's own files under /proc.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if not dumpable:
        prctl(PR_SET_DUMPABLE, 0)


def prctl(option: int, value: int) -> None:
    """Set one option of this process; on Linux, elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
