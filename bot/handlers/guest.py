"""Guest mode (Bot API 10.0): somebody mentions the bot in a chat that it is not in, and is answered once, in text.

Everybody in that chat sees the answer, so only a photo that its asker sent is looked at. A picture would need a file
that Telegram keeps. Whether it is on is the owner's choice, here (GUEST_MODE) and with @BotFather.
"""

from __future__ import annotations

import structlog
from aiogram import Bot, Router
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineQueryResultArticle, InputTextMessageContent, Message

from bot.answering.ordering import let_next_in
from bot.answering.photo_job import ATTRIBUTES, UNFINISHED, PhotoJobs, unfinished
from bot.stores.people import PersonSettings
from bot.telegram.callbacks import Filter
from bot.telegram.files import PhotoRef, photo_of
from bot.telegram.waiting import holding
from bot.views import guest
from bot.views.refusals import unanswered
from lookalike.answers import Found
from lookalike.serving.fair_queue import QueueFull
from lookalike.serving.rate_limit import Verdict

log = structlog.get_logger(__name__)


async def on_guest(message: Message, bot: Bot, jobs: PhotoJobs, person: PersonSettings) -> None:
    """Answer a mention, whatever it holds: Telegram shows the asker that an answer is due."""
    if message.guest_query_id is None:
        return
    text = await _answer(message, bot, jobs, person)
    result = InlineQueryResultArticle(
        id="answer",
        title="Lookalike",
        input_message_content=InputTextMessageContent(message_text=text, parse_mode=ParseMode.HTML),
    )
    try:
        await bot.answer_guest_query(message.guest_query_id, result=result)
    except TelegramBadRequest as error:  # too late, or the chat keeps its contents to itself
        log.info("a guest's answer was not taken", why=error.message)


async def _answer(message: Message, bot: Bot, jobs: PhotoJobs, person: PersonSettings) -> str:
    """What is said, in HTML."""
    asker = message.from_user
    if asker is None or message.sender_chat is not None:
        return guest.photo_of_your_own()
    photo, of_another = _photo(message, asker.id)
    if photo is None:
        return guest.photo_of_your_own() if of_another else guest.send_a_photo()
    if await jobs.rates.ask(asker.id) is not Verdict.GO:
        jobs.stats.failed["rate_limited"] += 1
        return jobs.too_many(asker.id)
    try:
        ticket = jobs.queue.enter(asker.id)
        with ticket, holding(ticket):
            let_next_in()
            await ticket.turn(limit_s=jobs.wait_limit_s)
            with jobs.queue.working(limit_s=jobs.photo_timeout_s, ticket=ticket):
                people = Filter(person.people) if person.people else Filter.ALL
                answer = await jobs.finder.find(await jobs.fetch(bot, photo), attribute=ATTRIBUTES[people])
    except QueueFull:
        jobs.stats.failed["queue_full"] += 1
        return guest.busy()
    except UNFINISHED as error:
        jobs.stats.failed[type(error).__name__] += 1
        return unfinished(error)
    jobs.stats.answered(answer)
    return guest.answer_text(answer, gallery=jobs.gallery) if isinstance(answer, Found) else unanswered(answer)


def _photo(message: Message, asker: int) -> tuple[PhotoRef | None, bool]:
    """The asker's own photo, in the message or in the one it replies to; and whether there was somebody else's."""
    own = photo_of(message)
    if own is not None:
        return own, False
    replied = message.reply_to_message
    pointed_at = photo_of(replied) if replied is not None else None
    if replied is None or pointed_at is None:
        return None, message.external_reply is not None
    speaks = replied.from_user.id if replied.from_user is not None and replied.sender_chat is None else None
    forwarded = replied.forward_origin is not None
    return (pointed_at, False) if speaks == asker and not forwarded else (None, True)


def make_router() -> Router:
    router = Router(name=__name__)
    router.guest_message.register(on_guest)
    return router
