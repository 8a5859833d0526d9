"""/start, /privacy, /cancel: two lines and a button, what is kept, and the end of a comparison."""

from __future__ import annotations

from aiogram import Router
from aiogram.enums import ChatType
from aiogram.filters import Command, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from bot.views import texts
from bot.views.keyboards import start_keyboard
from index.types import GalleryInfo


async def on_start(message: Message, gallery: GalleryInfo, state: FSMContext, page: str) -> None:
    await state.clear()
    await message.answer(
        texts.welcome(gallery.people),
        reply_markup=start_keyboard(page=page, private=message.chat.type == ChatType.PRIVATE),
    )


async def on_privacy(message: Message) -> None:
    await message.answer(texts.privacy())


async def on_cancel(message: Message, state: FSMContext) -> None:
    was = await state.get_state()
    await state.clear()
    await message.answer(texts.cancelled() if was else texts.nothing_to_cancel())


def make_router() -> Router:
    router = Router(name=__name__)
    router.message.register(on_start, CommandStart())
    router.message.register(on_privacy, Command("privacy"))
    router.message.register(on_cancel, Command("cancel"))
    return router
