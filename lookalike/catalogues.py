"""Translations of every front end: the gettext catalogues in lookalike/locales. English stands in the code."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lookalike import locales

LOCALES: Final = Path(next(iter(locales.__path__)))
DOMAIN: Final = "messages"
LANGUAGES: Final = {"en": "English", "ru": "Русский"}  # by code, each in its own words
ENGLISH: Final = "en"

Translate = Callable[[str], str]
Plural = Callable[[str, str, int], str]  # the text for one, the text for many, how many


class Catalogues:
    """The compiled catalogues of all languages, read once. Its methods may be called from any thread."""

    def __init__(self, folder: Path = LOCALES) -> None:
        self.by_language: Final[dict[str, gettext.GNUTranslations]] = {}
        for language in LANGUAGES:
            if language != ENGLISH:
                with (folder / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
                    self.by_language[language] = gettext.GNUTranslations(file)

    def translate(self, language: str) -> Translate:
        """English in, `language` out; what has no translation stays English."""
        catalogue = self.by_language.get(language)
        return str if catalogue is None else catalogue.gettext

    def plural(self, language: str) -> Plural:
        """Likewise for texts that depend on a number, by the language's own rule of plurals."""
        catalogue = self.by_language.get(language)
        return _english_plural if catalogue is None else catalogue.ngettext


def spoken(code: str | None) -> str:
    """The nearest language that there is to a code such as "ru-RU" or "pt_BR"; English where there is none."""
    language = (code or "").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else ENGLISH


def _english_plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many
