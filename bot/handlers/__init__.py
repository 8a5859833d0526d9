"""One router a file: take the update, call one use case, show the answer."""

from __future__ import annotations

from aiogram import Router

from bot.handlers import about, compare, edited, errors, fallback, guest, photo, pressed, settings, start
from bot.handlers import help as help_pages


def routers(*, guest_mode: bool = False) -> tuple[Router, ...]:
    """All of them, commands before photos, the fallback last. Made anew, since a router has one parent.

    guest_mode: also for chats that the bot is not in. Updates without a handler are not asked of Telegram.
    """
    return (
        errors.make_router(),
        start.make_router(),
        help_pages.make_router(),
        settings.make_router(),
        about.make_router(),
        compare.make_router(),
        pressed.make_router(),
        photo.make_router(),
        edited.make_router(),
        *((guest.make_router(),) if guest_mode else ()),
        fallback.make_router(),
    )
