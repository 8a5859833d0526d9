"""Everything else: one specific sentence in private; silence in groups, where people talk to each other."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

from bot.telegram.files import not_a_photo
from bot.telegram.queries import alert
from bot.views import texts
from bot.views.refusals import what_came


async def on_anything(message: Message) -> None:
    if message.text and message.text.startswith("/"):
        await message.answer(texts.unknown_command())
    elif message.content_type in SPOKEN_TO:
        await message.answer(what_came(not_a_photo(message)))


async def on_any_button(query: CallbackQuery) -> None:
    """A button of an older version."""
    await alert(query, _("This button is from an older version of me. Please send the photo again."))


SPOKEN_TO = {
    "text",
    "animation",
    "audio",
    "contact",
    "dice",
    "document",
    "live_photo",
    "location",
    "poll",
    "sticker",
    "story",
    "venue",
    "video",
    "video_note",
    "voice",
}  # fmt: skip  - service messages (pinned, joined, ...) are not talk


def make_router() -> Router:
    router = Router(name=__name__)
    router.message.register(on_anything, F.chat.type == ChatType.PRIVATE)
    router.callback_query.register(on_any_button)
    return router
