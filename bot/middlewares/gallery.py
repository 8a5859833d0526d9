"""Which gallery a person is answered from: the one chosen in /settings, where the bot offers several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject

from bot.answering.photo_job import PhotoJobs
from bot.stores.people import NOTHING_SET


class PersonsGallery(BaseMiddleware):
    """Hands over `jobs` and `gallery` of the person's choice. Stands after PersonsLanguage, which reads `person`."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        jobs: PhotoJobs = data["jobs"]
        data["jobs"] = chosen = jobs.asking(data.get("person", NOTHING_SET))
        data["gallery"] = chosen.gallery
        return await handler(event, data)
