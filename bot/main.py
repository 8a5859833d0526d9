"""From settings to a running bot, and the check of a set-up. Exit codes: 0 well, 3 the set-up is broken."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import structlog
from aiogram.exceptions import TelegramAPIError, TelegramUnauthorizedError
from pydantic import ValidationError

from bot.about import About, Network, known_versions, network, read_measured
from bot.app import build_bot, build_dispatcher
from bot.serving.lifecycle import serve
from bot.serving.logs import set_up_logs
from bot.serving.malloc import spare_memory
from bot.serving.webhook import WebhookRefused, webhook_secret
from bot.settings import NO_TOKEN, TOKEN_SHAPE, BotSettings
from bot.stores import open_stores
from bot.stores.people import StoreError
from bot.stores.sqlite import PeopleInSqlite
from index.errors import GalleryError
from lookalike.app import App, build
from lookalike.calibration import CalibrationError
from lookalike.cards.fontfiles import REMEDY, UNSHAPED, shapes_text
from lookalike.extras import install_command
from lookalike.serving.decoders import Decoders
from lookalike.serving.hardening import harden
from lookalike.serving.work_threads import FinderPool
from lookalike.settings import Settings
from pipeline.decoding_bounds import heif_is_read
from pipeline.errors import PipelineError
from pipeline.manifest import load_manifest

EXIT_SETUP: Final = 3
POOL_CLOSE_S: Final = 5.0
SETUP_ERRORS: Final = (PipelineError, GalleryError, CalibrationError)

log = structlog.get_logger(__name__)


class _Broken(Exception):  # noqa: N818 - a sentence on its way to stderr
    """The bot can't start as it is set up."""


class Say(Protocol):
    """Prints one line of the check: what, what is wrong with it, or what is good."""

    def __call__(self, what: str, problem: str | None, good: str = "") -> None: ...


def token_problem(settings: BotSettings) -> str | None:
    """What is wrong with the token, as far as can be seen without asking Telegram."""
    token = settings.bot_token.get_secret_value()
    if not token:
        return NO_TOKEN
    if not re.fullmatch(TOKEN_SHAPE, token):
        return "BOT_TOKEN does not look like a token (123456789:AAE...); copy it again from @BotFather"
    return None


def run() -> int:
    """Run the bot until SIGTERM or SIGINT. What is wrong with the set-up is one line on stderr and exit code 3."""
    try:
        _run()
    except _Broken as error:
        sys.stderr.write(f"lookalike: {error}\n")
        return EXIT_SETUP
    return 0


def _run() -> None:
    try:
        settings = BotSettings()
        shared = Settings()
    except ValidationError as error:
        raise _Broken(setting_problem(error)) from error
    problem = token_problem(settings)
    if problem:
        raise _Broken(problem)
    set_up_logs(form=settings.log_format, level=settings.log_level, secrets=_secrets(settings))
    spare_memory()
    harden()
    try:
        decoders = Decoders(shared.photo_limits)  # first: it starts processes while the networks load
        app = build(shared)
    except SETUP_ERRORS as error:
        raise _Broken(str(error)) from error
    pool = FinderPool(app.finder, workers=app.settings.workers, decoders=decoders, limit_s=settings.photo_timeout_s)
    try:
        asyncio.run(_serve(app, pool, settings))
    except TelegramUnauthorizedError as error:
        raise _Broken("Telegram does not know BOT_TOKEN; copy it again from @BotFather") from error
    except WebhookRefused as error:
        raise _Broken(f"Telegram will not call WEBHOOK_URL={settings.webhook_url}: {error}") from error
    except ModuleNotFoundError as error:
        problem = f"REDIS_URL is set and the extra is missing ({error.name}): {install_command('redis')}"
        raise _Broken(problem) from error
    except StoreError as error:
        raise _Broken(str(error)) from error
    except OSError as error:
        raise _Broken(f"a port or a file could not be opened: {error.strerror or error}") from error
    finally:
        _close(pool)


def _secrets(settings: BotSettings) -> tuple[str, ...]:
    """What no log line may hold."""
    return settings.bot_token.get_secret_value(), webhook_secret(settings), settings.redis_url.get_secret_value()


async def _serve(app: App, pool: FinderPool, settings: BotSettings) -> None:
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
    )
    warm_up = partial(pool.call, app.pipeline.warm_up)
    await serve(build_bot(settings), parts, settings, warm_up=warm_up)


def _networks(settings: Settings) -> tuple[Network, ...]:
    manifest = load_manifest(settings.weights_dir)
    return tuple(
        network(entry.role, {**entry.facts, "sha256": entry.sha256, "licence": entry.licence})
        for entry in (manifest.detector, manifest.aligner, manifest.embedder)
    )


