"""What the page promises, held by tests: nothing of a photo is written, kept or logged."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import structlog

from tests.web.conftest import RunningPage
from web.logs import set_up_logs

WRITES = ("w", "a", "x", "+")
_watching: list[list[str]] = []
_hooked: list[bool] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hooks can't be taken off again, so this one sleeps while nobody watches."""
    if not _watching:
        return
    if event == "open":
        path, mode, flags = arguments
        if (isinstance(mode, str) and any(c in mode for c in WRITES)) or (isinstance(flags, int) and flags & 0o3):
            _watching[-1].append(str(path))
    elif event in {"os.rename", "os.mkdir", "os.link", "os.symlink", "tempfile.mkstemp", "tempfile.mkdtemp"}:
        _watching[-1].append(f"{event} {arguments[0]}")


@contextmanager
def files_written() -> Iterator[list[str]]:
    """Everything this process opens for writing meanwhile."""
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    written: list[str] = []
    _watching.append(written)
    try:
        yield written
    finally:
        _watching.remove(written)


def test_the_watch_sees_a_file(tmp_path: Path) -> None:
    with files_written() as written:
        (tmp_path / "x").write_bytes(b"1")
        (tmp_path / "x").read_bytes()
    assert written == [str(tmp_path / "x")]


async def whole_tour(page: RunningPage) -> None:
    """Photos, one larger than multipart readers keep in memory, a comparison, a vector, refusals, a fault."""
    large = b"faces=2 " + b" " * 990_000
    await page.post("/v1/match?card=1&crops=true&embeddings=true", large)
    await page.post("/v1/faces", b"faces=1")
    await page.post("/v1/compare?first_bytes=7&card=true", b"faces=1faces=2")
    await page.post("/v1/near", json.dumps({"embedding": [1.0] + [0.0] * 7}))
    for photo in (b"faces=0", b"bad=broken", b"boom", b" " * 1_000_001):
        await page.post("/v1/match?language=ru", photo)
    await page.get("/")


async def test_no_file_is_written_while_answering(page: RunningPage) -> None:
    with files_written() as written:
        await whole_tour(page)
    assert [path for path in written if "/dev/" not in path] == []


async def test_nothing_of_a_photo_is_held_after_its_answer(page: RunningPage) -> None:
    others = measured_things()
    known = {id(thing) for thing in others}
    await whole_tour(page)
    page.reader.read_order.clear()
    await asyncio.sleep(0.1)
    assert [type(thing).__name__ for thing in measured_things() if id(thing) not in known] == []
    assert page.jobs.memory.free_bytes == 256_000_000


def measured_things() -> list[object]:
    gc.collect()
    return [
        thing for thing in gc.get_objects() if type(thing).__name__ in {"PhotoFaces", "Embedding", "Found", "Compared"}
    ]


async def test_logs_hold_no_address_no_query_and_no_name(page: RunningPage, log_text: io.StringIO) -> None:
    await whole_tour(page)
    await page.post("/v1/match?gallery=Somebody", b"faces=1")
    await page.get("/Somebody?q=secret")
    lines = log_text.getvalue()
    assert re.search(r"request .*method=POST .*path=/v1/match status=200", lines)
    for word in ("127.0.0.1", "Somebody", "secret", "language", "card=1", "faces=2"):
        assert word not in lines


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_key_no_address_and_no_vector_reaches_a_traceback(form: Literal["text", "json"]) -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers, root.level
    set_up_logs(form=form, secrets=("a-key-of-the-page", ""), stream=stream)
    vector = np.linspace(-0.1, 0.1, 512)
    try:
        raise ConnectionError(f"a-key-of-the-page from ('192.0.2.77', 51123), [2001:db8::77]: {vector!r}")  # noqa: TRY301
    except ConnectionError:
        structlog.get_logger("web.test").exception("broken", data=b"JFIF" * 9, face=vector)
    finally:
        root.handlers, level = before
        root.setLevel(level)
        structlog.reset_defaults()
    text = stream.getvalue()
    assert "ConnectionError" in text
    assert "bytes" in text
    for secret in ("a-key", "192.0.2", "2001:db8", "0.0996", "JFIF"):
        assert secret not in text


async def test_every_answer_keeps_scripts_and_cameras_to_this_page(page: RunningPage) -> None:
    for path in ("/", "/static/app.js", "/v1/galleries", "/v1/nothing", "/healthz"):
        async with page.client.get(page.url + path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "camera=(self)" in answer.headers["Permissions-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "Set-Cookie" not in answer.headers
