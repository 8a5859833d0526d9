"""One photo, the same eight people in the same order, whichever way it is asked.

Python's answer is the measure: its cosines to 1e-4, or to the two digits that people are shown.
"""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lookalike
from bot.app import build_bot, build_dispatcher
from bot.serving.lifecycle import serve
from index.gallery import Gallery
from index.memory_store import MemoryStore
from index.search import PeopleSearch
from index.store import Attribute, Hit
from lookalike.answers import Found
from lookalike.app import open_looks
from lookalike.library import Lookalike
from lookalike.own_gallery import let_go, open_url, push_gallery
from lookalike.paths import ROOT, SAMPLES
from lookalike.serving.work_threads import FinderPool
from lookalike.settings import Settings
from lookalike.wording import isolated, person_line, similarity_text
from pipeline.types import Embedding
from tests.bot.conftest import bot_settings
from tests.index.exact_rows import ExactRows
from tests.telegram_peer import Person, TelegramPeer
from tests.web.chromium import launch_options, needs_chromium, opened, served

pytestmark = pytest.mark.weights
PHOTO = SAMPLES / "grace_hopper.jpg"
TOLERANCE = 1e-4
SHOWN = 0.0051  # half of the last digit that people are shown
HAS_MILVUS = find_spec("pymilvus") is not None and find_spec("milvus_lite") is not None


@dataclass(frozen=True)
class Eight:
    """What there is to compare with."""

    numbers: list[str]
    titles: list[str]
    cosines: list[float]
    embedding: Embedding
    lines: list[str]  # as chats have them: who, and the similarity


@pytest.fixture(scope="module")
def product() -> Iterator[Lookalike]:
    with lookalike.open(threads=1) as opened_once:
        yield opened_once


@pytest.fixture(scope="module")
def eight(product: Lookalike) -> Eight:
    answer = product.find(PHOTO)
    assert isinstance(answer, Found)
    (face,) = answer.faces
    assert face.face.embedding is not None
    return Eight(
        numbers=[match.person.number for match in face.matches],
        titles=[match.title for match in face.matches],
        cosines=[match.similarity for match in face.matches],
        embedding=face.face.embedding,
        lines=[f"{isolated(person_line(one.person))} {similarity_text(one.similarity)}" for one in face.matches],
    )


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("served"), ENGINE_THREADS="1") as where:
        yield where


def test_python_gives_eight_people_by_falling_likeness_but_for_the_asker_s_sex(eight: Eight) -> None:
    assert len(set(eight.numbers)) == 8
    assert eight.cosines[0] > eight.cosines[-1] > 0


def test_the_command_line_gives_the_same_eight(eight: Eight, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    done = subprocess.run(
        [sys.executable, "-m", "lookalike", "match", "--json", str(PHOTO)],
        cwd=tmp_path,
        env=kept | {"PYTHONPATH": str(ROOT), "ENGINE_THREADS": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    (photo,) = json.loads(done.stdout)["photos"]
    check_document(photo["faces"][0]["matches"], eight)


def test_the_api_gives_the_same_eight_to_a_photo_and_to_its_vector(eight: Eight, address: str) -> None:
    def asked(path: str, body: bytes) -> Any:
        request = urllib.request.Request(f"{address}/v1/{path}", data=body)  # noqa: S310 - of this machine
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - likewise
            return json.load(answer)

    (face,) = asked("match", PHOTO.read_bytes())["faces"]
    check_document(face["matches"], eight)
    vector = json.dumps({"embedding": eight.embedding.vector.tolist()}).encode()
    check_document(asked("near", vector)["matches"], eight)


@needs_chromium
def test_the_page_lists_the_same_eight(eight: Eight, address: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        with opened(browser, address) as page:
            page.set_input_files("#photo-file", PHOTO)
            page.wait_for_selector("#photo-people li .who")
            assert page.locator("#photo-people .who").all_inner_texts() == eight.titles
            shown = page.locator("#photo-people .likeness").all_inner_texts()
        browser.close()
    for said, cosine in zip(shown, eight.cosines, strict=True):
        assert float(re.findall(r"-?\d\.\d+", said)[0]) == pytest.approx(cosine, abs=SHOWN)


async def test_the_bot_names_the_same_eight_under_its_card(product: Lookalike, eight: Eight) -> None:
    app = product._app
    pool = FinderPool(app.finder, workers=1)
    async with TelegramPeer() as peer:
        settings = bot_settings("polling", peer.url)
        parts = build_dispatcher(pool, app.renderer, settings, album_quiet_s=0.1)
        stop = asyncio.Event()
        task = asyncio.create_task(serve(build_bot(settings), parts, settings, stop=stop))
        await peer.send_photo(Person(id=1, language="en"), PHOTO.read_bytes())
        _notice, card = await peer.until_sent(2, within_s=60)
        stop.set()
        await task
    pool.close()
    lines = html.unescape(re.sub(r"<[^>]+>", "\n", card.text)).splitlines()
    numbered = [line for line in lines if re.match(r"\d\. .* · [●○]{5} ", line)]
    said = [re.sub(r"^\d\. (.*) · [●○]{5} ", r"\1 ", line) for line in numbered]
    assert said == eight.lines


class Exact(MemoryStore):
    """A store that answers by every product, sorted."""

    def search(self, vector: NDArray[np.float32], *, count: int, attribute: Attribute | None = None) -> tuple[Hit, ...]:
        vectors = self.vectors()
        scores, rows = ExactRows(vectors).search(vector, count=count)
        return tuple(
            Hit(person=self.state.people[row], vector=vectors[row], similarity=float(score))
            for row, score in zip(rows, scores, strict=True)
        )


@pytest.mark.parametrize(
    "kind",
    [
        "every product sorted",
        "FAISS",
        pytest.param(
            "Milvus Lite",
            marks=pytest.mark.skipif(not HAS_MILVUS, reason="needs the extra: make test EXTRAS=milvus"),
        ),
    ],
)
def test_every_store_finds_the_same_eight(eight: Eight, kind: str, tmp_path: Path) -> None:
    settings = Settings()
    model = eight.embedding.model
    looks = open_looks(settings, embedder=model)
    gallery = Gallery.open(settings.gallery_path, embedder=model, looks=looks)
    asked: PeopleSearch = gallery
    if kind == "every product sorted":
        asked = PeopleSearch(Exact(gallery.store.state), looks=looks)
    if kind == "Milvus Lite":
        url = f"milvus://{tmp_path / 'people.db'}"
        assert push_gallery(gallery, url) == gallery.info.people
        asked = PeopleSearch(open_url(url, embedder=model), looks=looks)
    found = asked.search(eight.embedding.vector, model=model)
    let_go(asked.store)
    assert [match.person.number for match in found] == eight.numbers
    assert [match.similarity for match in found] == pytest.approx(eight.cosines, abs=TOLERANCE)


def check_document(matches: list[dict[str, Any]], eight: Eight) -> None:
    assert [match["person"] for match in matches] == eight.numbers
    assert [match["similarity"] for match in matches] == pytest.approx(eight.cosines, abs=TOLERANCE)
