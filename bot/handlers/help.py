"""/help: pages with a drawn picture each, that turn in place."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InputMediaPhoto, Message

from bot.answering.photo_job import PhotoJobs
from bot.stores.people import PersonSettings
from bot.telegram.callbacks import HelpPage
from bot.telegram.queries import acknowledge
from bot.views.help import help_pages
from bot.views.keyboards import help_keyboard
from index.types import GalleryInfo
from lookalike.calibration import Calibration
from lookalike.cards import HelpPicture


async def on_help(
    message: Message, calibration: Calibration, gallery: GalleryInfo, jobs: PhotoJobs, person: PersonSettings
) -> None:
    await _show(message, 0, help_pages(calibration, gallery), jobs, person)


async def on_page(  # noqa: PLR0917 - the dispatcher hands these over by name
    query: CallbackQuery,
    callback_data: HelpPage,
    calibration: Calibration,
    gallery: GalleryInfo,
    jobs: PhotoJobs,
    person: PersonSettings,
) -> None:
    await acknowledge(query)
    if isinstance(query.message, Message):
        turn = query.message if query.message.photo else None
        await _show(query.message, callback_data.page, help_pages(calibration, gallery), jobs, person, turn=turn)


async def _show(
    message: Message,
    page: int,
    pages: Sequence[str],
    jobs: PhotoJobs,
    person: PersonSettings,
    *,
    turn: Message | None = None,
) -> None:
    """Send a page, or put it in the place of another one."""
    page %= len(pages)
    picture = await jobs.rendered(HelpPicture(page), person)
    keyboard = help_keyboard(page, len(pages))
    if turn is None:
        await message.answer_photo(picture, caption=pages[page], reply_markup=keyboard)
    else:
        await turn.edit_media(InputMediaPhoto(media=picture, caption=pages[page]), reply_markup=keyboard)


def make_router() -> Router:
    router = Router(name=__name__)
    router.message.register(on_help, Command("help"))
    router.callback_query.register(on_page, HelpPage.filter())
    return router
