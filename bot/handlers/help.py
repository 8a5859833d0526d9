"""/help: pages that turn in place."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.callbacks import HelpPage
from bot.views.help import help_pages
from bot.views.keyboards import help_keyboard
from lookalike.finder import FinderPool


async def on_help(message: Message, finder: FinderPool) -> None:
    pages = help_pages(finder.finder.calibration, finder.finder.gallery)
    await message.answer(pages[0], reply_markup=help_keyboard(0, len(pages)))


async def on_page(query: CallbackQuery, callback_data: HelpPage, finder: FinderPool) -> None:
    pages = help_pages(finder.finder.calibration, finder.finder.gallery)
    page = callback_data.page % len(pages)
    await query.answer()
    if isinstance(query.message, Message):
        await query.message.edit_text(pages[page], reply_markup=help_keyboard(page, len(pages)))


def make_router() -> Router:
    router = Router(name=__name__)
    router.message.register(on_help, Command("help"))
    router.callback_query.register(on_page, HelpPage.filter())
    return router
