"""Colours: every text reads, every band is told from its neighbours, in both themes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.cards.blocks import band_color
from lookalike.cards.theme import DARK, INK, LIGHT, MIN_TEXT_CONTRAST, WHITE, Color, Theme
from tests.lookalike.cards.samples import CALIBRATION

colors = st.builds(Color, *[st.integers(0, 255)] * 3)


def test_contrast_of_black_and_white_is_twenty_one() -> None:
    assert Color(0, 0, 0).contrast(WHITE) == pytest.approx(21.0)


@given(colors)
def test_ink_reads_on_any_colour(color: Color) -> None:
    assert color.ink().contrast(color) >= MIN_TEXT_CONTRAST


@given(colors, colors, st.sampled_from([1.6, 2.2, 3.0, 4.0]))
def test_seen_on_reaches_the_ratio_and_leaves_what_has_it(color: Color, back: Color, ratio: float) -> None:
    seen = color.seen_on(back, ratio=ratio)
    assert seen.contrast(back) >= ratio
    assert (seen == color) == (color.contrast(back) >= ratio)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_of_a_theme_read_on_page_and_panel(theme: Theme) -> None:
    for text in (theme.text, theme.muted):
        for back in (theme.page, theme.panel):
            assert text.contrast(back) >= MIN_TEXT_CONTRAST


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_word_reads_on_every_band(theme: Theme) -> None:
    for band in (*CALIBRATION.gallery.bands, *CALIBRATION.pair.bands):
        fill = band_color(band, theme)
        assert fill.ink().contrast(fill) >= MIN_TEXT_CONTRAST
        assert fill.contrast(theme.panel) >= 1.6


@pytest.mark.parametrize("text", ["", "#12345", "purple", "#gggggg"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Color.from_hex(text)


def test_hex_is_read() -> None:
    assert Color.from_hex("#5B2BB5") == Color(0x5B, 0x2B, 0xB5)
    assert INK.mix(WHITE, 1.0) == WHITE
