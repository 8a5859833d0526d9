"""One router a file: take the update, call one use case, show the answer."""

from __future__ import annotations

from aiogram import Router

from bot.handlers import about, compare, edited, errors, fallback, photo, pressed, settings, start
from bot.handlers import help as help_pages


def routers() -> tuple[Router, ...]:
    """All of them, commands before photos, the fallback last. Made anew, since a router has one parent."""
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
        fallback.make_router(),
    )
