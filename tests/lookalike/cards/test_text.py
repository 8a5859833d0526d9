"""Wrapping and shortening, as numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.cards.fontfiles import FONTS, Weight, load
from lookalike.cards.text import ELLIPSIS, Font, ellipsise, wrap, wrap_evenly

FONT = Font(Weight.SEMIBOLD, 30)
# Latin with accents, the ends of the Cyrillic alphabet with its extensions, and the signs that sentences use.
LETTERS = "AZaz09éñøŁşž" + "\u0410\u042f\u0430\u044f\u0401\u0451\u0407\u0456\u0491" + "№«»—…,.\u2019\u2212"
texts = st.text(alphabet="abc WMil-Жщ ", min_size=1, max_size=80).map(lambda text: " ".join(text.split())).filter(bool)
widths = st.integers(60, 700)


@given(texts, widths)
def test_a_shortened_text_fits(text: str, width: int) -> None:
    short = ellipsise(text, FONT, width)
    assert FONT.width(short) <= width
    assert short == text or short.endswith(ELLIPSIS)


@given(texts, widths, st.integers(1, 4), st.sampled_from([wrap, wrap_evenly]))
def test_lines_fit_and_lose_nothing_but_behind_an_ellipsis(text: str, width: int, lines: int, how: object) -> None:
    assert callable(how)
    parts = how(text, FONT, width, lines=lines)
    assert 1 <= len(parts) <= lines
    assert all(FONT.width(part) <= width for part in parts)
    whole = "".join(parts).replace(" ", "")
    if parts[-1].endswith(ELLIPSIS):
        assert text.replace(" ", "").startswith(whole.removesuffix(ELLIPSIS))
    else:
        assert whole == text.replace(" ", "")


def test_a_long_name_breaks_at_spaces_and_hyphens() -> None:
    name = "Maria Guadalupe Gonzalez-Echeverria y Fernandez"
    assert wrap(name, FONT, 300, lines=4) == ("Maria Guadalupe", "Gonzalez-", "Echeverria y", "Fernandez")
    assert wrap(name, FONT, 300, lines=2)[1].startswith("Gonzalez-Ech")


def test_even_lines_leave_no_word_alone() -> None:
    text = "One stranger in 100 finds somebody here as alike as this."
    font = Font(Weight.MEDIUM, 34)
    assert wrap(text, font, 452, lines=4)[-1] == "this."
    even = wrap_evenly(text, font, 452, lines=4)
    assert len(even) == 3
    assert min(font.width(line) for line in even) > 200


@pytest.mark.parametrize("weight", [Weight.MEDIUM, Weight.SEMIBOLD, Weight.BOLD])
def test_fonts_have_the_letters_of_both_languages(weight: Weight) -> None:
    """A missing glyph is drawn as .notdef, whose box every missing letter shares."""
    font = load(weight, 40)
    missing = bytes(font.getmask("\U0010fffd"))
    for letter in LETTERS:
        assert bytes(font.getmask(letter)) != missing, letter


def test_symbols_of_the_bands_are_in_the_symbol_font() -> None:
    font = load(Weight.SYMBOLS, 40)
    missing = bytes(font.getmask("\U0010fffd"))
    assert all(bytes(font.getmask(symbol)) != missing for symbol in "●◕◑◔○★")


def test_fonts_come_with_their_licence_and_are_small() -> None:
    assert "SIL" in (FONTS / "LICENSE.txt").read_text(encoding="utf-8")
    assert sum(file.stat().st_size for file in FONTS.iterdir()) < 3_000_000