def _close(pool: FinderPool) -> None:
    """Threads can't be killed: one that hangs in a network would keep the process for ever, so it is left behind."""
    closing = threading.Thread(target=pool.close, daemon=True)
    closing.start()
    closing.join(POOL_CLOSE_S)
    if closing.is_alive():
        log.error("a photo is still being worked on; leaving it")
        sys.stderr.flush()
        os._exit(0)


def check_setup() -> int:
    """Say what is right and wrong with the set-up, a line each."""
    failed = False

    def say(what: str, problem: str | None, good: str = "") -> None:
        nonlocal failed
        failed = failed or problem is not None
        sys.stdout.write(f"{'wrong' if problem else 'ok':>5}  {what}: {problem or good}\n")

    try:
        settings = BotSettings()
    except ValidationError as error:
        say("settings", setting_problem(error))
        return EXIT_SETUP
    set_up_logs(form="text", level="critical", secrets=_secrets(settings))  # what is wrong is said in the lines
    say("settings", None, f"{settings.bot_mode}, queue of {settings.queue_length}")
    try:
        app = build(Settings())
    except ValidationError as error:
        say("settings", setting_problem(error))
    except SETUP_ERRORS as error:
        say("weights and gallery", str(error))
    else:
        pictures = app.settings.gallery_images
        say("weights and gallery", None, f"{app.finder.gallery.people} people")
        say(
            "pictures of the gallery",
            f"GALLERY_IMAGES={pictures} is no folder" if pictures is not None and not pictures.is_dir() else None,
            str(pictures) if pictures else "none set; people are drawn",
        )
    _check_stores(settings, say)
    problem = token_problem(settings)
    say("token", problem, "looks like one")
    if problem is None:
        said = asyncio.run(_ask_telegram(settings))
        say("Telegram", said[0], said[1])
    return EXIT_SETUP if failed else 0


def _check_stores(settings: BotSettings, say: Say) -> None:
    if settings.settings_file:
        say("settings file", _try_file(settings.settings_file), str(settings.settings_file))
    if settings.redis_url.get_secret_value():
        say("Redis", asyncio.run(_ask_redis(settings)), "answers")
    say("names on cards", None, "drawn in every script" if shapes_text() else f"{UNSHAPED}. {REMEDY}")
    say("HEIC and AVIF", None, "are read" if heif_is_read() else f"declined; to read them: {install_command('heif')}")


def _try_file(file: Path) -> str | None:
    """Open it as the bot will; one that is not there yet is not made."""
    if not file.exists():
        folder = next(parent for parent in file.resolve().parents if parent.exists())
        return None if folder.is_dir() and os.access(folder, os.W_OK) else f"{file} can't be written"
    if not os.access(file, os.W_OK):
        return f"{file} can't be written"
    try:
        asyncio.run(PeopleInSqlite(file).close())
    except StoreError as error:
        return str(error)
    return None


async def _ask_redis(settings: BotSettings) -> str | None:
    try:
        from redis.exceptions import RedisError

        from bot.stores.redis import connect
    except ModuleNotFoundError:
        return f"the extra is missing: {install_command('redis')}"
    try:
        client = connect(settings.redis_url.get_secret_value())
    except StoreError as error:
        return str(error)
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        return f"does not answer ({type(error).__name__}); see REDIS_URL"
    finally:
        await client.aclose()
    return None


async def _ask_telegram(settings: BotSettings) -> tuple[str | None, str]:
    bot = build_bot(settings)
    try:
        me = await bot.get_me(request_timeout=10)
        hook = await bot.get_webhook_info(request_timeout=10)
    except TelegramUnauthorizedError:
        return "does not know BOT_TOKEN; copy it again from @BotFather", ""
    except TelegramAPIError as error:
        return f"can't be reached at {settings.bot_api_url} ({type(error).__name__})", ""
    finally:
        await bot.session.close()
    if settings.bot_mode == "webhook" and hook.last_error_message:
        return f"could not call {settings.webhook_url}: {hook.last_error_message}", ""
    return None, f"@{me.username}" + (
        f", {hook.pending_update_count} updates wait" if hook.pending_update_count else ""
    )


def setting_problem(error: ValidationError) -> str:
    """The first thing wrong with the settings, in one line, without its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = "_".join(str(part) for part in first["loc"]).upper()
    return f"{name + ': ' if name else ''}{first['msg'].removeprefix('Value error, ')}; see .env.example"
