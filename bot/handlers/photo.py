"""A photo in, an answer out: sent, forwarded, as a file, in an album, or pointed at by replying /match."""

from __future__ import annotations

import asyncio
from functools import partial

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import Message

from bot.addressed import HasPhoto, ToMe, own_photos, replied_photo
from bot.callbacks import Filter
from bot.desk import ATTRIBUTES, Desk
from bot.photos import PhotoRef
from bot.showing import Showing
from bot.stores.people import PersonSettings
from bot.views import texts


async def on_photo(
    message: Message, bot: Bot, desk: Desk, person: PersonSettings, album: tuple[Message, ...] | None = None
) -> None:
    await answer_photos(message, own_photos(message, album), bot, desk, person)


async def on_match(
    message: Message, bot: Bot, desk: Desk, person: PersonSettings, album: tuple[Message, ...] | None = None
) -> None:
    pointed_at = replied_photo(message)
    photos = own_photos(message, album) or ([pointed_at] if pointed_at else [])
    if not photos:
        await message.reply(texts.match_what(), allow_sending_without_reply=True)
        return
    await answer_photos(message, photos, bot, desk, person)


async def answer_photos(message: Message, photos: list[PhotoRef], bot: Bot, desk: Desk, person: PersonSettings) -> None:
    """Every photo gets its own answer; all take their places in the queue at once, so that the order holds."""
    if not await desk.welcome(message, photos[0], message.from_user, photos=len(photos)):
        return
    works = [partial(_answer, message, photo, bot, desk, person) for photo in photos]
    done = await asyncio.gather(
        *(desk.at_turn(message, photo, work) for photo, work in zip(photos, works, strict=True)),
        return_exceptions=True,
    )
    for result in done:
        if isinstance(result, BaseException):
            raise result


async def _answer(message: Message, photo: PhotoRef, bot: Bot, desk: Desk, person: PersonSettings) -> None:
    people = Filter(person.people) if person.people else Filter.ALL
    answer = await desk.finder.find(await desk.fetch(bot, photo), attribute=ATTRIBUTES[people])
    await Showing(desk, message, photo, person).answer(answer, people=people)


def make_router() -> Router:
    router = Router(name=__name__)
    router.message.register(on_match, Command("match"))
    router.message.register(on_photo, ToMe(), HasPhoto())
    return router
