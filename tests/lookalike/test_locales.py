"""Catalogues: complete, nothing unused, compiled; and texts keep their placeholders in every language."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest

from bot.middlewares.language import LANGUAGES, language_of, load_languages
from bot.views.bands import BAND_WORDS
from lookalike.locales.__main__ import as_mo, as_po, catalogues, extracted, main, untranslated, updated
from tests.telegram_rules import check_text

CALIBRATION = Path(__file__).resolve().parent.parent.parent / "weights" / "calibration.json"


def fields(text: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _, name, spec, _ in string.Formatter().parse(text) if name is not None}


def test_every_text_is_translated_none_is_unused_and_all_is_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(check=True) == 0, capsys.readouterr().err


def test_there_is_a_catalogue_for_every_language_but_english() -> None:
    assert {path.parent.parent.name for path in catalogues()} | {"en"} == set(LANGUAGES)
    assert set(load_languages().available_locales) == set(LANGUAGES) - {"en"}


def test_the_check_sees_a_missing_translation() -> None:
    texts = extracted()
    texts.add("a new text")
    catalog = updated(catalogues()[0], texts)
    assert untranslated(catalog) == ["a new text"]
    assert as_po(catalog) != catalogues()[0].read_bytes()
    assert as_mo(catalog)


def test_translations_keep_placeholders_and_markup() -> None:
    for path in catalogues():
        for message in updated(path, extracted()):
            ids = message.id if isinstance(message.id, list | tuple) else [message.id]
            strings = message.string if isinstance(message.string, list | tuple) else [message.string]
            for text in strings:
                if not message.id or not text:
                    continue
                assert fields(text) == fields(ids[-1]), text
                if "<b>" in ids[0]:
                    check_text(text, "HTML", limit=4096, empty=False)


@pytest.mark.parametrize(
    ("count", "word"), [(1, "лицо"), (2, "лица"), (5, "лиц"), (11, "лиц"), (21, "лицо"), (104, "лица")]
)
def test_russian_plurals(count: int, word: str) -> None:
    text = load_languages().gettext(
        "{count} face. Whose look-alikes shall I show?",
        "{count} faces. Whose look-alikes shall I show?",
        count,
        locale="ru",
    )
    assert text.format(count=count).split()[1].rstrip(".") == word


def test_the_words_of_the_shipped_bands_are_translated() -> None:
    if not CALIBRATION.exists():
        pytest.skip("weights/calibration.json is not there yet")
    raw = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    words = {band["word"] for table in ("pair", "gallery") for band in raw[table]["bands"]}
    assert words == set(BAND_WORDS)


@pytest.mark.parametrize(
    ("code", "language"), [("ru", "ru"), ("ru-RU", "ru"), ("en-GB", "en"), ("de", "en"), ("", "en"), (None, "en")]
)
def test_a_person_reads_their_language_or_english(code: str | None, language: str) -> None:
    from aiogram.types import User

    assert language_of(User(id=1, is_bot=False, first_name="x", language_code=code)) == language
    assert language_of(None) == "en"
