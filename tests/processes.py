"""What Linux tells of processes: their children and their memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """Proportional: pages that several processes share are divided among them, so that a tree's sum is right."""

    pss_mb: float
    anonymous_mb: float


def children_of(process: int) -> list[int]:
    """Processes started by any of its threads."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text(encoding="ascii").split()]
        except OSError:  # the thread has ended meanwhile
            continue
    return found


def memory_of(process: int) -> Memory:
    """Zero for a process that has ended."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return Memory(0.0, 0.0)
    values = {name: int(kilobytes) / 1024 for name, kilobytes in re.findall(r"(\w+):\s+(\d+) kB", text)}
    return Memory(values.get("Pss", 0.0), values.get("Pss_Anon", 0.0))


def tree_pss_mb(process: int) -> float:
    """Of a process and everything it started."""
    tree = [process]
    for one in tree:
        tree += children_of(one)
    return sum(memory_of(one).pss_mb for one in tree)
