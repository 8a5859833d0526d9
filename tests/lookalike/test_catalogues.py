"""Catalogues: what a front end without aiogram reads them by."""

from __future__ import annotations

import pytest

from lookalike.catalogues import LANGUAGES, Catalogues, spoken


def test_every_language_has_a_catalogue_but_english() -> None:
    assert set(Catalogues().by_language) == set(LANGUAGES) - {"en"}


def test_a_text_is_translated_and_one_without_a_translation_stays() -> None:
    catalogues = Catalogues()
    assert catalogues.translate("ru")("man") == "мужчина"
    assert catalogues.translate("ru")("no such text") == "no such text"
    assert catalogues.translate("en")("man") == catalogues.translate("xx")("man") == "man"


@pytest.mark.parametrize(("count", "russian"), [(1, "1 лицо"), (3, "3 лица"), (5, "5 лиц"), (21, "21 лицо")])
def test_plurals_follow_the_rule_of_the_language(count: int, russian: str) -> None:
    texts = "{count} face. Who first?", "{count} faces. Who first?"
    assert Catalogues().plural("ru")(*texts, count).format(count=count).startswith(f"{russian}.")
    english = Catalogues().plural("en")(*texts, count).format(count=count)
    assert english.startswith("1 face." if count == 1 else f"{count} faces.")


@pytest.mark.parametrize(
    ("code", "language"),
    [("ru", "ru"), ("ru-RU", "ru"), ("RU_ru", "ru"), ("en-GB", "en"), ("de", "en"), ("", "en"), (None, "en")],
)
def test_the_nearest_language_is_chosen(code: str | None, language: str) -> None:
    assert spoken(code) == language
