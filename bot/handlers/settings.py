"""/settings: language, gallery, whom cards show, their look; /delete: forget all of it."""

from __future__ import annotations

from typing import Final

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import I18n

from bot.answering.photo_job import PhotoJobs
from bot.stores.people import PeopleStore, PersonSettings, StoreError, gallery_key
from bot.telegram.callbacks import Choose, Filter
from bot.telegram.queries import acknowledge, alert
from bot.views.settings import deleted_text, settings_keyboard, settings_text, unreachable_text
from lookalike.catalogues import LANGUAGES

ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    "language": tuple(LANGUAGES),
    "people": tuple(choice.value for choice in Filter),
    "theme": ("light", "dark"),
}


async def on_settings(message: Message, person: PersonSettings, i18n: I18n, jobs: PhotoJobs) -> None:
    await message.answer(
        settings_text(),
        reply_markup=settings_keyboard(
            person, language=i18n.current_locale, theme=jobs.theme, galleries=tuple(jobs.galleries)
        ),
    )


async def on_choice(  # noqa: PLR0917 - the dispatcher hands these over by name
    query: CallbackQuery,
    callback_data: Choose,
    person: PersonSettings,
    people: PeopleStore,
    i18n: I18n,
    jobs: PhotoJobs,
) -> None:
    offered = {"gallery": tuple(map(gallery_key, jobs.galleries))}
    if callback_data.value not in (ALLOWED | offered).get(callback_data.name, ()):
        await acknowledge(query)
        return
    try:
        changed = await people.change(query.from_user.id, {callback_data.name: callback_data.value})
    except StoreError:
        await alert(query, unreachable_text())
        return
    await acknowledge(query)
    language = changed.language or i18n.current_locale
    # A forged press may stand under a card, which has no text to change.
    if isinstance(query.message, Message) and query.message.text is not None and changed != person:
        with i18n.use_locale(language):
            await query.message.edit_text(
                settings_text(),
                reply_markup=settings_keyboard(
                    changed, language=language, theme=jobs.theme, galleries=tuple(jobs.galleries)
                ),
            )


async def on_delete(message: Message, people: PeopleStore, state: FSMContext, jobs: PhotoJobs) -> None:
    if message.from_user is None:
        return
    try:
        was = await people.delete(message.from_user.id)
    except StoreError:
        await message.answer(unreachable_text())
        return
    talking = await state.get_state() is not None
    await state.clear()
    told = await jobs.told.forgotten(message.from_user.id)
    await message.answer(deleted_text(was, talking=talking, told=told, galleries=tuple(jobs.galleries)))


def make_router() -> Router:
    router = Router(name=__name__)
    router.message.register(on_settings, Command("settings"))
    router.message.register(on_delete, Command("delete"))
    router.callback_query.register(on_choice, Choose.filter())
    return router
