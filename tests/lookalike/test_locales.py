"""Catalogues: complete, nothing unused, compiled; and texts keep their placeholders in every language.

Only texts are compared: headers, dates and places hold what the tools of the day write.
"""

from __future__ import annotations

import json
import string
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from bot.middlewares.language import language_of, load_languages
from lookalike.catalogues import LANGUAGES
from lookalike.wording import LIKENESSES, PAIR_VERDICTS, VERDICTS, likeness, pair_verdict, verdict
from tests.telegram_rules import check_text

ROOT = Path(__file__).resolve().parent.parent.parent
CALIBRATION = ROOT / "weights" / "calibration.json"
CATALOGUES = sorted((ROOT / "lookalike" / "locales").glob("*/LC_MESSAGES/messages.po"))

Key = tuple[str, ...]  # context, singular, and of a plural its plural


def fields(text: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _, name, spec, _ in string.Formatter().parse(text) if name is not None}


def key(message: Message) -> Key:
    """What tells one text from another: its plural and its context, too."""
    ids = message.id if isinstance(message.id, list | tuple) else [message.id]
    return message.context or "", *ids


def strings(message: Message) -> list[str]:
    """Its translation; of a plural all forms."""
    return list(message.string) if isinstance(message.string, list | tuple) else [message.string or ""]


def catalogue(path: Path) -> dict[Key, Message]:
    with path.open("rb") as file:
        return {key(message): message for message in read_po(file) if message.id}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> set[Key]:
    """Every text of the code, as `make messages` takes them out."""
    texts = tmp_path_factory.mktemp("texts") / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "--output-file", str(texts)]
    subprocess.run(command, cwd=ROOT, check=True)
    return set(catalogue(texts))


def test_texts_are_found_in_the_code(extracted: set[Key]) -> None:
    """Each keyword of [tool.babel] finds some: a text that is not extracted is shown in English for ever."""
    assert len(extracted) > 150
    assert any(len(key) == 3 for key in extracted), "no plural"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_every_text_of_the_code_is_translated_and_no_other(path: Path, extracted: set[Key]) -> None:
    translated = catalogue(path)
    assert extracted - set(translated) == set(), "not in the catalogue: make messages"
    assert set(translated) - extracted == set(), "not in the code any more: make messages"
    assert [key for key, message in translated.items() if not all(strings(message))] == []
    assert [key for key, message in translated.items() if message.fuzzy] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_what_is_compiled_is_what_the_catalogue_says(path: Path) -> None:
    with path.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    read = {key(message): strings(message) for message in compiled if message.id}
    wanted = {key: strings(message) for key, message in catalogue(path).items()}
    assert read == wanted, "make messages"


def test_there_is_a_catalogue_for_every_language_but_english() -> None:
    assert {path.parent.parent.name for path in CATALOGUES} | {"en"} == set(LANGUAGES)
    assert set(load_languages().available_locales) == set(LANGUAGES) - {"en"}


def test_translations_keep_placeholders_and_markup() -> None:
    for path in CATALOGUES:
        for (_context, singular, *plural), message in catalogue(path).items():
            for text in strings(message):
                assert fields(text) == fields([singular, *plural][-1]), text
                if "<b>" in singular:
                    check_text(text, "HTML", limit=4096, empty=False)


@pytest.mark.parametrize(
    ("count", "word"), [(1, "лицо"), (2, "лица"), (5, "лиц"), (11, "лиц"), (21, "лицо"), (104, "лица")]
)
def test_russian_plurals(count: int, word: str) -> None:
    text = load_languages().gettext(
        "{count} face. Who first?",
        "{count} faces. Who first?",
        count,
        locale="ru",
    )
    assert text.format(count=count).split()[1].rstrip(".") == word


def test_every_band_of_the_shipped_calibration_has_words_of_its_own() -> None:
    raw = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    assert [verdict(band["key"]) for band in raw["gallery"]["bands"]] == list(VERDICTS.values())
    assert [likeness(band["key"]) for band in raw["gallery"]["bands"]] == list(LIKENESSES.values())
    assert [pair_verdict(band["key"]) for band in raw["pair"]["bands"]] == list(PAIR_VERDICTS.values())


@pytest.mark.parametrize(
    ("code", "language"), [("ru", "ru"), ("ru-RU", "ru"), ("en-GB", "en"), ("de", "en"), ("", "en"), (None, "en")]
)
def test_a_person_reads_their_language_or_english(code: str | None, language: str) -> None:
    from aiogram.types import User

    assert language_of(User(id=1, is_bot=False, first_name="x", language_code=code)) == language
    assert language_of(None) == "en"
