"""The answer card: laid out in every theme, language and number of matches, and painted."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lookalike.answers import FaceAnswer
from lookalike.calibration import Calibration
from lookalike.cards import AnswerCard
from lookalike.cards.answer_card import layout
from lookalike.cards.blocks import legend_share
from lookalike.cards.pictures import PictureSource
from lookalike.cards.placed import Canvas, Drawn, Panel, Picture
from lookalike.cards.theme import Color, Style, ThemeName
from pipeline.types import PhotoFaces
from tests.lookalike.cards.rules import assert_well_placed, assert_words_stay_in_their_panels, words
from tests.lookalike.cards.russian import russian
from tests.lookalike.cards.samples import (
    CALIBRATION,
    GALLERY,
    PEOPLE,
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
    calibration: Calibration = CALIBRATION,
) -> Canvas:
    return layout(
        said,
        calibration=calibration,
        gallery=GALLERY,
        pictures=pictures or NoPictures(),
        photo=photo,
        style=Style(theme),
        translate=translate,
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("matches", range(9))
def test_everything_has_its_place(theme: ThemeName, language: str, matches: int) -> None:
    canvas = place(answer(PHOTO, matches=matches), theme=theme, translate=LANGUAGES[language])
    assert_well_placed(canvas)
    assert_words_stay_in_their_panels(canvas)
    assert sum(isinstance(item, Drawn) for item in canvas.items) == matches
    assert canvas.width == 1080
    assert canvas.height < 1800


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_words_and_the_top_band_everywhere_fit(language: str) -> None:
    longest = person(
        "10177", "Wolfeschlegelsteinhausenbergerdorff Преображенский-Вознесенский " * 2, "Male", "Gray_Hair",
        "Eyeglasses", "-No_Beard", inferred=True,
    )  # fmt: skip
    said = answer(PHOTO, people=(longest,) * 8)
    top = CALIBRATION.gallery.bands[0]
    said = replace(said, matches=tuple(replace(m, band=top, match=replace(m.match, rank=990 + i, similarity=-0.12))
                                       for i, m in enumerate(said.matches)))  # fmt: skip
    canvas = place(said, translate=LANGUAGES[language])
    assert_well_placed(canvas)
    assert_words_stay_in_their_panels(canvas)
    assert sum(text.endswith("…") for text in words(canvas)) >= 8


def test_each_of_the_eight_says_rank_name_similarity_and_band() -> None:
    said = words(place(answer(PHOTO)))
    for rank in range(1, 9):
        assert str(rank) in said
    for similarity in ("0.50", "0.46", "0.45", "0.44", "0.41", "0.40", "0.38", "0.37"):
        assert similarity in said
    assert said.count("strong") == 3 + 1  # three tiles and the legend
    assert said.count("◑") == 3 + 1
    assert "CelebA No. 2880" in said
    assert "perhaps Amanda" in said
    assert "woman, dark hair, glasses" in said


def test_how_sure_comes_from_the_calibration_alone() -> None:
    """Another curve and other bands change the words; no threshold lies in the cards."""
    table = CALIBRATION.gallery
    other = replace(
        table,
        bands=tuple(replace(band, word=band.word.upper(), color="#123456", symbol="★") for band in table.bands),
        rates=tuple(replace(rate, share=rate.share / 20) for rate in table.rates),
    )
    said = answer(PHOTO)
    said = replace(said, matches=tuple(replace(m, band=other.band(m.match.similarity),
                                               stranger_share=other.stranger_share(m.match.similarity))
                                       for m in said.matches))  # fmt: skip
    canvas = place(said, calibration=replace(CALIBRATION, gallery=other))
    assert "STRIKING" in words(canvas)
    assert "★" in words(canvas)
    assert "1 in 200" in words(canvas)
    assert "1 in 10" not in words(canvas)
    assert any(isinstance(item, Panel) and item.fill == Color.from_hex("#123456") for item in canvas.items)


def test_the_legend_runs_from_the_rest_to_under_the_last_measured_share() -> None:
    table = CALIBRATION.gallery
    assert [legend_share(table, band, str) for band in table.bands] == [
        "under 1 in 1,000",
        "1 in 100",
        "1 in 10",
        "7 in 10",
        "the rest",
    ]


def test_one_band_is_a_legend_too() -> None:
    table = replace(CALIBRATION.gallery, bands=CALIBRATION.gallery.bands[-1:])
    said = answer(PHOTO, matches=2)
    assert_well_placed(place(said, calibration=replace(CALIBRATION, gallery=table)))


def test_a_gallery_of_another_size_than_the_measured_one_says_so() -> None:
    assert "here are" not in " ".join(words(place(answer(PHOTO))))
    other = replace(CALIBRATION, gallery_people=1200)
    said = " ".join(words(place(answer(PHOTO), calibration=other)))
    assert "among 1,200 people (here are 9,324):" in said


def test_pictures_are_shown_where_they_are() -> None:
    canvas = place(answer(PHOTO), pictures=DrawnPictures())
    assert not any(isinstance(item, Drawn) for item in canvas.items)
    assert sum(isinstance(item, Picture) for item in canvas.items) == 9
    assert_well_placed(canvas)
    for item in canvas.items:
        if isinstance(item, Picture):
            assert item.image.shape == (item.rect.height, item.rect.width, 3)


def test_one_of_several_faces_is_numbered() -> None:
    several = drawn_photo(faces=2)
    assert "Face 2" in words(place(answer(several, number=2), photo=several))
    assert not any(text.startswith("Face") for text in words(place(answer(PHOTO))))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("photo", [PHOTO, None], ids=["photo", "crop only"])
def test_a_card_is_a_picture_that_telegram_takes(theme: ThemeName, photo: PhotoFaces | None) -> None:
    data = renderer().render(AnswerCard(answer(PHOTO), photo), theme=theme)
    assert len(data) < 1_000_000
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert image.width == 1080
        assert image.width + image.height <= 10_000


def test_the_same_answer_gives_the_same_bytes() -> None:
    first, second = (renderer().render(AnswerCard(answer(PHOTO), PHOTO)) for _ in range(2))
    assert first == second


def test_painting_leaves_the_photo_alone() -> None:
    photo = drawn_photo()
    before = photo.image.copy()
    renderer().render(AnswerCard(answer(photo), photo))
    assert np.array_equal(photo.image, before)


def test_people_sorted_by_rank_start_at_the_one_that_was_asked_for() -> None:
    """That is rank 9 for the next eight: in the large tile."""
    said = answer(PHOTO)
    said = replace(said, matches=tuple(replace(m, match=replace(m.match, rank=m.match.rank + 8)) for m in said.matches))
    assert [text for text in words(place(said)) if text in {"9", "10", "16"}] == ["9", "10", "16"]
    assert len(PEOPLE) == 8
