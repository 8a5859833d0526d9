"""How long the start takes, beside another checkout: `python -m tests.measure_startup [--beside DIR] [--rounds 7]`.

For each checkout, with its own .venv: seconds and peak memory of `lookalike --help`, of the first answer in a terminal
(`lookalike match` without a card) and of `bot --check`, each a whole process, the checkouts taking turns. Medians, and
their ratio. Nothing is warmed but the page cache: the first round is thrown away.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from lookalike.paths import ROOT

SAMPLE: Final = "lookalike/sample/grace_hopper.jpg"
COMMANDS: Final = {
    "lookalike --help": ("lookalike", "--help"),
    "first answer": ("lookalike", "match", "--no-cards", SAMPLE),
    "bot --check": ("lookalike", "bot", "--check"),
}


def once(checkout: Path, command: tuple[str, ...]) -> tuple[float, float]:
    """Run one command of a checkout: wall seconds, and peak resident megabytes of its processes."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    start = time.perf_counter()
    printed = subprocess.run(
        [sys.executable, "-c", code, str(checkout / ".venv" / "bin" / command[0]), *command[1:]],
        cwd=checkout, env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return time.perf_counter() - start, int(printed) / 1024


def main() -> int:
    """Print a line a command and checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", type=Path, help="another checkout with an environment in its .venv")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    checkouts = {"this": ROOT} | ({"that": given.beside.resolve()} if given.beside else {})
    for name, command in COMMANDS.items():
        found: dict[str, list[tuple[float, float]]] = {key: [] for key in checkouts}
        for _round in range(given.rounds + 1):
            for key, checkout in checkouts.items():
                found[key].append(once(checkout, command))
        medians = {
            key: [statistics.median(part) for part in zip(*rows[1:], strict=True)] for key, rows in found.items()
        }
        shown = "; ".join(f"{key} {seconds:.2f} s, {memory:.0f} MB" for key, (seconds, memory) in medians.items())
        ratio = f"; ratio {medians['this'][0] / medians['that'][0]:.2f}" if "that" in medians else ""
        sys.stdout.write(f"{name}: {shown}{ratio}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
