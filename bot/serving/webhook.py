"""Be called by Telegram: one path, one secret, one bounded body. What aiogram's own handler lacks is listed below.

The answer to a call waits until its update is settled, at most HOLD_S; after that the update is remembered here alone.
A wrong secret is 401 whatever its bytes (aiogram: 500 on non-ASCII), broken JSON is 400 (aiogram: 500, then the same
again and again), a full or stopping bot says 503 and Telegram comes back, and tasks belong to the intake, which drains.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from contextlib import suppress
from typing import Any, Final

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import Update
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import ValidationError

from bot.serving.claims import Claim, Claims
from bot.serving.held import stamp_of
from bot.serving.intake import Intake
from bot.settings import BotSettings

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
MAX_BODY_BYTES: Final = 1 << 20
MAX_CONNECTIONS: Final = 100
HOLD_S: Final = 20.0  # Telegram gives a call up after about a minute
BODY_S: Final = 10.0

log = structlog.get_logger(__name__)


class WebhookRefused(Exception):  # noqa: N818 - named for what it is
    """Telegram will not call this address; the message is its reason."""


def webhook_secret(settings: BotSettings) -> str:
    """The secret of the settings, or one derived from the token, so that there always is one."""
    given = settings.webhook_secret.get_secret_value()
    return given or _digest(settings, "secret")


def webhook_path(settings: BotSettings) -> str:
    """A path that changes with the secret: an address that Telegram knows already needs no second setWebhook."""
    return "/telegram/" + _digest(settings, webhook_secret(settings))[:24]


def _digest(settings: BotSettings, purpose: str) -> str:
    key = settings.bot_token.get_secret_value().encode()
    return hmac.new(key, f"webhook {purpose}".encode(), hashlib.sha256).hexdigest()


def webhook_app(bot: Bot, intake: Intake, settings: BotSettings, *, claims: Claims) -> web.Application:
    """The aiohttp application that Telegram calls. claims: which updates are this replica's."""
    want = webhook_secret(settings).encode()

    async def called(request: web.Request) -> web.Response:
        # aiohttp hands header bytes over as text with surrogates; both sides are compared as bytes.
        got = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(got, want):
            return web.Response(status=401)
        if not intake.open or intake.full:
            return web.Response(status=503, headers={"Retry-After": "5"})
        raw = await _body(request)
        if not isinstance(raw, dict) or type(raw.get("update_id")) is not int:  # True is an int, and no id
            return web.Response(status=400)
        try:
            update = Update.model_validate(raw, context={"bot": bot})
        except (ValidationError, RecursionError):
            # Well-formed but of a kind this version does not know: refusing would bring it again for a day.
            log.warning("an update of an unknown shape", update_id=raw["update_id"])
            return web.Response()
        settled = await _settled(bot, intake, claims, update)
        return web.Response() if settled else web.Response(status=503, headers={"Retry-After": "5"})

    async def _body(request: web.Request) -> Any:
        """The JSON of a call; None when there is none, or it takes too long to come."""
        try:
            async with asyncio.timeout(BODY_S):
                return json.loads(await request.read())
        except (ValueError, RecursionError, TimeoutError, web.RequestPayloadError, HttpProcessingError):
            return None

    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_post(webhook_path(settings), called)
    return app


async def _settled(bot: Bot, intake: Intake, claims: Claims, update: Update) -> bool:
    """Work on an update, or leave it to whoever does. False when Telegram must come again."""
    stamp = stamp_of(update)
    # A press is rather lost than done twice: docs/decisions/0012.
    claim = await claims.take(update.update_id, stamp, done=update.callback_query is not None)
    if claim is not Claim.OURS:
        return claim is Claim.DONE  # should the replica that works on it be killed, Telegram must have come again
    held = intake.take(bot, update)
    # The answer to this call is what Telegram forgets the update by, so it waits for the update's own.
    with suppress(TimeoutError):
        async with asyncio.timeout(HOLD_S):
            await held.over.wait()
    if not held.settled:
        if held.over.is_set():
            return False
        intake.give_up(held)
    await claims.settled(update.update_id, stamp)
    return True


async def announce_webhook(bot: Bot, settings: BotSettings, *, allowed_updates: list[str]) -> bool:
    """Tell Telegram where to call. False when it knows already.

    Raises WebhookRefused when Telegram finds the address wrong: no such host, no HTTPS, a port it does not call.
    """
    url = settings.webhook_url + webhook_path(settings)
    known = await bot.get_webhook_info()
    if (
        known.url == url
        and sorted(known.allowed_updates or []) == sorted(allowed_updates)
        and known.max_connections == MAX_CONNECTIONS
    ):
        return False
    try:
        await bot.set_webhook(
            url,
            secret_token=webhook_secret(settings),
            max_connections=MAX_CONNECTIONS,
            allowed_updates=allowed_updates,
        )
    except TelegramBadRequest as error:
        raise WebhookRefused(error.message.removeprefix("Bad Request: ")) from error
    return True
