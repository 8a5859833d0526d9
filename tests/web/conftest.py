"""A page that runs in the test's own event loop behind uvicorn, over a reader that does what a photo's bytes say."""

from __future__ import annotations

import asyncio
import io
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import structlog

from lookalike.finder import Finder
from lookalike.kept_vectors import as_answered
from lookalike.serving.decoders import Decoders
from lookalike.serving.work_threads import FinderPool
from lookalike.settings import Settings
from pipeline.types import Face, PhotoFaces, Vector
from tests.fakes import ObedientReader, PlainPainter
from tests.lookalike import builders
from web.app import build_app, build_jobs
from web.galleries import FIRST, Galleries, OpenGallery
from web.jobs import Jobs
from web.logs import set_up_logs
from web.server import server
from web.settings import WebSettings


@dataclass
class RunningPage:
    """What a test works with."""

    url: str
    port: int
    jobs: Jobs
    reader: ObedientReader
    painter: PlainPainter
    client: aiohttp.ClientSession

    async def post(self, path: str, data: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        """The status and the document that came back."""
        async with self.client.post(self.url + path, data=data, headers=headers) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.client.get(self.url + path, headers=headers) as answer:
            return answer.status, await answer.text()

    async def raw(self, data: bytes, *, end: bool = False) -> bytes:
        """What comes back for bytes as they are, until the server closes. end: say that no more will come."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        if end:
            writer.write_eof()
        got = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        return got


@asynccontextmanager
async def running_page(
    *,
    decoders: Decoders | None = None,
    photo_mb: float = 1.0,
    kept_vector: Callable[[PhotoFaces, Face], Vector | None] = as_answered,
    **more: Any,
) -> AsyncIterator[RunningPage]:
    """Serve on a free port of this machine until the block ends."""
    reader, painter = ObedientReader(), PlainPainter()
    finder = Finder(reader, builders.EightPeople(), builders.calibration())
    pool = FinderPool(finder, workers=2, decoders=decoders)
    galleries = Galleries(
        reader=reader,
        by_name={name: OpenGallery(name=name, finder=finder, renderer=painter) for name in (FIRST, "family")},
        kept_vector=kept_vector,
    )
    settings = WebSettings.model_validate(more)
    jobs = build_jobs(pool, galleries, settings, Settings(max_photo_mb=photo_mb))
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    running = server(build_app(jobs, settings), host="127.0.0.1", port=port, proxies=settings.proxies, stop_s=2)
    task = asyncio.create_task(running.serve(sockets=[listening]))
    async with aiohttp.ClientSession() as client:
        try:
            yield RunningPage(f"http://127.0.0.1:{port}", port, jobs, reader, painter, client)
        finally:
            running.should_exit = True
            await asyncio.wait_for(task, 20)
            listening.close()
            pool.close()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that end are seen to end."""
    monkeypatch.setattr("web.server.KEEP_ALIVE_S", 1)
    monkeypatch.setattr("web.server.LINGER_S", 0.1)


@pytest.fixture(autouse=True)
def log_text() -> Iterator[io.StringIO]:
    """What is logged, as in production."""
    text = io.StringIO()
    root = logging.getLogger()
    before = root.handlers, root.level
    set_up_logs(form="text", stream=text)
    yield text
    root.handlers, level = before
    root.setLevel(level)
    structlog.reset_defaults()


StartPage = Callable[..., Awaitable[RunningPage]]


@pytest.fixture
async def start_page() -> AsyncIterator[StartPage]:
    """Starts a page with settings of one's own."""
    async with AsyncExitStack() as running:

        async def start(**more: Any) -> RunningPage:
            return await running.enter_async_context(running_page(**more))

        yield start


@pytest.fixture
async def page(start_page: StartPage) -> RunningPage:
    return await start_page()
