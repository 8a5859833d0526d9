"""The card that says why, on the person's own face."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lookalike.cards import ExplainCard
from lookalike.cards.explain_card import MARK, layout, shaded
from lookalike.cards.placed import Canvas, Panel
from lookalike.cards.theme import Style, ThemeName
from lookalike.explainer import Why
from lookalike.regions import REGIONS, Carriers, mask
from tests.lookalike.cards.rules import assert_well_placed, words
from tests.lookalike.cards.russian import russian
from tests.lookalike.cards.samples import CALIBRATION, NoPictures, answer, drawn_photo, person, renderer

PHOTO = drawn_photo()
EVERYBODY = np.random.default_rng(1).normal(0.1, 0.08, 500).astype(np.float32)


def reasons(*named: str) -> Why:
    losses = dict.fromkeys(REGIONS, 0.01) | dict.fromkeys(named, 0.2)
    return Why(carriers=Carriers(losses=losses, unusual=losses, named=named), everybody=EVERYBODY)


def place(
    *,
    theme: ThemeName = "light",
    matches: int = 8,
    translate: Callable[[str], str] = str,
    why: Why | None = None,
) -> Canvas:
    return layout(
        answer(PHOTO, matches=matches),
        photo=PHOTO,
        why=why,
        table=CALIBRATION.gallery,
        pictures=NoPictures(),
        style=Style(theme),
        translate=translate,
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("translate", [str, russian], ids=["en", "ru"])
@pytest.mark.parametrize("named", [(), ("eyes",), ("forehead", "cheeks")])
def test_everything_has_its_place(theme: ThemeName, translate: Callable[[str], str], named: tuple[str, ...]) -> None:
    assert_well_placed(place(theme=theme, translate=translate, why=reasons(*named)))
    assert_well_placed(place(theme=theme, translate=translate))


def test_a_face_without_people_is_shown_alone() -> None:
    assert_well_placed(place(matches=0))


def test_the_parts_are_said_where_they_are_clear_and_else_the_face_as_a_whole() -> None:
    assert "It's in the eyes and the nose." in words(place(why=reasons("eyes", "nose")))
    assert "Brighter: more than usual" in words(place(why=reasons("eyes", "nose")))
    assert "It's in the face as a whole." in words(place(why=reasons()))
    assert not any("Brighter" in text for text in words(place(why=reasons())))


def test_everybody_is_counted_and_the_five_points_are_marked() -> None:
    canvas = place(why=reasons("eyes"))
    assert "How close all 500 are to you:" in words(canvas)
    assert len([item for item in canvas.items if isinstance(item, Panel) and item.fill == MARK]) == 5


def test_a_long_name_below_the_picture_is_said_whole() -> None:
    canvas = layout(
        answer(PHOTO, people=(person("1", "Алексей Преображенский-Вознесенский"),)), photo=PHOTO, why=reasons("eyes"),
        table=CALIBRATION.gallery, pictures=NoPictures(), style=Style(), translate=russian,
    )  # fmt: skip
    assert_well_placed(canvas)
    assert not [text for text in words(canvas) if text.endswith("…")]


def test_what_carries_most_is_the_brightest_part() -> None:
    face = np.full((224, 224, 3), 90, np.uint8)
    picture = shaded(face, reasons("mouth").carriers.unusual).astype(int)  # type: ignore[union-attr]  # given above
    inside = mask("mouth", 224) > 0.9
    outside = mask("forehead", 224) > 0.9
    assert picture[inside].mean() > picture[outside].mean() + 20
    assert np.array_equal(shaded(face, {}), face)


def test_it_is_a_jpeg() -> None:
    assert renderer().render(ExplainCard(answer(PHOTO), PHOTO, reasons("eyes"))).startswith(b"\xff\xd8")
