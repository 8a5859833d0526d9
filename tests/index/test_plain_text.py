"""Names from file systems and strangers become text that can be printed, written and compared."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.plain_text import MAX_NAME, clean_name, printable_name, readable

PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0631\u0645"  # a non-joiner within the word
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)  # lone surrogates among it


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Heidi_Range ", "Heidi Range"),
        ("a\tb\u202ec\n", "a b c"),
        ("__", None),
        ("Zoë_Saldaña", "Zoë Saldaña"),
        ("Zoe\u0308", "Zoë"),
        ("\x1b[2J\x1b]0;PWNED\x07red", "[2J ]0;PWNED red"),
        ("x\x9b31m", "x 31m"),
        ("[red]markup[/red]", "[red]markup[/red]"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
        (PERSIAN, PERSIAN),
        ("क्\u200dष", "क्\u200dष"),
        ("\u200d Ann\u200c", "Ann"),
        ("\u200b\u2060\u200d", None),
        ("so\u00adft\ufeff", "soft"),
        ("\u2067محمد\u2069", "محمد"),
        (f"Z{chr(0x351) * 40}", f"Z{chr(0x351) * 6}"),
        ("A" * 5000, "A" * 120),
        ("é" * 5000, "é" * 120),
        ("\ue000private", "private"),
        ("\U0001fae9 new emoji", "\U0001fae9 new emoji"),
    ],
)
def test_names_are_cleaned(raw: str, clean: str | None) -> None:
    """A direction override in a name would turn the rest of a caption round; ESC would steer a terminal."""
    assert clean_name(raw) == clean


@given(ANY_TEXT)
def test_whatever_a_name_holds_the_clean_one_is_short_and_can_be_written(raw: str) -> None:
    name = clean_name(raw)
    if name is not None:
        name.encode()
        assert 0 < len(name) <= MAX_NAME
        assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in name)
        assert printable_name(name) == name


@given(st.binary(min_size=1, max_size=40))
def test_any_bytes_of_a_file_name_become_one_printable_line(data: bytes) -> None:
    text = readable(os.fsdecode(data))
    text.encode()
    assert text
    assert len(text.splitlines()) == 1
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in text)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Ren\xe9e/1.jpg", "Renée/1.jpg"),
        (b"Ren\xe9e/M\xc3\xbcnchen.jpg", "Renée/München.jpg"),
        (b"\x93quoted\x94", "“quoted”"),
        (b"\x81\x8d", "\\x81\\x8d"),
        ("Rene\u0301e".encode(), "Renée"),
        (b"a\nb\x1b[31m", "a\\nb\\x1b[31m"),
        ("abc\u202egpj.exe".encode(), "abc\\u202egpj.exe"),
        (PERSIAN.encode(), PERSIAN),
        (b"me [old].jpg", "me [old].jpg"),
    ],
)
def test_a_path_is_told_in_letters(data: bytes, text: str) -> None:
    assert readable(os.fsdecode(data)) == text


def test_a_surrogate_that_stands_for_no_byte_stops_nothing() -> None:
    assert readable("a\ud800") == "a?"
    assert clean_name("a\ud800") == "a?"
