"""The card that explains an answer on the person's own photo."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lookalike.cards import ExplainCard
from lookalike.cards.explain_card import MARK, layout
from lookalike.cards.placed import Canvas, Panel
from lookalike.cards.theme import Style, ThemeName
from tests.lookalike.cards.rules import assert_well_placed, assert_words_stay_in_their_panels, words
from tests.lookalike.cards.russian import russian
from tests.lookalike.cards.samples import NoPictures, answer, drawn_photo, renderer

PHOTO = drawn_photo()


def place(*, theme: ThemeName = "light", matches: int = 8, translate: Callable[[str], str] = str) -> Canvas:
    said = answer(PHOTO, matches=matches)
    return layout(said, photo=PHOTO, pictures=NoPictures(), style=Style(theme), translate=translate)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("translate", [str, russian], ids=["en", "ru"])
@pytest.mark.parametrize("matches", [0, 1, 2, 8])
def test_everything_has_its_place(theme: ThemeName, translate: Callable[[str], str], matches: int) -> None:
    canvas = place(theme=theme, translate=translate, matches=matches)
    assert_well_placed(canvas)
    assert_words_stay_in_their_panels(canvas)


def test_five_points_are_marked_twice() -> None:
    dots = [item for item in place().items if isinstance(item, Panel) and item.fill == MARK]
    assert len(dots) == 10


def test_nearest_and_farthest_are_shown() -> None:
    said = words(place())
    assert said.index("nearest") < said.index("farthest of these")
    assert {"0.50", "0.37"} <= set(said)


def test_it_is_a_jpeg() -> None:
    assert renderer().render(ExplainCard(answer(PHOTO), PHOTO)).startswith(b"\xff\xd8")
