"""From settings to a running page. Exit codes: 0 it was stopped, 3 the set-up is broken."""

from __future__ import annotations

import asyncio
import socket
import sys
import webbrowser
from functools import partial
from typing import Final

import structlog
from pydantic import ValidationError

from index.errors import GalleryError
from lookalike.app import App, build
from lookalike.env_file import EnvFileError, unknown_settings
from lookalike.errors import CalibrationError
from lookalike.extras import install_command
from lookalike.serving.decoders import Decoders
from lookalike.serving.hardening import harden
from lookalike.serving.leaving import close_and_leave
from lookalike.serving.work_threads import FinderPool
from lookalike.settings import Settings, setting_problems
from pipeline.errors import PipelineError
from web.settings import WebSettings

EXIT_FAULT: Final = 1
EXIT_SETUP: Final = 3
SETUP_ERRORS: Final = (PipelineError, GalleryError, CalibrationError)
EXTRA: Final = frozenset({"fastapi", "starlette", "uvicorn"})

log = structlog.get_logger(__name__)


class SetupBroken(Exception):  # noqa: N818 - named for what it is
    """The page can't be served as it is set up: sentences for whoever runs it."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(*sentences)
        self.sentences = sentences


def run(*, host: str | None = None, port: int | None = None, open_page: bool = False) -> int:
    """Serve until SIGTERM or SIGINT. What is wrong with the set-up is a line each on stderr and exit code 3."""
    try:
        return _run(host=host, port=port, open_page=open_page)
    except SetupBroken as error:
        return _complain(error)


def _run(*, host: str | None, port: int | None, open_page: bool) -> int:
    settings, shared = read_settings()
    _needs_extra()
    from web.logs import set_up_logs

    set_up_logs(form=settings.web_log_format, secrets=(settings.web_api_key.get_secret_value(),))
    for name, meant in unknown_settings((WebSettings, Settings)).items():
        if name.startswith("WEB_"):  # the others may be the bot's
            log.warning("unknown in .env", name=name, meant=meant)
    place = (host or settings.web_host, settings.web_port if port is None else port)
    listening = _listening(*place)
    harden()
    try:
        decoders = Decoders(shared.photo_limits)  # first: it starts processes while the networks load
        app = build(shared, lean=True)
    except SETUP_ERRORS as error:
        listening.close()
        raise SetupBroken(str(error)) from error
    pool = FinderPool(app.finder, workers=shared.workers, decoders=decoders, limit_s=settings.web_photo_timeout_s)
    code = 0
    # Before the pool is closed: a thread that hangs there ends the process, and this must have been said by then.
    try:
        _serve(app, pool, settings, listening, open_page=open_page)
    except SETUP_ERRORS as error:
        code = _complain(SetupBroken(str(error)))
    except Exception:
        log.exception("the page ended by a fault of its own")
        code = EXIT_FAULT
    finally:
        listening.close()
    return close_and_leave(pool, code)


def _complain(error: SetupBroken) -> int:
    for sentence in error.sentences:
        sys.stderr.write(f"lookalike: {sentence}\n")
    sys.stderr.flush()
    return EXIT_SETUP


def read_settings() -> tuple[WebSettings, Settings]:
    """Both halves of the settings. Raises SetupBroken with everything that is wrong in either of them."""
    problems: list[str] = []
    web: WebSettings | None = None
    shared: Settings | None = None
    try:
        web = WebSettings()
    except ValidationError as error:
        problems += setting_problems(error)
    except EnvFileError as error:
        raise SetupBroken(f"{error}; make it readable for the user the page runs as") from error
    try:
        shared = Settings()
    except ValidationError as error:
        problems += setting_problems(error)
    if web is None or shared is None:
        raise SetupBroken(*problems)
    return web, shared


def _needs_extra() -> None:
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise SetupBroken(f"the page needs an extra: {install_command('web')}") from error


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens, opened before the networks so that a taken port is told at once. Raises SetupBroken."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(128)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise SetupBroken(
            f"{host}:{port} can't be listened on ({error.strerror or error}); choose another: lookalike web --port 8001"
        ) from error
    return listening


def _serve(app: App, pool: FinderPool, settings: WebSettings, listening: socket.socket, *, open_page: bool) -> None:
    from web.app import build_app, build_jobs
    from web.galleries import open_galleries
    from web.local import Local, public_people
    from web.server import server

    public = partial(public_people, marked=settings.public_galleries)
    galleries = open_galleries(app, public=public)
    host, port = listening.getsockname()[:2]
    address = f"http://{'[' + host + ']' if ':' in host else host}:{port}"

    async def serve() -> None:
        jobs = build_jobs(pool, galleries, settings, app.settings)
        running = server(
            build_app(jobs, settings, given_away=Local(app)),
            host=host,
            port=port,
            proxies=settings.proxies,
            stop_s=settings.web_stop_s,
        )
        sys.stdout.write(f"The page is at {address} - stop it with Ctrl-C\n")
        sys.stdout.flush()
        if open_page:
            asyncio.get_running_loop().call_later(0.5, partial(webbrowser.open, address))
        warm_up = asyncio.create_task(pool.call(app.pipeline.warm_up))
        await running.serve(sockets=[listening])
        jobs.queue.stop()
        warm_up.cancel()

    asyncio.run(serve())
