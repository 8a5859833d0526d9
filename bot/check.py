"""`lookalike bot --check`: what is right and what is wrong with the set-up, a line each; nothing is started."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from aiogram.exceptions import TelegramAPIError, TelegramUnauthorizedError

from bot.app import build_bot
from bot.main import EXIT_SETUP, SETUP_ERRORS, SetupBroken, read_settings, secrets
from bot.serving.logs import set_up_logs
from bot.settings import BotSettings, token_problem
from bot.stores.people import StoreError
from bot.stores.sqlite import PeopleInSqlite
from index.gallery import Gallery
from lookalike.app import open_pipeline, over
from lookalike.cards.fontfiles import REMEDY, UNSHAPED, shapes_text
from lookalike.env_file import EnvFileError, unknown_settings
from lookalike.extras import install_command
from lookalike.settings import Settings
from pipeline.decoding_bounds import heif_is_read

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pipeline.face_pipeline import FacePipeline


class Report:
    """The lines, as they are found."""

    def __init__(self) -> None:
        self.failed = False

    def ok(self, what: str, good: str) -> None:
        self._line("ok", what, good)

    def note(self, what: str, text: str) -> None:
        self._line("note", what, text)

    def wrong(self, what: str, problem: str) -> None:
        self.failed = True
        self._line("wrong", what, problem)

    def either(self, what: str, problem: str | None, good: str) -> None:
        """Wrong where there is a problem, ok where there is none."""
        if problem is None:
            self.ok(what, good)
        else:
            self.wrong(what, problem)

    @staticmethod
    def _line(state: Literal["ok", "note", "wrong"], what: str, text: str) -> None:
        sys.stdout.write(f"{state:>5}  {what}: {text}\n")
        sys.stdout.flush()  # the next check may take its time


def check_setup(opening: Future[FacePipeline] | None) -> int:
    """Print the report. Returns the exit code: 0, or 3 when something is wrong.

    opening: the networks of the settings, see `bot.networks_ahead`; opened here where there are none.
    """
    report = Report()
    _check_names(report)
    try:
        settings, shared = read_settings()
    except SetupBroken as error:
        for sentence in error.sentences:
            report.wrong("settings", sentence)
        return EXIT_SETUP
    set_up_logs(form="text", level="critical", secrets=secrets(settings))  # what is wrong is said in the lines
    report.ok("settings", f"{settings.bot_mode}, queue of {settings.queue_length:,}")
    _check_gallery(shared, report, opening)
    _check_stores(settings, report)
    problem = token_problem(settings)
    report.either("token", problem, "looks like one")
    if problem is None:
        report.either("Telegram", *asyncio.run(_ask_telegram(settings)))
    return EXIT_SETUP if report.failed else 0


def _check_names(report: Report) -> None:
    """Names in `.env` that are no settings. A misspelt setting has no effect, so it is wrong; others are not ours."""
    try:
        unknown = unknown_settings((BotSettings, Settings))
    except EnvFileError:
        return  # read_settings says so
    for name, meant in unknown.items():
        if meant is not None:
            report.wrong("settings", f"unknown in .env: {name} (did you mean {meant}?)")
        else:
            report.note("settings", f"unknown in .env: {name}; no setting of the bot has such a name")


def _check_gallery(shared: Settings, report: Report, opening: Future[FacePipeline] | None) -> None:
    try:
        app = over(opening.result() if opening else open_pipeline(shared), shared)
    except SETUP_ERRORS as error:
        report.wrong("weights and gallery", str(error))
        return
    report.ok("weights and gallery", f"{app.finder.gallery.people:,} people")
    folder = shared.gallery_images
    if folder is None:
        report.ok("pictures of the gallery", "none set; people are drawn")
        return
    if shared.gallery_url.get_secret_value():
        report.ok("pictures of the gallery", f"{folder}; its people are not counted, GALLERY_URL has them")
        return
    people = Gallery.open(shared.gallery_path, embedder=None).people
    found = app.pictures.found(people)
    if found:
        report.ok("pictures of the gallery", f"{folder} has those of {found:,} of {len(people):,} people")
    else:
        report.wrong("pictures of the gallery", f"GALLERY_IMAGES={folder} has no picture of this gallery's people")


def _check_stores(settings: BotSettings, report: Report) -> None:
    if settings.settings_file:
        report.either("settings file", _try_file(settings.settings_file), str(settings.settings_file))
    if settings.redis_url.get_secret_value():
        report.either("Redis", asyncio.run(_ask_redis(settings)), "answers")
    if shapes_text():
        report.ok("names on cards", "drawn in every script")
    else:
        report.note("names on cards", f"{UNSHAPED}. {REMEDY}")
    report.ok("HEIC and AVIF", "are read" if heif_is_read() else f"declined; to read them: {install_command('heif')}")


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
    if settings.guest_mode and not me.supports_guest_queries:
        return "GUEST_MODE is on here and off at @BotFather; switch it on there (Bot Settings), or off here", ""
    return None, f"@{me.username}" + (
        f", {hook.pending_update_count:,} updates wait" if hook.pending_update_count else ""
    )
