"""Texts and drawings: within Telegram's limits and legible HTML, in every language, whatever the people are called."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from aiogram.utils.i18n import I18n
from PIL import Image, ImageChops

from bot.about import About, Measured, network, read_measured
from bot.middlewares.language import load_languages, translator
from bot.views.about import about_text, stats_text
from bot.views.captions import card_caption, compare_caption, explain_caption, faces_caption
from bot.views.help import help_pages
from bot.views.refusals import unanswered
from index.types import Match, Person
from lookalike.answers import BandedMatch, Compared, FaceAnswer, Found, NoUsableFace
from lookalike.cards import HelpPicture, ThemeName
from lookalike.cards.help_pictures import HEIGHT, SCENES, WIDTH
from lookalike.catalogues import LANGUAGES
from lookalike.serving.metrics import Stats, prometheus
from pipeline.manifest import load_manifest
from pipeline.types import RefusalCode
from tests.lookalike import builders
from tests.lookalike.cards.samples import CALIBRATION, GALLERY, renderer
from tests.telegram_rules import check_text

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture(params=list(LANGUAGES))
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    i18n: I18n = load_languages()
    with i18n.context(), i18n.use_locale(request.param):
        yield request.param


def found(name: str, *, refused: int = 3) -> Found:
    """Two faces, eight people of this name each, and some refused faces."""
    refusals = [builders.face(None, refusal=RefusalCode.POINTS_UNSURE) for _ in range(refused)]
    photo = builders.photo(builders.face(builders.unit(1.0)), builders.face(builders.unit(0.0, 1.0)), *refusals)
    people = [
        Person(number=str(n), name=name, name_inferred=True, image="", images=1, attributes={}) for n in range(1, 9)
    ]
    matches = tuple(
        BandedMatch(
            match=Match(rank=rank, person=person, similarity=0.5 - 0.03 * rank),
            band=CALIBRATION.gallery.band(0.5 - 0.03 * rank),
            stranger_share=0.01,
        )
        for rank, person in enumerate(people, start=1)
    )
    faces = tuple(FaceAnswer(number=n, face=face, matches=matches) for n, face in enumerate(photo.usable, start=1))
    return Found(photo=photo, faces=faces)


@pytest.mark.parametrize(
    "name", ["Li", '<b>&"x</b>', "A" * 300, "\U0001f600" * 120], ids=["short", "html", "long", "emoji"]
)
def test_captions_fit_whatever_people_are_called(language: str, name: str) -> None:
    answer = found(name)
    for face in answer.faces:
        caption = card_caption(answer, face, gallery=GALLERY)
        check_text(caption, "HTML", limit=1024, empty=False)
        check_text(explain_caption(face, gallery=GALLERY), "HTML", limit=1024, empty=False)
    check_text(faces_caption(answer), "HTML", limit=1024, empty=False)


def crowd(faces: int, *, left_out: int = 0) -> Found:
    """So many usable faces, and so many more beyond the limit of the pipeline."""
    photo = builders.photo(*(builders.face(builders.unit(1.0, 0.1 * number)) for number in range(faces)))
    answers = (FaceAnswer(number=n, face=face, matches=()) for n, face in enumerate(photo.usable, start=1))
    return Found(photo=replace(photo, left_out=left_out), faces=tuple(answers))


def test_faces_beyond_the_limit_are_told(language: str) -> None:
    caption = faces_caption(crowd(64, left_out=1_036))
    wanted = {
        "en": "1,036 more faces are smaller than these: I look at the 64 largest of a photo.",
        "ru": "Ещё 1\u00a0036 лиц мельче этих: я смотрю на 64 самых крупных на фото.",
    }
    assert wanted[language] in check_text(caption, "HTML", limit=1024, empty=False)
    assert "64" not in faces_caption(crowd(3))


def test_faces_beyond_the_limit_are_told_also_where_none_of_the_others_can_be_used(language: str) -> None:
    dark = [builders.face(None, refusal=RefusalCode.TOO_DARK) for _ in range(64)]
    wanted = {"en": "36 more faces are smaller than these", "ru": "Ещё 36 лиц мельче этих"}[language]
    photo = builders.photo(*dark)
    told = unanswered(NoUsableFace(photo=replace(photo, left_out=36)))
    assert wanted in check_text(told, "HTML", limit=4096, empty=False)
    assert "36" not in unanswered(NoUsableFace(photo=photo))


@pytest.mark.parametrize(("faces", "told"), [(20, False), (21, True)])
def test_a_card_says_when_some_faces_have_no_button(language: str, faces: int, *, told: bool) -> None:
    answer = crowd(faces)
    words = {"en": "buttons cover the 20 largest", "ru": "20"}[language]
    with_buttons = card_caption(answer, answer.faces[0], gallery=GALLERY)
    in_an_album = card_caption(answer, answer.faces[0], gallery=GALLERY, buttons=False)
    assert (len(with_buttons) > len(in_an_album)) is told
    assert (words in with_buttons.removeprefix(in_an_album)) is told


def test_a_card_lists_all_eight_with_what_the_first_means(language: str) -> None:
    answer = found("Somebody", refused=0)
    text = check_text(card_caption(answer, answer.faces[0], gallery=GALLERY), "HTML", limit=1024, empty=False)
    assert all(f"{n}. " in text for n in range(1, 9))
    assert len(text.splitlines()) == 10
    assert "<blockquote expandable>1. " in card_caption(answer, answer.faces[0], gallery=GALLERY)


def test_a_name_from_the_right_leaves_rank_and_similarity_where_they_are(language: str) -> None:
    """Else a chat shows the number on the other side of the name; U+2068 and U+2069 keep it apart."""
    answer = found("\u0645\u062d\u0645\u062f (2)", refused=0)
    caption = card_caption(answer, answer.faces[0], gallery=GALLERY)
    assert re.search(r">1\. \u2068[^\u2069\n]*\u0645\u062d\u0645\u062f \(2\)\u2069 · \S{5} 0", caption)
    plain = found("\u738b\u83f2", refused=0)
    assert "\u2068" not in card_caption(plain, plain.faces[0], gallery=GALLERY)


def test_nobody_left_to_show_is_said(language: str) -> None:
    answer = found("Somebody")
    empty = FaceAnswer(number=1, face=answer.faces[0].face, matches=())
    check_text(card_caption(answer, empty, gallery=GALLERY), "HTML", limit=1024, empty=False)


def test_comparisons_say_similarity_meaning_and_doubt(language: str) -> None:
    a = builders.photo(*[builders.face(builders.unit(1.0, n / 9)) for n in range(6)])
    pairs = tuple(tuple(0.01 * (row + column) for column in range(6)) for row in range(6))
    compared = Compared(
        photo_a=a, photo_b=a, face_a=1, face_b=2, similarity=0.03, band=CALIBRATION.pair.bands[-1],
        false_match_rate=0.4, all_pairs=pairs,
    )  # fmt: skip
    text = check_text(compare_caption(compared, calibration=CALIBRATION), "HTML", limit=1024, empty=False)
    assert text.count("A") == text.count("B")
    assert "A6 · B6" in text


def test_help_has_a_drawing_for_every_page_and_each_fits_as_a_caption(language: str) -> None:
    pages = help_pages(CALIBRATION, GALLERY)
    assert len(pages) == len(SCENES)
    for page in pages:
        check_text(page, "HTML", limit=1024, empty=False)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", range(len(SCENES)))
def test_drawings_are_drawn(page: int, theme: ThemeName) -> None:
    translate = translator(load_languages(), "ru")
    data = renderer().render(HelpPicture(page), theme=theme, translate=translate)
    picture = Image.open(io.BytesIO(data))
    assert picture.size == (WIDTH, HEIGHT)
    plain = Image.new("RGB", picture.size, picture.getpixel((WIDTH // 2, HEIGHT - 60)))
    difference = ImageChops.difference(picture.convert("RGB"), plain).getbbox()
    assert difference is not None
    gray = np.asarray(picture.convert("L"))
    assert gray.min() < 100 < gray.max()


def test_about_shows_the_networks_and_what_was_measured_on_them(language: str) -> None:
    facts = {"sha256": "ab" * 32, "licence": "CC & co", "started_from": "X"}
    measured = Measured(
        boxes_ap=0.967, boxes=1078, points_error=0.0355, points_faces=330, recognised=0.961, pictures=464, first=0.985
    )
    networks = tuple(network(role, facts) for role in ("detector", "aligner", "embedder"))
    about = About(versions=(("x", "1"),), networks=networks, measured=measured)
    text = check_text(about_text(about, GALLERY, CALIBRATION), "HTML", limit=4096, empty=False)
    for figure in ("97", "078", "3.5\u00a0%", "96.1\u00a0%", "98.5\u00a0%"):
        assert figure in text.replace(",", ".")
    assert text.count("abababababab") == 3


def test_figures_of_another_embedder_or_a_torn_file_are_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "evaluation.json"
    assert read_measured(file, embedder="e") is None
    file.write_text('{"embedder": "e"', encoding="utf-8")
    assert read_measured(file, embedder="e") is None
    file.write_text('{"embedder": "e", "detection": {"overall": []}}', encoding="utf-8")
    assert read_measured(file, embedder="e") is None


def test_the_shipped_evaluation_is_read() -> None:
    embedder = load_manifest(ROOT / "weights").embedder.sha256
    measured = read_measured(ROOT / "weights" / "evaluation.json", embedder=embedder)
    assert measured is not None, "evaluation.json is of another embedder: run `lookalike evaluate all`"
    assert measured.boxes > 1000
    assert 0.9 < measured.recognised < 1
    assert read_measured(ROOT / "weights" / "evaluation.json", embedder="another") is None


def test_statistics_count_and_percentiles_hold(language: str) -> None:
    stats = Stats()
    stats.answered(found("x"))
    for seconds in range(1, 101):
        stats.took(seconds / 100)
    assert (stats.percentile_s(0.5), stats.percentile_s(0.95)) == (0.5, 0.95)
    check_text(stats_text(stats, waiting=1, at_work=2), "HTML", limit=4096, empty=False)
    exposition = prometheus(stats, gauges={"ready": 1.0})
    assert 'lookalike_answers_total{outcome="picker"} 1' in exposition
    assert 'lookalike_photo_seconds_bucket{le="0.5"} 50' in exposition
    assert 'lookalike_photo_seconds_bucket{le="+Inf"} 100' in exposition
