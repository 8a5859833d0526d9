"""/about for everybody, /stats for admins."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import BaseFilter, Command
from aiogram.types import Message

from bot.about import About
from bot.answering.photo_job import PhotoJobs
from bot.settings import BotSettings
from bot.views.about import about_text, stats_text
from index.types import GalleryInfo
from lookalike.calibration import Calibration
from lookalike.serving.metrics import Stats


class FromAdmin(BaseFilter):
    """Whoever ADMINS names; for everybody else the command is unknown."""

    async def __call__(self, message: Message, settings: BotSettings) -> bool:
        return message.from_user is not None and message.from_user.id in settings.admins


async def on_about(message: Message, about: About, gallery: GalleryInfo, calibration: Calibration) -> None:
    await message.answer(about_text(about, gallery, calibration))


async def on_stats(message: Message, stats: Stats, jobs: PhotoJobs) -> None:
    await message.answer(stats_text(stats, waiting=jobs.queue.waiting, at_work=jobs.queue.at_work))


def make_router() -> Router:
    router = Router(name=__name__)
    router.message.register(on_about, Command("about"))
    router.message.register(on_stats, Command("stats"), FromAdmin())
    return router
