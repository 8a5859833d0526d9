"""What a browser is given to answer by itself: to whom, of what, and that its answers are the server's."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from playwright.sync_api import Browser, sync_playwright

from index.gallery import Gallery
from lookalike.answers import BandedMatch, FaceAnswer
from lookalike.app import App
from lookalike.catalogues import Catalogues
from lookalike.explainer import Explainer
from lookalike.finder import Finder
from lookalike.paths import SAMPLES, WEIGHTS
from lookalike.scale import Scale
from lookalike.settings import Settings
from pipeline.types import Embedding
from tests.fakes import ObedientReader
from tests.lookalike import builders
from tests.web import local_agreement
from tests.web.chromium import launch_options, needs_chromium, opened, people, served
from tests.web.conftest import RunningPage
from web import runtime
from web.local import public_people
from web.local_words import word_tables
from web.settings import CAME_ALONG
from web.words import Words

needs_runtime = pytest.mark.skipif(
    not runtime.is_there(), reason="onnxruntime-web is not set up: python -m web.runtime"
)
PHOTOS = [SAMPLES / "grace_hopper.jpg", SAMPLES / "astronaut.jpg"]


# To whom, and of what.


async def test_a_server_that_marks_no_gallery_gives_nothing_away(page: RunningPage) -> None:
    for path in ("facts.json", "words.json", "people.json", "vectors", "looks", "embedder.onnx"):
        status, said = await page.get(f"/local/{path}")
        assert (status, json.loads(said)["error"]["code"]) == (403, "local_closed"), path


async def test_webassembly_is_allowed_on_that_one_page_and_in_its_worker_alone(page: RunningPage) -> None:
    for path, allowed in (
        ("/", False),
        ("/?local", True),
        ("/static/local/worker.js", True),
        ("/static/app.js", False),
    ):
        async with page.client.get(page.url + path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert ("'wasm-unsafe-eval'" in policy) is allowed, path
            assert "'unsafe-eval'" not in policy
            assert "unsafe-inline" not in policy


def app_of(gallery: Gallery, settings: Settings) -> App:
    """As much of an App as decides."""
    finder = Finder(ObedientReader(), gallery, builders.calibration())
    explainer = Explainer(cast("Any", None), gallery)
    return cast("App", SimpleNamespace(settings=settings, finder=finder, explainer=explainer))


@pytest.mark.weights
@pytest.mark.parametrize("name", CAME_ALONG)
def test_a_gallery_that_came_along_is_given_where_it_is_marked(name: str) -> None:
    settings = Settings(gallery=Path(name))
    gallery = Gallery.open(settings.gallery_path, embedder=None)
    assert public_people(app_of(gallery, settings), marked={name}) is gallery
    assert public_people(app_of(gallery, settings), marked=set(CAME_ALONG) - {name}) is None


@pytest.mark.weights
def test_one_s_own_gallery_is_never_given_whatever_it_says_of_itself(tmp_path: Path) -> None:
    shipped = Settings(gallery=Path("us-congress"))
    gallery = Gallery.open(shipped.gallery_path, embedder=None)
    copy = tmp_path / "us-congress"
    copy.mkdir()
    own = shipped.with_gallery(copy)
    assert public_people(app_of(gallery, own), marked=set(CAME_ALONG)) is None
    elsewhere = shipped.model_copy(update={"weights_dir": tmp_path})
    assert public_people(app_of(gallery, elsewhere), marked=set(CAME_ALONG)) is None
    url = type(shipped.gallery_url)("milvus://localhost")
    assert (
        public_people(app_of(gallery, shipped.model_copy(update={"gallery_url": url})), marked=set(CAME_ALONG)) is None
    )


# The tables of sentences.


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_tables_say_what_the_api_says_of_the_same_similarity(language: str) -> None:
    catalogues, calibration = Catalogues(), builders.calibration()
    finder = Finder(ObedientReader(), builders.EightPeople(), calibration)
    words = Words.of(catalogues, language, calibration)
    tables = word_tables(words, finder, [])
    scale = Scale(calibration, people=finder.gallery.people, source=finder.gallery.source)
    found = finder.nearest(Embedding(vector=builders.unit(1.0, 0.2), model=builders.MODEL))[0]
    for similarity in np.random.default_rng(1).uniform(-1, 1, 60).round(3).tolist():
        share = scale.share(similarity)
        match = BandedMatch(
            match=found.match, band=scale.band(similarity), stranger_share=share.value, bound=share.bound
        )
        answer = FaceAnswer(number=1, face=cast("Any", None), matches=(match,), own=not scale.measured)
        row = next(one for one in tables["near"] if similarity >= one["floor"])
        assert row["headline"] == words.headline(answer, people=finder.gallery.people)
        assert row["sentence"] == (words.sentence(answer) or None)
        assert row["word"] == words.likeness(match)
        pair = next(one for one in tables["pair"] if similarity >= one["floor"])
        assert pair["sentence"] == words.alike(similarity, calibration.pair.stranger_share(similarity))
    assert tables["similarities"][150] == words.similarity(0.5)


# onnxruntime-web.


def test_another_file_than_npm_s_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "FOLDER", tmp_path / "onnxruntime")
    wrong = tmp_path / runtime.TARBALL
    wrong.write_bytes(b"no tarball")
    assert runtime.main([str(wrong)]) == 1
    assert "SHA-512 differs" in capsys.readouterr().err
    assert runtime.main([str(tmp_path / "missing.tgz")]) == 1
    assert not runtime.FOLDER.exists()


def test_without_npm_a_sentence_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "FOLDER", tmp_path / "onnxruntime")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert runtime.main([]) == 1
    said = capsys.readouterr().err
    assert f"npm pack onnxruntime-web@{runtime.VERSION}" in said
    assert len(said.splitlines()) == 1


def test_both_files_come_out_of_the_package_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as package:
        for name in (runtime.SCRIPT, runtime.WASM, "other.js"):
            info = tarfile.TarInfo(f"package/dist/{name}")
            info.size = len(name)
            package.addfile(info, io.BytesIO(name.encode()))
    file = tmp_path / "made.tgz"
    file.write_bytes(packed.getvalue())
    monkeypatch.setattr(runtime, "FOLDER", tmp_path / "onnxruntime")
    monkeypatch.setattr(runtime, "SHA512", hashlib.sha512(packed.getvalue()).hexdigest())
    assert runtime.main([str(file)]) == 0
    assert runtime.is_there()
    assert sorted(one.name for one in runtime.FOLDER.iterdir()) == sorted((runtime.SCRIPT, runtime.WASM))
    assert runtime.main([]) == 0, "what is there is not fetched again"


# In a browser.


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    settings = {"GALLERIES": "celebrities,us-congress", "ENGINE_THREADS": "1"}
    with served(tmp_path, **settings) as where:
        yield where


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Of one test: while it is open its loop runs in this thread, and no other test's can."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(**launch_options())
        yield launched
        launched.close()


@pytest.mark.weights
@needs_chromium
@needs_runtime
def test_the_browser_answers_as_the_server_does_and_sends_nothing(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    words = tmp_path / "words.jpg"
    words.write_text("no picture at all")
    with opened(browser, address) as page:
        page.set_input_files("#photo-file", PHOTOS[0])
        eight = people(page)
        said = [page.inner_text(f"#photo-{one}") for one in ("title", "overline", "sentence")]
    with opened(browser, f"{address}/?local", locale="en-US") as page:
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.method) if request.post_data_buffer else None)
        page.set_input_files("#photo-file", PHOTOS[0])
        assert len(set(people(page)) & set(eight)) >= 7, "by an int8 detector ranks of equal likeness may swap"
        assert [page.inner_text(f"#photo-{one}") for one in ("title", "overline", "sentence")] == said
        page.context.set_offline(True)  # all that is needed has come
        page.click("#another")
        page.set_input_files("#photo-file", PHOTOS[1])
        assert len(people(page)) == 8
        page.context.set_offline(False)
        page.select_option("#language", "ru")
        page.wait_for_function("() => document.querySelector('#photo-status').innerText.startsWith('Найдено: 8')")
        page.select_option("#gallery", "US Congress")
        page.wait_for_function("() => !document.querySelector('#photo-people').innerText.includes('CelebA')")
        page.click("#another")
        page.set_input_files("#photo-file", words)
        page.wait_for_function("() => document.querySelector('#photo-status').classList.contains('bad')")
        page.click("#tab-compare")
        page.set_input_files("#a-file", PHOTOS[0])
        page.set_input_files("#b-file", PHOTOS[1])
        page.wait_for_selector("#compare-answer:not([hidden]) .dots")
        assert page.inner_text("#compare-sentence")
        assert sent == []
        found = local_agreement.compare(page, address, PHOTOS)
        for chosen in ("women", "men"):
            assert min(local_agreement.compare(page, address, PHOTOS[:1], people=chosen).shared) >= 7
    assert found.holds
    assert found.counts_differ == []


def test_the_weights_that_are_given_away_are_the_program_s_own() -> None:
    assert all((WEIGHTS / folder).is_dir() for folder, _source in CAME_ALONG.values())
