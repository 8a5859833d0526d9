"""The system's Chromium, headless, and `lookalike web` with the shipped networks in a process of its own, for tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page

from lookalike.paths import ROOT

CHROMIUM: Final = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
WAIT_MS: Final = 60_000  # a busy machine is slow, not wrong

needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed: apt-get install chromium")


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[str]:
    """The address of a page that is served from `folder` until the block ends. settings: of the environment."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    generous = {"WEB_RATE_PER_MINUTE": "6000", "WEB_FRAMES_PER_MINUTE": "60000"}
    process = subprocess.Popen(
        [sys.executable, "-m", "lookalike", "web", "--port", "0"],
        cwd=folder,
        env=kept | generous | {"PYTHONPATH": str(ROOT)} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield re.findall(r"http://[\d.:]+", process.stdout.readline())[0]
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def launch_options(film: Path | None = None) -> dict[str, Any]:
    """What playwright starts it with. film: what a fake webcam plays; without one there is no camera."""
    camera = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox", *(camera if film else ())]}


@contextmanager
def opened(browser: Browser, address: str, *, may_fail: str = "422", **context: Any) -> Iterator[Page]:
    """The page, ready; at the end it must have had nothing to complain of, and asked nobody but its server.

    may_fail: a complaint that may be; browsers note every answer but 2xx.
    """
    complaints: list[str] = []
    own = browser.new_context(**({"locale": "en-US"} | context))
    page = own.new_page()
    page.set_default_timeout(WAIT_MS)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    yield page
    assert [one for one in complaints if may_fail not in one] == []
    here = "/".join(address.split("/")[:3])
    assert [url for url in requested if not url.startswith((here, "blob:"))] == []
    own.close()


def people(page: Page, where: str = "#photo-people") -> list[str]:
    """Who is listed, the nearest first."""
    page.wait_for_selector(f"{where} li .who")
    return page.locator(f"{where} .who").all_inner_texts()
