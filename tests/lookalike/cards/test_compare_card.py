"""The card of a comparison."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lookalike.cards import CompareCard
from lookalike.cards.compare_card import layout, marker_share, spread
from lookalike.cards.geometry import Rect
from lookalike.cards.placed import Canvas, Picture
from lookalike.cards.theme import Style, ThemeName
from tests.lookalike.cards.rules import assert_well_placed, assert_words_stay_in_their_panels, words
from tests.lookalike.cards.russian import russian
from tests.lookalike.cards.samples import CALIBRATION, comparison, renderer

PAIR = CALIBRATION.pair


def place(similarity: float, *, theme: ThemeName = "light", language: str = "en") -> Canvas:
    return layout(
        comparison(similarity),
        calibration=CALIBRATION,
        style=Style(theme),
        translate=russian if language == "ru" else str,
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("similarity", [-0.2, 0.0, 0.2, 0.3, 0.35, 0.42, 0.6, 1.0])
def test_everything_has_its_place(theme: ThemeName, language: str, similarity: float) -> None:
    canvas = place(similarity, theme=theme, language=language)
    assert_well_placed(canvas)
    assert_words_stay_in_their_panels(canvas)
    assert sum(isinstance(item, Picture) for item in canvas.items) == 2


def test_band_and_meaning_are_said_without_a_number_that_needs_explaining() -> None:
    said = words(place(0.34))
    assert "Very alike" in said
    assert "Only 1 in 1,000 pairs of strangers look this alike." in " ".join(said)
    assert "this is no proof" in " ".join(said)
    assert not any("0.3" in text for text in said)
    assert {"1 in 40", "1 in 200", "1 in 1,000", "under 1 in 10,000"} <= set(said)
    assert said.count("pairs") == 4


def test_beyond_what_was_measured_only_a_limit_is_claimed() -> None:
    assert "Fewer than 1 in 10,000 pairs of strangers" in " ".join(words(place(0.7)))


def test_below_what_was_measured_no_exact_share_is_claimed() -> None:
    assert "No more alike than two people picked at random." in " ".join(words(place(-0.1)))


def test_only_the_face_of_a_photo_with_several_is_numbered() -> None:
    assert [text for text in words(place(0.3)) if text.startswith("Face")] == ["Face 2"]


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_the_marker_moves_right_with_the_similarity(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert 0.0 <= marker_share(PAIR, low) <= marker_share(PAIR, high) <= 1.0


def test_the_marker_stands_in_its_band() -> None:
    for index, band in enumerate(reversed(PAIR.bands)):
        floor = max(band.floor, -0.9)
        assert index / 5 <= marker_share(PAIR, floor + 1e-6) < (index + 1) / 5


def test_the_lowest_band_spans_twice_the_similarity_of_the_next() -> None:
    """Its drawn width is a fifth like the others'; 0.19 - 2 * (0.27 - 0.19) = 0.03 is its left end."""
    assert marker_share(PAIR, 0.03) == pytest.approx(0.0)
    assert marker_share(PAIR, 0.11) == pytest.approx(0.1)
    assert marker_share(PAIR, 0.07) == pytest.approx(0.05)
    assert marker_share(PAIR, -0.5) == 0.0


@given(st.lists(st.tuples(st.integers(10, 200), st.integers(0, 900)), min_size=1, max_size=4))
def test_labels_are_pushed_apart_and_stay_inside(labels: list[tuple[int, int]]) -> None:
    room = Rect(20, 0, 900, 30)
    widths, centers = [w for w, _ in labels], sorted(c for _, c in labels)
    lefts = spread(widths, centers, room, gap=10)
    edges = [(left, left + width) for left, width in zip(lefts, widths, strict=True)]
    assert all(room.x <= left and right <= room.right for left, right in edges)
    assert all(first[1] + 10 <= second[0] for first, second in pairwise(edges))


def test_it_is_a_picture() -> None:
    data = renderer().render(CompareCard(comparison(0.4)), theme="dark")
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert image.width == 1080
