"""Edited messages: a photo that was exchanged, and a caption that became a request."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from bot.answering.photo_job import PhotoJobs
from bot.filters import HasPhoto, asked_in_caption
from bot.handlers.compare import on_compare
from bot.handlers.photo import answer_photos
from bot.stores.pairs import Pairs
from bot.stores.people import PersonSettings
from bot.stores.sent_photos import SentPhotos
from bot.telegram.files import photo_of

# What was done with a message is known for an hour. Telegram reports changes that nobody sees as edits, too: of an
# older message nobody could tell whether its request was answered.
IN_TIME: Final = timedelta(minutes=50)


async def on_edit(  # noqa: PLR0917 - the dispatcher hands these over by name
    message: Message,
    bot: Bot,
    state: FSMContext,
    jobs: PhotoJobs,
    person: PersonSettings,
    pairs: Pairs,
    sent_photos: SentPhotos,
) -> None:
    """Answer again when the photo is another one; answer for the first time when the caption now asks for it."""
    photo = photo_of(message)
    if photo is None:
        return
    place = message.chat.id, message.message_id
    before = jobs.answered.get(place)
    if before is not None and before != photo.unique_id:
        await answer_photos(message, [photo], bot, jobs, person, edits=True)
        return
    wanted = await asked_in_caption(message, bot)
    if wanted is None or wanted == jobs.obeyed.get(place) or not _in_time(message):
        return
    if wanted == "compare":
        await on_compare(message, bot, state, jobs, person, pairs, sent_photos)
    else:
        await answer_photos(message, [photo], bot, jobs, person, edits=True)


def _in_time(message: Message) -> bool:
    """Whether the edit came soon enough after the message."""
    if message.edit_date is None:
        return False
    return message.edit_date - int(message.date.timestamp()) < IN_TIME.total_seconds()


def make_router() -> Router:
    router = Router(name=__name__)
    router.edited_message.register(on_edit, HasPhoto())
    return router
