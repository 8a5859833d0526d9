"""From settings to a running bot. Exit codes: 0 it was stopped, 1 a fault of its own, 3 the set-up is broken."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Final

import structlog
from aiogram.exceptions import TelegramUnauthorizedError
from pydantic import ValidationError

from bot.about import About, Network, known_versions, network, read_measured
from bot.app import build_bot, build_dispatcher
from bot.serving.lifecycle import serve
from bot.serving.logs import set_up_logs
from bot.serving.ports import PortTaken
from bot.serving.webhook import WebhookRefused, webhook_secret
from bot.settings import BotSettings, token_problem
from bot.stores import ExtraMissing, open_stores
from bot.stores.people import StoreError
from index.errors import GalleryError
from lookalike.app import App, build, open_offered
from lookalike.env_file import EnvFileError, unknown_settings
from lookalike.errors import CalibrationError
from lookalike.serving.decoders import Decoders
from lookalike.serving.hardening import harden
from lookalike.serving.leaving import close_and_leave
from lookalike.serving.work_threads import FinderPool
from lookalike.settings import Settings, setting_problems
from pipeline.errors import PipelineError
from pipeline.manifest import load_manifest

EXIT_FAULT: Final = 1
EXIT_SETUP: Final = 3
SETUP_ERRORS: Final = (PipelineError, GalleryError, CalibrationError)

log = structlog.get_logger(__name__)


class SetupBroken(Exception):  # noqa: N818 - named for what it is
    """The bot can't start, or go on, as it is set up: sentences for whoever runs it."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(*sentences)
        self.sentences = sentences


def run() -> int:
    """Run the bot until SIGTERM or SIGINT. What is wrong with the set-up is a line each on stderr and exit code 3."""
    try:
        return _run()
    except SetupBroken as error:
        return _complain(error)


def _run() -> int:
    settings, shared = read_settings()
    problem = token_problem(settings)
    if problem:
        raise SetupBroken(problem)
    set_up_logs(form=settings.log_format, level=settings.log_level, secrets=secrets(settings))
    for name, meant in unknown_settings((BotSettings, Settings)).items():
        log.warning("unknown in .env", name=name, meant=meant)
    harden()
    try:
        decoders = Decoders(shared.photo_limits)  # first: it starts processes while the networks load
        app = build(shared, lean=True)
        galleries = open_offered(app)
    except SETUP_ERRORS as error:
        raise SetupBroken(str(error)) from error
    pool = FinderPool(app.finder, workers=app.settings.workers, decoders=decoders, limit_s=settings.photo_timeout_s)
    code = 0
    # Before the pool is closed: a thread that hangs there ends the process, and this must have been said by then.
    try:
        _until_stopped(app, pool, settings, galleries)
    except SetupBroken as error:
        code = _complain(error)
    except Exception:
        log.exception("the bot ended by a fault of its own")
        code = EXIT_FAULT
    return close_and_leave(pool, code)


def read_settings() -> tuple[BotSettings, Settings]:
    """Both halves of the settings. Raises SetupBroken with everything that is wrong in either of them."""
    problems: list[str] = []
    made: list[BotSettings | Settings] = []
    for settings_class in (BotSettings, Settings):
        try:
            made.append(settings_class())
        except ValidationError as error:
            problems += setting_problems(error)
        except EnvFileError as error:
            raise SetupBroken(f"{error}; make it readable for the user the bot runs as") from error
    bot, shared = [*made, None, None][:2]
    if problems or not isinstance(bot, BotSettings) or not isinstance(shared, Settings):
        raise SetupBroken(*problems)
    return bot, shared


def _until_stopped(app: App, pool: FinderPool, settings: BotSettings, galleries: dict[str, App]) -> None:
    """Serve; errors that the operator can mend come out as SetupBroken."""
    try:
        asyncio.run(_serve(app, pool, settings, galleries))
    except TelegramUnauthorizedError as error:
        raise SetupBroken("Telegram does not know BOT_TOKEN; copy it again from @BotFather") from error
    except WebhookRefused as error:
        raise SetupBroken(f"Telegram will not call WEBHOOK_URL={settings.webhook_url}: {error}") from error
    except (StoreError, ExtraMissing, PortTaken) as error:
        raise SetupBroken(str(error)) from error


def _complain(error: SetupBroken) -> int:
    for sentence in error.sentences:
        sys.stderr.write(f"lookalike: {sentence}\n")
    sys.stderr.flush()
    return EXIT_SETUP


def secrets(settings: BotSettings) -> tuple[str, ...]:
    """What no log line may hold."""
    return settings.bot_token.get_secret_value(), webhook_secret(settings), settings.redis_url.get_secret_value()


async def _serve(app: App, pool: FinderPool, settings: BotSettings, galleries: dict[str, App]) -> None:
    storage, people = open_stores(settings)
    parts = build_dispatcher(
        pool,
        app.renderer,
        settings,
        theme=app.settings.card_theme,
        photo_limit_bytes=app.settings.max_photo_bytes,
        storage=storage,
        people=people,
        about=About(
            versions=known_versions(),
            networks=_networks(app.settings),
            measured=read_measured(app.settings.weights_dir / "evaluation.json", embedder=app.pipeline.embedder_id),
        ),
        explainer=app.explainer,
        galleries=galleries,
        page=app.settings.web_url,
    )
    log.info("started", people=f"{app.finder.gallery.people:,}", waiting_for=settings.bot_api_url)
    warm_up = partial(pool.call, app.pipeline.warm_up)
    await serve(build_bot(settings), parts, settings, warm_up=warm_up)


def _networks(settings: Settings) -> tuple[Network, ...]:
    manifest = load_manifest(settings.weights_dir)
    return tuple(
        network(entry.role, {**entry.facts, "sha256": entry.sha256, "licence": entry.licence})
        for entry in (manifest.detector, manifest.aligner, manifest.embedder)
    )
