"""Colours: every text reads, every band is told from its neighbours, in both themes."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.cards.theme import (
    BRIGHT,
    DARK,
    INK,
    LIGHT,
    MIN_SHAPE_CONTRAST,
    MIN_TEXT_CONTRAST,
    PLATE,
    PLATE_TRACK,
    STEPS,
    WHITE,
    Color,
    Theme,
)

Floats = NDArray[np.float64]
# From linear RGB to linear RGB as it is seen.
BLINDNESS: Final[dict[str, Floats]] = {
    "none": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                        [-0.01182, 0.04294, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                        [0.004733, 0.691367, 0.3039]]),
}  # fmt: skip


def simulated(rgb: Floats, blindness: str) -> Floats:
    """sRGB, 0..1, as it is seen with a colour blindness."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(BLINDNESS[blindness] @ linear, 0, 1)
    return np.asarray(np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055))


def lab(rgb: Floats) -> Floats:
    """CIE Lab of an sRGB colour, 0..1."""
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0], np.float64)


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
@pytest.mark.parametrize("step", range(STEPS))
def test_texts_and_shapes_read_on_every_tinted_page(theme: Theme, step: int) -> None:
    page = theme.tinted(step).page
    for text in (theme.text, theme.muted, theme.accent(step)):
        assert text.contrast(page) >= MIN_TEXT_CONTRAST
    for band in range(STEPS):
        assert theme.band(band).contrast(page) >= MIN_SHAPE_CONTRAST
        assert theme.band(band).contrast(theme.panel) >= MIN_SHAPE_CONTRAST


def test_dots_of_a_meter_reach_three_to_one_on_their_plate_and_lit_ones_outshine_the_rest() -> None:
    for color in (*BRIGHT, PLATE_TRACK):
        assert color.contrast(PLATE) >= MIN_SHAPE_CONTRAST
    assert PLATE_TRACK.luminance < min(color.luminance for color in BRIGHT)


@pytest.mark.parametrize(("colors", "rises"), [(LIGHT.bands, False), (DARK.bands, True), (BRIGHT, True)])
def test_lightness_runs_one_way_along_the_bands(colors: tuple[Color, ...], *, rises: bool) -> None:
    lightness = [lab(np.array(color.rgb) / 255)[0] for color in colors]
    steps = np.diff(lightness) if rises else -np.diff(lightness)
    assert steps.min() >= 6.5


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("colors", [LIGHT.bands, DARK.bands], ids=["light", "dark"])
def test_every_two_bands_are_told_apart_whatever_colours_one_sees(colors: tuple[Color, ...], blindness: str) -> None:
    """Machado, Oliveira and Fernandes 2009, severity 1; distances in Lab."""
    seen = [lab(simulated(np.array(color.rgb) / 255, blindness)) for color in colors]
    distances = [np.linalg.norm(a - b) for a, b in combinations(seen, 2)]
    assert min(distances) >= 12, distances


@pytest.mark.parametrize("text", ["", "#12345", "purple", "#gggggg"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Color.from_hex(text)


def test_hex_is_read() -> None:
    assert Color.from_hex("#5B2BB5") == Color(0x5B, 0x2B, 0xB5)
    assert INK.mix(WHITE, 1.0) == WHITE
