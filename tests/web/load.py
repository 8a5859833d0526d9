"""A crowd at once: `python -m tests.web.load [--at-once 50] [--seconds 60]`.

A page in a process of its own, as `lookalike web` starts it, gets the shipped sample photo from many connections at
once, each sending the next one when its answer is back, or after what Retry-After says (a second at most). Prints how
many got which status, p50 and p95 of the answered ones, and the server's resident memory; 1 when there was any status
but 200, 429 and 503.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import time
from collections import Counter
from pathlib import Path

import aiohttp

from lookalike.paths import ROOT, SAMPLES

PHOTO = (SAMPLES / "grace_hopper.jpg").read_bytes()


def memory_mb(process: int, what: str = "VmRSS") -> float:
    """Resident memory of a process; 0 where there is no /proc."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(what)), 0.0)


async def visitor(client: aiohttp.ClientSession, url: str, end: float, seen: Counter[int], times: list[float]) -> None:
    """Send one photo after the other until the end."""
    while time.monotonic() < end:
        start = time.monotonic()
        async with client.post(url, data=PHOTO) as answer:
            await answer.read()
            seen[answer.status] += 1
            if answer.status == 200:
                times.append(time.monotonic() - start)
            else:
                await asyncio.sleep(min(1.0, float(answer.headers.get("Retry-After", "1"))))


async def run(*, at_once: int, seconds: float) -> int:
    """Print the figures."""
    settings = {"WEB_RATE_BURST": "1000", "WEB_FRAMES_PER_MINUTE": "60000", "WEB_HELD_PER_VISITOR": "40"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "web", "--port", "0", cwd=ROOT, env=os.environ | settings,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    address = re.findall(r"http://[\d.:]+", (await process.stdout.readline()).decode())[0]
    seen: Counter[int] = Counter()
    times: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        await visitor(client, f"{address}/v1/match", time.monotonic() + 3, Counter(), [])
        before = memory_mb(process.pid)
        end = time.monotonic() + seconds
        crowd = (visitor(client, f"{address}/v1/match?card=1", end, seen, times) for _ in range(at_once))
        await asyncio.gather(*crowd)
        after, highest = memory_mb(process.pid), memory_mb(process.pid, "VmHWM")
    process.terminate()
    code = await process.wait()
    times.sort()
    out = sys.stdout.write
    out(f"{at_once} at once for {seconds:.0f} s: {dict(sorted(seen.items()))}\n")
    if times:
        out(f"p50 {times[len(times) // 2]:.2f} s, p95 {times[int(len(times) * 0.95)]:.2f} s of {len(times)} answered\n")
    out(f"memory: {before:.0f} MB before, {after:.0f} MB after, {highest:.0f} MB at its highest; exit code {code}\n")
    return 0 if set(seen) <= {200, 429, 503} and times and code == 0 else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    return asyncio.run(run(at_once=given.at_once, seconds=given.seconds))


if __name__ == "__main__":
    sys.exit(main())
