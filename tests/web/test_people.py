"""People join and leave a gallery of one's own over real HTTP."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np

from index.faiss_rows import FaissRows
from index.memory_store import LocalPeople, MemoryStore
from index.types import GalleryInfo
from tests.lookalike import builders
from tests.web.conftest import RunningPage, StartPage
from web.galleries import FIRST

KEY = "k" * 20
SIGNED = {"Authorization": f"Bearer {KEY}"}


def own_gallery(page: RunningPage) -> MemoryStore:
    """Makes `family` one's own, with one person in it."""
    vector = builders.unit(0, 1)
    info = GalleryInfo(
        people=1, pictures=3, embedder=builders.MODEL, dimension=8, vector_kind="mean", source="", created=""
    )
    store = MemoryStore(LocalPeople(info, (builders.person("Bea", name="Bea"),), FaissRows.of(vector[None])))
    galleries = page.jobs.galleries.by_name
    galleries["family"] = replace(galleries["family"], own=store)
    return store


async def ask(page: RunningPage, method: str, query: str, data: bytes | io.BytesIO = b"") -> tuple[int, dict[str, Any]]:
    async with page.client.request(method, f"{page.url}/v1/people?{query}", data=data, headers=SIGNED) as answer:
        return answer.status, await answer.json()


async def test_somebody_joins_by_a_photo_is_listed_and_leaves(start_page: StartPage) -> None:
    page = await start_page(web_api_key=KEY)
    store = own_gallery(page)
    status, said = await ask(page, "POST", "gallery=family&name=Ann_Lee", b"faces=1")
    assert (status, said) == (201, {"person": "Ann_Lee", "name": "Ann Lee", "pictures": 1})
    assert [one["person"] for one in (await ask(page, "GET", "gallery=family"))[1]["people"]] == ["Ann_Lee", "Bea"]
    assert store.state.people[0].image == ""
    status, said = await ask(page, "POST", "gallery=family&name=Ann_Lee", b"faces=1")
    assert (status, said["error"]["code"]) == (409, "person_is_there")
    assert (await ask(page, "POST", "gallery=family&name=Ann_Lee&replace=true", b"faces=1"))[0] == 201
    assert (await ask(page, "DELETE", "gallery=family&person=Ann_Lee"))[0] == 200
    status, said = await ask(page, "DELETE", "gallery=family&person=Ann_Lee")
    assert (status, said["error"]["code"]) == (404, "no_such_person")
    status, said = await ask(page, "DELETE", "gallery=family&person=Bea")
    assert (status, said["error"]["code"]) == (409, "last_person")


async def test_somebody_leaves_by_the_spelling_that_joined(start_page: StartPage) -> None:
    page = await start_page(web_api_key=KEY)
    own_gallery(page)
    written = "Rene%CC%81e"  # the accent as a character of its own, as macOS writes it
    assert (await ask(page, "POST", f"gallery=family&name={written}", b"faces=1"))[1]["person"] == "Renée"
    assert (await ask(page, "DELETE", f"gallery=family&person={written}"))[0] == 200


async def test_who_joins_is_kept_by_the_vector_that_is_made_to_be_kept(start_page: StartPage) -> None:
    page = await start_page(web_api_key=KEY, kept_vector=lambda _photo, _face: builders.unit(7, 2))
    store = own_gallery(page)
    assert (await ask(page, "POST", "gallery=family&name=Ann", b"faces=1"))[0] == 201
    np.testing.assert_allclose(store.state.rows.rows(np.array([0])), builders.unit(7, 2)[None], atol=1e-3)


async def test_a_photo_without_exactly_one_face_adds_nobody(start_page: StartPage) -> None:
    page = await start_page(web_api_key=KEY)
    store = own_gallery(page)
    for photo in (b"faces=0", b"faces=2", b"bad=broken"):
        status, said = await ask(page, "POST", "gallery=family&name=Ann", photo)
        assert (status, said["error"]["code"]) == (422, "no_one_face")
    status, said = await ask(page, "POST", "gallery=family&name=Ann", io.BytesIO(b"x" * 1_100_000))
    assert (status, said["error"]["code"]) == (413, "too_many_bytes")
    assert store.count() == 1


async def test_without_the_key_and_in_a_gallery_that_came_along_nobody_joins(start_page: StartPage) -> None:
    page = await start_page(web_api_key=KEY)
    own_gallery(page)
    assert (await page.post("/v1/people?gallery=family&name=Ann", b"faces=1"))[0] == 401
    status, said = await ask(page, "POST", f"gallery={FIRST}&name=Ann", b"faces=1")
    assert (status, said["error"]["code"]) == (403, "not_your_gallery")


async def test_where_no_key_is_set_nobody_joins(page: RunningPage) -> None:
    own_gallery(page)
    for method in ("GET", "POST", "DELETE"):
        status, said = await ask(page, method, "gallery=family&name=Ann&person=Ann", b"faces=1" * (method == "POST"))
        assert (status, said["error"]["code"]) == (403, "people_closed")
