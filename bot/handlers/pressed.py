"""Buttons under answers. The photo is found again as the message that the answer replies to; nothing was kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiogram import Bot, Router
from aiogram.enums import ChatType
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

from bot.answering.photo_job import ATTRIBUTES, Desk
from bot.answering.present import Showing
from bot.answering.reply import Outlet, remove
from bot.filters import replied_photo
from bot.stores.people import PersonSettings
from bot.telegram.callbacks import AllFaces, Delete, Explain, FaceCard, FacePicker, Filter
from bot.telegram.files import PhotoRef
from bot.views.refusals import unanswered
from lookalike.answers import Found
from lookalike.serving.rate_limit import Verdict

Show = Callable[[Showing, Found], Awaitable[None]]


async def on_face(query: CallbackQuery, callback_data: FaceCard, bot: Bot, desk: Desk, person: PersonSettings) -> None:
    async def show(showing: Showing, found: Found) -> None:
        face = found.faces[min(max(callback_data.face, 1), len(found.faces)) - 1]
        await showing.card(found, face, people=callback_data.people, skip=_skip(callback_data.skip, desk))

    await _again(query, bot, desk, person, show, people=callback_data.people, skip=_skip(callback_data.skip, desk))


async def on_explain(
    query: CallbackQuery, callback_data: Explain, bot: Bot, desk: Desk, person: PersonSettings
) -> None:
    async def show(showing: Showing, found: Found) -> None:
        face = found.faces[min(max(callback_data.face, 1), len(found.faces)) - 1]
        await showing.explanation(found, face, people=callback_data.people, skip=_skip(callback_data.skip, desk))

    await _again(query, bot, desk, person, show, people=callback_data.people, skip=_skip(callback_data.skip, desk))


def _skip(asked: int, desk: Desk) -> int:
    """How many people are passed over: what a forged button may say, within the gallery."""
    return min(max(asked, 0), desk.finder.finder.gallery.people)


async def on_picker(query: CallbackQuery, bot: Bot, desk: Desk, person: PersonSettings) -> None:
    people = Filter(person.people) if person.people else Filter.ALL
    await _again(query, bot, desk, person, partial(_show_picker, people=people), people=people)


async def on_all(query: CallbackQuery, bot: Bot, desk: Desk, person: PersonSettings) -> None:
    people = Filter(person.people) if person.people else Filter.ALL
    await _again(query, bot, desk, person, _show_all, people=people)


async def on_delete(query: CallbackQuery, bot: Bot, desk: Desk) -> None:
    message = query.message
    if not isinstance(message, Message):
        await query.answer(_("This message is too old for me to delete."), show_alert=True)
        return
    asked = message.reply_to_message.from_user if message.reply_to_message else None
    # An ephemeral answer is seen by its reader alone, who may always take it away.
    shared = message.chat.type != ChatType.PRIVATE and message.ephemeral_message_id is None
    if shared and (asked is None or asked.id != query.from_user.id):
        member = await bot.get_chat_member(message.chat.id, query.from_user.id)
        if member.status not in {"creator", "administrator"}:
            await query.answer(_("Only whoever sent the photo, or an administrator, can delete this."), show_alert=True)
            return
    await query.answer()
    if message.ephemeral_message_id is None:  # whose message_id is 0
        desk.deleted.put((message.chat.id, message.message_id), True)
    await remove(bot, message)


async def _show_picker(showing: Showing, found: Found, *, people: Filter) -> None:
    await showing.picker(found, people=people)


async def _show_all(showing: Showing, found: Found) -> None:
    await showing.all_cards(found)


async def photo_behind(query: CallbackQuery, desk: Desk) -> tuple[Message, PhotoRef] | None:
    """The answer that was pressed and its photo; None when that was said to be gone, or the person presses too fast."""
    message = query.message
    photo = replied_photo(message) if isinstance(message, Message) else None
    if not isinstance(message, Message) or photo is None:
        await query.answer(_("The photo of this answer is gone. Please send it again."), show_alert=True)
        return None
    if desk.rates.ask(query.from_user.id) is not Verdict.GO:
        await query.answer(desk.too_many(query.from_user.id), show_alert=True)
        return None
    await query.answer()
    return message, photo


async def _again(
    query: CallbackQuery,
    bot: Bot,
    desk: Desk,
    person: PersonSettings,
    show: Show,
    *,
    people: Filter,
    skip: int = 0,
) -> None:
    """Answer the same photo once more and show another part of it in the same message."""
    behind = await photo_behind(query, desk)
    if behind is None:
        return
    message, photo = behind

    async def work(outlet: Outlet) -> None:
        answer = await desk.finder.find(await desk.fetch(bot, photo), skip=skip, attribute=ATTRIBUTES[people])
        if isinstance(answer, Found):
            await show(Showing(desk, bot, outlet, person, instead=message), answer)
        else:  # the photo was edited in between
            await outlet.text(unanswered(answer))

    await desk.at_turn(message, photo, query.from_user, work)


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
