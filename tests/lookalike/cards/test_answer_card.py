"""The answer card: laid out in every theme, language and number of matches, and painted."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from index.types import GalleryInfo
from lookalike.answers import FaceAnswer
from lookalike.cards import AnswerCard
from lookalike.cards.answer_card import CIRCLE_PX, layout
from lookalike.cards.pictures import PictureSource
from lookalike.cards.placed import Canvas, Drawn, Panel, Picture
from lookalike.cards.theme import BRIGHT, LIGHT, Style, ThemeName
from pipeline.types import PhotoFaces
from tests.lookalike.cards.rules import assert_well_placed, words
from tests.lookalike.cards.russian import russian
from tests.lookalike.cards.samples import (
    CALIBRATION,
    GALLERY,
    DrawnPictures,
    NoPictures,
    answer,
    drawn_photo,
    person,
    renderer,
)

PHOTO = drawn_photo()
LANGUAGES: dict[str, Callable[[str], str]] = {"en": str, "ru": russian}


def place(
    said: FaceAnswer,
    *,
    theme: ThemeName = "light",
    translate: Callable[[str], str] = str,
    pictures: PictureSource | None = None,
    photo: PhotoFaces | None = PHOTO,
    gallery: GalleryInfo = GALLERY,
    reason: str = "",
    signature: str = "@some_lookalike_bot",
) -> Canvas:
    return layout(
        said,
        gallery=gallery,
        pictures=pictures or NoPictures(),
        photo=photo,
        style=Style(theme),
        translate=translate,
        reason=reason,
        signature=signature,
    )


def in_band(index: int) -> FaceAnswer:
    """An answer whose first match is in the index-th band from the top."""
    said = answer(PHOTO)
    band = CALIBRATION.gallery.bands[index]
    share = (0.001, 0.05, 0.3, 0.7, 0.99)[index]
    first = replace(said.matches[0], band=band, stranger_share=share)
    return replace(said, matches=(first, *said.matches[1:]))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("matches", [0, 1, 2, 8])
def test_everything_has_its_place(theme: ThemeName, language: str, matches: int) -> None:
    canvas = place(answer(PHOTO, matches=matches), theme=theme, translate=LANGUAGES[language])
    assert_well_placed(canvas)
    assert sum(isinstance(item, Drawn) for item in canvas.items) == matches
    assert (canvas.width, canvas.height) == (1080, 1350)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("index", range(5))
def test_every_verdict_fits_on_its_tinted_page(theme: ThemeName, language: str, index: int) -> None:
    said = in_band(index)
    assert_well_placed(place(said, theme=theme, translate=LANGUAGES[language], reason="It's in the eyes and nose"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_name_and_signature_fit(language: str) -> None:
    longest = person(
        "10177", "Wolfeschlegelsteinhausenbergerdorff Преображенский-Вознесенский " * 2, "Male", "Gray_Hair",
        "Eyeglasses", "-No_Beard", "Wavy_Hair", inferred=True,
    )  # fmt: skip
    canvas = place(answer(PHOTO, people=(longest,) * 8), translate=LANGUAGES[language], signature="@" + "b" * 60)
    assert_well_placed(canvas)
    assert sum(text.endswith("…") for text in words(canvas)) >= 2


def test_the_longest_words_of_either_language_are_said_whole() -> None:
    """Every name and description that a gallery of celebrities can hold, and which face of many it is."""
    everything = person(
        "10177", None, "Male", "Gray_Hair", "Wavy_Hair", "Eyeglasses", "Goatee"
    )  # fmt: skip
    named = replace(everything, name="Алексей Преображенский-Вознесенский", attributes_predicted=True)
    crowd = replace(answer(PHOTO, people=(named,) * 8), number=12)
    for translate in (str, russian):
        for said in (answer(PHOTO, people=(everything,) * 8), crowd):
            canvas = place(said, translate=translate)
            assert_well_placed(canvas)
            assert not [text for text in words(canvas) if text.endswith("…")]


def test_a_card_says_verdict_who_and_how_rare_and_no_similarity() -> None:
    said = words(place(answer(PHOTO)))
    assert said[:2] == ["Closest of 9,324 celebrities", "Uncanny!"]
    assert {"Woman, wavy dark hair, glasses", "No. 2880"} <= set(said)
    assert "Only 1 in 100 people get this close." in said
    assert not any("0." in text for text in said)


def test_a_name_stands_above_the_looks_and_a_guess_says_so() -> None:
    guessed = person("7", "amanda crew", "-Male", "Bangs", "Straight_Hair", inferred=True)
    said = words(place(answer(PHOTO, people=(guessed,))))
    assert {"perhaps Amanda Crew", "woman, straight hair"} <= set(said)


def test_the_reason_stands_on_the_card_only_where_one_was_measured() -> None:
    assert "It's in the eyes" in words(place(answer(PHOTO), reason="It's in the eyes"))
    assert not any("It's in" in text for text in words(place(answer(PHOTO))))


def test_the_signature_and_what_drawings_come_from_are_said() -> None:
    assert {"@some_lookalike_bot", "Drawn from descriptions"} <= set(words(place(answer(PHOTO))))
    with_pictures = words(place(answer(PHOTO), pictures=DrawnPictures(), signature=""))
    assert "Drawn from descriptions" not in with_pictures


def test_the_meter_has_as_many_bright_dots_as_the_band_has_steps() -> None:
    for index, band in enumerate(CALIBRATION.gallery.bands):
        canvas = place(in_band(index))
        bright = [item for item in canvas.items if isinstance(item, Panel) and item.fill == BRIGHT[band.step]]
        assert len(bright) == band.step + 1 == 5 - index


def test_rings_of_the_small_faces_have_the_colours_of_their_bands() -> None:
    said = answer(PHOTO)
    rings = [item.fill for item in place(said).items if isinstance(item, Panel) and item.rect.width == CIRCLE_PX]
    assert rings == [LIGHT.band(match.band.step) for match in said.matches[1:]]


def test_another_gallery_is_called_by_its_size_and_no_rarity_of_celebrities_is_claimed() -> None:
    own = replace(GALLERY, people=77)
    said = words(place(replace(in_band(3), own=True), gallery=own))
    assert "Your closest of 77" in said
    assert not any("celebrities" in text for text in said)


def test_later_people_and_chosen_ones_claim_no_rarity() -> None:
    later = in_band(4)
    later = replace(later, whole=False, matches=tuple(replace(m, match=replace(m.match, rank=m.rank + 8))
                                                      for m in later.matches))  # fmt: skip
    said = words(place(later))
    assert said[:2] == ["Places 9 to 16", "More faces like yours"]
    assert not any("people" in text for text in said)
    chosen = words(place(replace(in_band(1), whole=False)))
    assert chosen[:2] == ["Among those you chose", "Uncanny!"]


def test_pictures_are_shown_where_they_are_at_one_scale() -> None:
    canvas = place(answer(PHOTO), pictures=DrawnPictures())
    assert not any(isinstance(item, Drawn) for item in canvas.items)
    shown = [item for item in canvas.items if isinstance(item, Picture)]
    assert len(shown) == 9
    assert_well_placed(canvas)
    for item in shown:
        assert item.image.shape == (item.rect.height, item.rect.width, 3)
    assert shown[0].rect.height == shown[1].rect.height


def test_one_of_several_faces_is_numbered() -> None:
    several = drawn_photo(faces=2)
    assert any(text.startswith("Face 2 · ") for text in words(place(answer(several, number=2), photo=several)))
    assert not any(text.startswith("Face") for text in words(place(answer(PHOTO))))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("photo", [PHOTO, None], ids=["photo", "crop only"])
def test_a_card_is_a_picture_that_telegram_takes(theme: ThemeName, photo: PhotoFaces | None) -> None:
    data = renderer().render(AnswerCard(answer(PHOTO), photo), theme=theme)
    assert len(data) < 1_000_000
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert image.size == (1080, 1350)


def test_the_same_answer_gives_the_same_bytes() -> None:
    first, second = (renderer().render(AnswerCard(answer(PHOTO), PHOTO)) for _ in range(2))
    assert first == second


def test_painting_leaves_the_photo_alone() -> None:
    photo = drawn_photo()
    before = photo.image.copy()
    renderer().render(AnswerCard(answer(photo), photo))
    assert np.array_equal(photo.image, before)
