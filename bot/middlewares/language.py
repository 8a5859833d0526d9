"""Which language a person reads. The texts in it: lookalike.catalogues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiogram.types import TelegramObject, User
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n.middleware import I18nMiddleware

from bot.stores.people import NOTHING_SET, PeopleStore
from lookalike.catalogues import DOMAIN, ENGLISH, LANGUAGES, LOCALES, Catalogues, spoken


def load_languages() -> I18n:
    """Aiogram's translations, out of the product's catalogues; English needs none."""
    i18n = I18n(path=LOCALES, default_locale=ENGLISH, domain=DOMAIN)
    i18n.locales = Catalogues().by_language  # no subclass: aiogram keeps the current I18n by class
    return i18n


def language_of(user: User | None) -> str:
    """The language of a person's Telegram, as far as there is one here: "ru-RU" is "ru", "de" is "en"."""
    return spoken(user.language_code if user else None)


def translator(i18n: I18n, language: str) -> Callable[[str], str]:
    """English in, `language` out, in whatever thread or context it is called."""

    def translate(text: str) -> str:
        return i18n.gettext(text, locale=language)

    return translate


class PersonsLanguage(I18nMiddleware):
    """What the person chose in /settings, else what their Telegram speaks. Also hands over `person`, their settings.

    Needs no Babel, as aiogram's own does.
    """

    def __init__(self, i18n: I18n, people: PeopleStore) -> None:
        super().__init__(i18n=i18n)
        self._people = people

    async def get_locale(self, event: TelegramObject, data: dict[str, Any]) -> str:  # noqa: ARG002 - aiogram calls it so
        user: User | None = data.get("event_from_user")
        person = data["person"] = await self._people.read(user.id) if user else NOTHING_SET
        chosen = person.language
        return chosen if chosen in LANGUAGES else language_of(user)
