"""/compare: two photos, one after the other, as an album, or by replying to one of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, ForceReply, Message
from aiogram.utils.i18n import gettext as _

from bot.answering.photo_job import PhotoJobs
from bot.answering.present import Presenter
from bot.answering.reply import Reply, replying_to
from bot.filters import HasPhoto, PointsAtPhoto, ToMe, own_photos, replied_photo
from bot.handlers.pressed import photo_behind
from bot.stores.pairs import Pairs
from bot.stores.people import PersonSettings
from bot.stores.sent_photos import SentPhotos
from bot.telegram.callbacks import Pair
from bot.telegram.files import PhotoRef
from bot.telegram.queries import alert
from bot.views import texts
from bot.views.refusals import unanswered
from lookalike.answers import Compared, NotCompared
from lookalike.errors import NoSuchFace


class Comparing(StatesGroup):
    """Waiting for a photo."""

    first = State()
    second = State()


async def on_compare(  # noqa: PLR0917 - the dispatcher hands these over by name
    message: Message,
    bot: Bot,
    state: FSMContext,
    jobs: PhotoJobs,
    person: PersonSettings,
    pairs: Pairs,
    sent_photos: SentPhotos,
    raw_state: str | None = None,
    album: tuple[Message, ...] | None = None,
) -> None:
    """The command, alone, in a caption, or as a reply: to one photo, and then to the other."""
    for one in album or (message,):
        jobs.obeyed.put((message.chat.id, one.message_id), "compare")
    pointed_at = replied_photo(message)
    photos = ([pointed_at] if pointed_at else []) + own_photos(message, album)
    if pointed_at is not None and len(photos) == 1 and raw_state == Comparing.second.state:
        first = await _first(bot, message, state, sent_photos)
        photos = [first, pointed_at] if first is not None and first.unique_id != pointed_at.unique_id else photos
    if len(photos) >= 2:
        await _compare(message, photos, bot, state, jobs, person, pairs)
    elif photos:
        await _ask_second(message, photos[0], state, sent_photos)
    else:
        await state.set_state(Comparing.first)
        await _ask(message, texts.send_first())


async def on_waited_photo(  # noqa: PLR0917 - the dispatcher hands these over by name
    message: Message,
    bot: Bot,
    state: FSMContext,
    raw_state: str,
    jobs: PhotoJobs,
    person: PersonSettings,
    pairs: Pairs,
    sent_photos: SentPhotos,
    album: tuple[Message, ...] | None = None,
) -> None:
    """A photo that /compare was waiting for. One whose first photo is gone meanwhile becomes the first itself."""
    pointed_at = replied_photo(message)
    own = own_photos(message, album)
    photos = own or ([pointed_at] if pointed_at else [])
    if raw_state == Comparing.second.state:
        first = await _first(bot, message, state, sent_photos)
        if first is not None and (own or first.unique_id != photos[0].unique_id):  # pointed at twice, it is still one
            photos = [first, *photos]
    if len(photos) >= 2:
        await _compare(message, photos, bot, state, jobs, person, pairs)
    else:
        await _ask_second(message, photos[0], state, sent_photos)


async def on_text_instead(message: Message) -> None:
    await message.answer(texts.photo_or_cancel())


async def on_pair(  # noqa: PLR0917 - the dispatcher hands these over by name
    query: CallbackQuery, callback_data: Pair, bot: Bot, jobs: PhotoJobs, person: PersonSettings, pairs: Pairs
) -> None:
    """Another pair of faces of the same two photos."""
    message = query.message
    known = await pairs.read(bot, message) if message is not None else None
    if not isinstance(message, Message) or known is None:
        await alert(query, _("This comparison is over. Please send both photos again: /compare"))
        return
    behind = await photo_behind(query, jobs)
    if behind is None:
        return
    a, b = known

    async def work(reply: Reply) -> None:
        data_a, data_b = await jobs.fetch(bot, a), await jobs.fetch(bot, b)
        try:
            comparison = await jobs.finder.compare(
                data_a, data_b, face_a=callback_data.a - 1, face_b=callback_data.b - 1
            )
        except NoSuchFace:  # an old button and a photo that was edited since
            comparison = await jobs.finder.compare(data_a, data_b)
        if isinstance(comparison, Compared):
            await Presenter(jobs, bot, reply, person, instead=message).comparison(comparison)
        else:
            await reply.text(_not_compared(comparison))

    await jobs.at_turn(message, b, query.from_user, work)


async def _first(bot: Bot, message: Message, state: FSMContext, sent_photos: SentPhotos) -> PhotoRef | None:
    """The first photo, while the second is waited for; None where it is gone."""
    return await sent_photos.find(bot, message.chat.id, (await state.get_data()).get("a"))


async def _ask_second(message: Message, first: PhotoRef, state: FSMContext, sent_photos: SentPhotos) -> None:
    await state.set_state(Comparing.second)
    await state.set_data({"a": sent_photos.keep(message.chat.id, first)})
    await _ask(message, texts.send_second())


async def _ask(message: Message, text: str) -> None:
    """In groups the next photo must be a reply to the bot, or privacy mode keeps it from us."""
    if message.chat.type == ChatType.PRIVATE:
        await message.answer(text)
    else:
        markup = ForceReply(selective=True)
        await message.answer(text, reply_parameters=replying_to(message.message_id), reply_markup=markup)


async def _compare(  # noqa: PLR0917 - the photos and what to do with them
    message: Message,
    photos: list[PhotoRef],
    bot: Bot,
    state: FSMContext,
    jobs: PhotoJobs,
    person: PersonSettings,
    pairs: Pairs,
) -> None:
    """One comparison counts as one photo. Who has sent too many keeps the first photo and sends the second again."""
    a, b, *more = photos
    if await jobs.welcome(message, [b], message.from_user):
        await state.clear()
        if more:
            await jobs.reply_to(message, b, message.from_user).text(texts.first_two())
        work = partial(_work, message, a, b, bot, jobs, person, pairs)
        await jobs.at_turn(message, b, message.from_user, work)


async def _work(  # noqa: PLR0917 - see _compare
    message: Message,
    a: PhotoRef,
    b: PhotoRef,
    bot: Bot,
    jobs: PhotoJobs,
    person: PersonSettings,
    pairs: Pairs,
    reply: Reply,
) -> None:
    comparison = await jobs.finder.compare(await jobs.fetch(bot, a), await jobs.fetch(bot, b))
    jobs.stats.answered(comparison)
    if isinstance(comparison, NotCompared):
        bad = a if comparison.which == "a" else b
        await jobs.reply_to(message, bad, message.from_user).text(_not_compared(comparison))
        return
    presenter = Presenter(jobs, bot, reply, person)
    several = len(comparison.photo_a.usable) > 1 or len(comparison.photo_b.usable) > 1
    if several:
        await presenter.numbered(comparison)
    sent = await presenter.comparison(comparison)
    if several and sent is not None:
        await pairs.write(bot, sent, a, b)


def _not_compared(comparison: NotCompared) -> str:
    why = unanswered(comparison.answer)
    which: dict[str, Any] = {"a": texts.in_first_photo, "b": texts.in_second_photo}
    return str(which[comparison.which](why))


def make_router() -> Router:
    router = Router(name=__name__)
    router.message.register(on_compare, Command("compare"))
    waiting = StateFilter(Comparing)
    router.message.register(on_waited_photo, waiting, ToMe(), HasPhoto(), ~Command("match"))
    router.message.register(on_waited_photo, waiting, ToMe(), PointsAtPhoto())
    router.message.register(on_text_instead, waiting, F.chat.type == ChatType.PRIVATE, F.text, ~F.text.startswith("/"))
    router.callback_query.register(on_pair, Pair.filter())
    return router
