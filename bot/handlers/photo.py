"""A photo in, an answer out: sent, forwarded, as a file, in an album, or pointed at: by /match, or words to the bot."""

from __future__ import annotations

import asyncio
from functools import partial

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import Message

from bot.answering.photo_job import ATTRIBUTES, PhotoJobs
from bot.answering.present import Presenter
from bot.answering.reply import Reply, replying_to
from bot.filters import HasPhoto, PointsAtPhoto, ToMe, own_photos, replied_photo
from bot.stores.people import PersonSettings
from bot.telegram.callbacks import Filter
from bot.telegram.files import PhotoRef
from bot.views import texts


async def on_photo(
    message: Message, bot: Bot, jobs: PhotoJobs, person: PersonSettings, album: tuple[Message, ...] | None = None
) -> None:
    await answer_photos(message, own_photos(message, album), bot, jobs, person, edits=True)


async def on_match(
    message: Message, bot: Bot, jobs: PhotoJobs, person: PersonSettings, album: tuple[Message, ...] | None = None
) -> None:
    jobs.obeyed.put((message.chat.id, message.message_id), "match")
    pointed_at = replied_photo(message)
    own = own_photos(message, album)
    photos = own or ([pointed_at] if pointed_at else [])
    if not photos:
        await message.answer(texts.match_what(), reply_parameters=replying_to(message.message_id))
        return
    # Somebody else's photo, pointed at once, is not watched for edits: its sender asked for nothing.
    await answer_photos(message, photos, bot, jobs, person, edits=bool(own))


async def answer_photos(
    message: Message, photos: list[PhotoRef], bot: Bot, jobs: PhotoJobs, person: PersonSettings, *, edits: bool
) -> None:
    """Every photo gets its own answer; all take their places in the queue at once, so that the order holds."""
    asker = message.from_user
    for photo in photos:
        jobs.obeyed.put((message.chat.id, photo.message), "match")
    photos = photos[: await jobs.welcome(message, photos, asker)]
    done = await asyncio.gather(
        *(
            jobs.at_turn(message, photo, asker, partial(_answer, photo, bot, jobs, person), edits=edits)
            for photo in photos
        ),
        return_exceptions=True,
    )
    for result in done:
        if isinstance(result, BaseException):
            raise result


async def _answer(photo: PhotoRef, bot: Bot, jobs: PhotoJobs, person: PersonSettings, reply: Reply) -> None:
    people = Filter(person.people) if person.people else Filter.ALL
    answer = await jobs.finder.find(await jobs.fetch(bot, photo), attribute=ATTRIBUTES[people])
    await Presenter(jobs, bot, reply, person).answer(answer, people=people)


def make_router() -> Router:
    router = Router(name=__name__)
    router.message.register(on_match, Command("match"))
    router.message.register(on_photo, ToMe(), HasPhoto())
    router.message.register(on_match, ToMe(), PointsAtPhoto())
    return router
