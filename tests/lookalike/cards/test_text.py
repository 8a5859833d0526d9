"""Wrapping and shortening, as numbers."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.cards.clusters import clusters
from lookalike.cards.fontfiles import FONTS, Weight, load
from lookalike.cards.text import ELLIPSIS, LONGEST_TEXT, Font, ellipsise, wrap, wrap_evenly

FONT = Font(Weight.SEMIBOLD, 30)
# Latin with accents, the ends of the Cyrillic alphabet with its extensions, and the signs that sentences use.
LETTERS = "AZaz09éñøŁşž" + "\u0410\u042f\u0430\u044f\u0401\u0451\u0407\u0456\u0491" + "№«»—…,.\u2019\u2212"
FAMILY: Final = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
CLUSTERS: Final = (
    *("a", "W", " ", "-", "\u738b", "\uae40", "\u0645", "\u05e9\u05b8\u05c1", "\u0915\u094d\u0937", "x\u0301"),
    *(FAMILY, "\U0001f44d\U0001f3fd", "\U0001f1fa\U0001f1e6", "1\ufe0f\u20e3", "\u0e1c\u0e39\u0e49"),
)
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


@given(st.lists(st.sampled_from(CLUSTERS), min_size=1, max_size=40).map("".join), widths)
def test_nothing_is_cut_inside_of_a_letter_or_an_emoji(text: str, width: int) -> None:
    short = ellipsise(text, FONT, width)
    assert FONT.width(short) <= width
    kept = clusters(short.removesuffix(ELLIPSIS))
    assert kept == clusters(text)[: len(kept)]
    lines = wrap(text, FONT, max(width, 120), lines=3)
    pieces = [cluster for line in lines for cluster in clusters(line.removesuffix(ELLIPSIS)) if cluster != " "]
    assert pieces == [cluster for cluster in clusters(text) if cluster != " "][: len(pieces)]


@pytest.mark.parametrize("letter", ["W", "i", "\u738b", "\u0645", "\u0301", "\U0001f468\u200d"])
def test_a_name_of_five_thousand_letters_is_measured_a_few_times(letter: str) -> None:
    """Not once a letter: such a name, in a gallery of somebody else's, cost 15 s a card."""
    measured: list[int] = []

    class Counting(Font):
        def width(self, text: str) -> int:
            measured.append(len(text))
            return super().width(text)

    font = Counting(Weight.BOLD, 44)
    for shown in (ellipsise(letter * 5000, font, 400), *wrap(letter * 5000, font, 400, lines=3)[-1:]):
        assert shown.endswith(ELLIPSIS)
        assert FONT.width(shown) <= 400
    assert len(measured) < 60
    assert max(measured) <= LONGEST_TEXT + 1


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
    assert sum(file.stat().st_size for file in FONTS.iterdir() if file.is_file()) < 3_000_000
