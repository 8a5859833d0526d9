"""Buttons under answers. The photo is found again as the message that the answer replies to; nothing was kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog
from aiogram import Bot, Router
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramNotFound
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

from bot.answering.photo_job import ATTRIBUTES, PhotoJobs
from bot.answering.present import Presenter
from bot.answering.reply import Reply, remove
from bot.filters import replied_photo
from bot.stores.people import PersonSettings
from bot.telegram.callbacks import AllFaces, Delete, Explain, FaceCard, FacePicker, Filter
from bot.telegram.files import PhotoRef
from bot.telegram.queries import acknowledge, alert
from bot.views.refusals import unanswered
from lookalike.answers import Found
from lookalike.serving.rate_limit import Verdict

log = structlog.get_logger(__name__)

Show = Callable[[Presenter, Found], Awaitable[None]]


async def on_face(
    query: CallbackQuery, callback_data: FaceCard, bot: Bot, jobs: PhotoJobs, person: PersonSettings
) -> None:
    async def show(presenter: Presenter, found: Found) -> None:
        face = found.faces[min(max(callback_data.face, 1), len(found.faces)) - 1]
        await presenter.card(found, face, people=callback_data.people, skip=_skip(callback_data.skip, jobs))

    await _again(query, bot, jobs, person, show, people=callback_data.people, skip=_skip(callback_data.skip, jobs))


async def on_explain(
    query: CallbackQuery, callback_data: Explain, bot: Bot, jobs: PhotoJobs, person: PersonSettings
) -> None:
    async def show(presenter: Presenter, found: Found) -> None:
        face = found.faces[min(max(callback_data.face, 1), len(found.faces)) - 1]
        await presenter.explanation(found, face, people=callback_data.people, skip=_skip(callback_data.skip, jobs))

    await _again(query, bot, jobs, person, show, people=callback_data.people, skip=_skip(callback_data.skip, jobs))


def _skip(asked: int, jobs: PhotoJobs) -> int:
    """How many people are passed over: what a forged button may say, within the gallery."""
    return min(max(asked, 0), jobs.gallery.people)


async def on_picker(query: CallbackQuery, bot: Bot, jobs: PhotoJobs, person: PersonSettings) -> None:
    people = Filter(person.people) if person.people else Filter.ALL
    await _again(query, bot, jobs, person, partial(_show_picker, people=people), people=people)


async def on_all(query: CallbackQuery, bot: Bot, jobs: PhotoJobs, person: PersonSettings) -> None:
    people = Filter(person.people) if person.people else Filter.ALL
    await _again(query, bot, jobs, person, _show_all, people=people)


async def on_delete(query: CallbackQuery, bot: Bot, jobs: PhotoJobs) -> None:
    """Take an answer away, for whoever sent its photo, whoever asked for it, and administrators."""
    message = query.message
    if not isinstance(message, Message):
        await alert(query, _("This message is too old for me to delete."))
        return
    if not await _may_delete(query, message, bot, jobs):
        return
    await acknowledge(query)
    if message.ephemeral_message_id is None:  # whose message_id is 0
        jobs.deleted.put((message.chat.id, message.message_id), True)
    await remove(bot, message)


async def _may_delete(query: CallbackQuery, message: Message, bot: Bot, jobs: PhotoJobs) -> bool:
    """Whether this answer is theirs to delete; says so when it is not."""
    # An ephemeral answer is seen by its reader alone, who may always take it away.
    if message.chat.type == ChatType.PRIVATE or message.ephemeral_message_id is not None:
        return True
    sender = message.reply_to_message.from_user if message.reply_to_message else None
    asker = jobs.askers.get((message.chat.id, message.message_id))
    if query.from_user.id in {asker, sender.id if sender is not None else None}:
        return True
    # Strangers' presses ask Telegram something, so they are counted as photos are.
    if await jobs.rates.ask(query.from_user.id) is not Verdict.GO:
        await alert(query, jobs.too_many(query.from_user.id))
        return False
    if await _is_administrator(bot, message, query):
        return True
    await alert(query, _("Only whoever sent the photo, or an administrator, can delete this."))
    return False


async def _is_administrator(bot: Bot, message: Message, query: CallbackQuery) -> bool:
    """False also where Telegram does not tell: a bot that is no administrator may not ask in every group."""
    try:
        member = await bot.get_chat_member(message.chat.id, query.from_user.id)
    except (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound) as error:
        log.info("who is an administrator is not told", why=error.message)
        return False
    return member.status in {ChatMemberStatus.CREATOR, ChatMemberStatus.ADMINISTRATOR}


async def _show_picker(presenter: Presenter, found: Found, *, people: Filter) -> None:
    await presenter.picker(found, people=people)


async def _show_all(presenter: Presenter, found: Found) -> None:
    await presenter.all_cards(found)


async def photo_behind(query: CallbackQuery, jobs: PhotoJobs) -> tuple[Message, PhotoRef] | None:
    """The answer that was pressed and its photo; None when that was said to be gone, or the person presses too fast."""
    message = query.message
    photo = replied_photo(message) if isinstance(message, Message) else None
    if not isinstance(message, Message) or photo is None:
        await alert(query, _("The photo of this answer is gone. Please send it again."))
        return None
    if await jobs.rates.ask(query.from_user.id) is not Verdict.GO:
        await alert(query, jobs.too_many(query.from_user.id))
        return None
    await acknowledge(query)
    return message, photo


async def _again(
    query: CallbackQuery,
    bot: Bot,
    jobs: PhotoJobs,
    person: PersonSettings,
    show: Show,
    *,
    people: Filter,
    skip: int = 0,
) -> None:
    """Answer the same photo once more and show another part of it in the same message."""
    behind = await photo_behind(query, jobs)
    if behind is None:
        return
    message, photo = behind

    async def work(reply: Reply) -> None:
        answer = await jobs.finder.find(await jobs.fetch(bot, photo), skip=skip, attribute=ATTRIBUTES[people])
        if isinstance(answer, Found):
            await show(Presenter(jobs, bot, reply, person, instead=message), answer)
        else:  # the photo was edited in between
            await reply.text(unanswered(answer))

    await jobs.at_turn(message, photo, query.from_user, work)


def make_router() -> Router:
    router = Router(name=__name__)
    buttons: tuple[tuple[Callable[..., Any], type[CallbackData]], ...] = (
        (on_face, FaceCard),
        (on_explain, Explain),
        (on_picker, FacePicker),
        (on_all, AllFaces),
        (on_delete, Delete),
    )
    for handler, data in buttons:
        router.callback_query.register(handler, data.filter())
    return router
