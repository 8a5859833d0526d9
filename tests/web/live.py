"""The live camera's speed: `python -m tests.web.live [--seconds 60] [--local]`.

`lookalike web` and a headless Chromium with a fake webcam of 640 x 480 px share this machine. Prints the median and the
tenth percentile, over the seconds measured, of answers a second; the CPU time of one answer at the server and in the
browser, which others' work on the machine does not change; and the machine's load before and after. Exit code 1 below
8 answers a second at the median. --local: the browser answers by itself.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from playwright.sync_api import sync_playwright

from lookalike.paths import SAMPLES
from tests.processes import children_of
from tests.web.chromium import launch_options, opened, served
from tests.web.webcam import webcam

WANTED: Final = 8.0
WARM_UP_S: Final = 5.0
# Counts answers by the second in which they came.
_COUNT: Final = """() => {
    window.answered = [];
    new MutationObserver(() => window.answered.push(performance.now()))
        .observe(document.querySelector('#live-speed'), {childList: true, characterData: true, subtree: true});
}"""


def cpu_s(process: int) -> float:
    """CPU seconds of a process and all that it started and that still runs."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_s(child) for child in children_of(process))


def mine(word: str) -> list[int]:
    """Processes below this one whose command holds a word, each without those that such a one started."""
    found: list[int] = []

    def look(process: int) -> None:
        for child in children_of(process):
            try:
                command = Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            if word in command:
                found.append(child)
            else:
                look(child)

    look(os.getpid())
    return found


def run(*, seconds: float, local: bool) -> int:
    """Print the figures."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as address, sync_playwright() as playwright:
        film = webcam(Path(folder) / "film.mjpeg", SAMPLES / "grace_hopper.jpg")
        browser = playwright.chromium.launch(**launch_options(film))
        with opened(browser, f"{address}/?local" if local else address) as page:
            page.click("#tab-camera")
            page.click("#camera-start")
            page.wait_for_selector("#live-people li .who")
            time.sleep(WARM_UP_S)
            page.evaluate(_COUNT)
            before = [sum(map(cpu_s, mine(word))) for word in ("lookalike", "chrom")]
            start = page.evaluate("performance.now()")
            time.sleep(seconds)
            times = [(one - start) / 1000 for one in page.evaluate("window.answered")]
            after = [sum(map(cpu_s, mine(word))) for word in ("lookalike", "chrom")]
        browser.close()
    by_second = [sum(second <= one < second + 1 for one in times) for second in range(int(seconds))]
    server_ms, browser_ms = (1000 * (b - a) / max(len(times), 1) for a, b in zip(before, after, strict=True))
    middle, low = median(by_second), quantiles(by_second, n=10)[0]
    sys.stdout.write(
        f"{len(times)} answers in {seconds:.0f} s: median {middle:g} a second, tenth percentile {low:g}\n"
        f"CPU of one answer: {server_ms:.0f} ms at the server, {browser_ms:.0f} ms in the browser\n"
        f"load of this machine of {os.cpu_count()} cores: {load:.1f} before, {os.getloadavg()[0]:.1f} after\n"
    )
    return 0 if middle >= WANTED else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--local", action="store_true")
    given = parser.parse_args()
    return run(seconds=given.seconds, local=given.local)


if __name__ == "__main__":
    sys.exit(main())
