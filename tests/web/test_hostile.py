"""What nobody should send, over real HTTP: each ends in one clear answer, and the next photo is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import web.server
from lookalike.paths import SAMPLES
from lookalike.serving.decoders import Decoders
from pipeline.decoding_bounds import PhotoLimits
from tests.hostile_pictures import flat_png, jpeg_of_scans
from tests.web.conftest import RunningPage, StartPage


async def still_answers(page: RunningPage) -> bool:
    return (await page.post("/v1/match", b"faces=1"))[0] == 200


def request(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join(("POST /v1/match HTTP/1.1", "Host: 127.0.0.1", *lines, "", "")).encode() + body


async def test_what_is_no_usable_picture_gets_its_code(start_page: StartPage) -> None:
    page = await start_page(decoders=Decoders(PhotoLimits(max_bytes=1_000_000, max_pixels=2_000_000)))
    portrait = (SAMPLES / "grace_hopper.jpg").read_bytes()
    photos = {
        "text": b"just some words, no picture at all\n" * 20,
        "nothing": b"",
        "huge": flat_png(3000),
        "many scans": jpeg_of_scans(60),
        "cut short": portrait[:20_000],
        "empty gif": b"GIF89a" + bytes(100),
        "a portrait": portrait,
    }
    said = {name: await page.post("/v1/match", data) for name, data in photos.items()}
    assert {name: (status, (one["error"] or {}).get("code")) for name, (status, one) in said.items()} == {
        "text": (422, "not_a_picture"),
        "nothing": (422, "empty"),
        "huge": (422, "too_many_pixels"),
        "many scans": (422, "too_many_pixels"),
        "cut short": (422, "broken"),
        "empty gif": (422, "broken"),
        "a portrait": (200, None),
    }


async def test_forty_faces_are_answered_each_with_its_number(page: RunningPage) -> None:
    status, said = await page.post("/v1/match?card=40", b"faces=40")
    assert status == 200
    assert [face["number"] for face in said["faces"]] == list(range(1, 41))
    assert [face["number"] for face in said["faces"] if face["card"]] == [40]


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(page: RunningPage) -> None:
    answer = await page.raw(request("Content-Length: 1000001"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"too_many_bytes"' in answer
    assert page.reader.read_order == []


async def test_a_body_in_chunks_is_refused_where_it_passes_the_limit(page: RunningPage) -> None:
    chunk = b"%x\r\n%b\r\n" % (600_000, b" " * 600_000)
    answer = await page.raw(request("Transfer-Encoding: chunked", body=chunk * 2))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert page.reader.read_order == []
    assert await still_answers(page)


async def test_a_body_shorter_than_it_says_is_never_looked_at(page: RunningPage) -> None:
    await page.raw(request("Content-Length: 100", body=b"faces=1"), end=True)
    assert page.reader.read_order == []
    assert page.jobs.memory.free_bytes == 256_000_000
    assert await still_answers(page)


async def test_a_body_longer_than_it_says_is_cut_there(page: RunningPage) -> None:
    answer = await page.raw(request("Content-Length: 7", body=b"faces=1" + b"and more"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert page.reader.read_order == [b"faces=1"]
    assert await still_answers(page)


@pytest.mark.parametrize("length", ["-1", "12abc", "1e3", "99999999999999999999999999"])
async def test_a_length_that_is_none_is_refused(page: RunningPage, length: str) -> None:
    answer = await page.raw(request(f"Content-Length: {length}", body=b"faces=1"), end=True)
    assert answer.split(b" ")[1] in {b"400", b"413"}
    assert page.reader.read_order == []


async def test_an_upload_that_takes_too_long_is_broken_off(start_page: StartPage) -> None:
    page = await start_page(web_upload_s=0.3)
    answer = await page.raw(request("Content-Length: 100", body=b"faces=1"))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert page.reader.read_order == []
    assert await still_answers(page)


async def test_a_header_that_does_not_end_in_time_closes_the_connection(
    start_page: StartPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.server, "HEADER_S", 0.3)
    page = await start_page()
    assert await page.raw(b"POST /v1/match HTTP/1.1\r\nHost: x\r\nX-Slow:") == b""
    kept = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    assert (await page.raw(kept + b"GET /heal")).count(b"HTTP/1.1 200") == 1
    assert await still_answers(page)


async def test_uploads_at_once_take_no_more_memory_than_they_may(start_page: StartPage) -> None:
    page = await start_page(web_upload_memory_mb=50, photo_mb=20, web_held_per_visitor=100)
    opened = [await asyncio.open_connection("127.0.0.1", page.port) for _ in range(4)]
    for _reader, writer in opened:
        writer.write(request("Content-Length: 20000000"))
    reader = await asyncio.wait_for(anext(_answered(opened)), 5)
    assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
    for _reader, writer in opened:
        writer.close()
    for _ in range(50):
        await asyncio.sleep(0.02)
        if page.jobs.memory.free_bytes == 50_000_000:
            break
    assert page.jobs.memory.free_bytes == 50_000_000


async def _answered(
    opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
) -> AsyncIterator[asyncio.StreamReader]:
    while True:
        for reader, _writer in opened:
            if reader._buffer:  # type: ignore[attr-defined]
                yield reader
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=["origin", "no origin", "fetch"],
)
async def test_another_site_s_page_is_not_answered(page: RunningPage, headers: dict[str, str]) -> None:
    status, said = await page.post("/v1/match", b"faces=1", **headers)
    assert (status, said["error"]["code"]) == (403, "other_origin")
    assert page.reader.read_order == []
    assert (await page.post("/v1/match", b"faces=1", Origin=page.url))[0] == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/nothing", 404),
        ("/static/../settings.py", 404),
        ("/static/%2e%2e/settings.py", 404),
        ("/v1/match", 405),
        ("/docs", 404),
    ],
)
async def test_what_is_not_there_is_told_without_an_echo(page: RunningPage, path: str, status: int) -> None:
    got, text = await page.get(path + "?name=Somebody")
    assert got == status
    assert "Somebody" not in text
    assert "settings" not in text


@pytest.mark.parametrize("query", ["?skip=-1", "?skip=x", "?people=nobody", "?card=0", "?theme=pink"])
async def test_a_query_that_can_not_be_understood_is_one_sentence(page: RunningPage, query: str) -> None:
    status, said = await page.post(f"/v1/match{query}", b"faces=1")
    assert (status, said["error"]["code"]) == (400, "bad_request")
    assert list(said) == ["error"]


async def test_a_fault_of_ours_is_a_sentence_and_not_a_traceback(page: RunningPage) -> None:
    status, said = await page.post("/v1/match", b"boom")
    assert (status, said["error"]["code"]) == (500, "failed")
    assert "Traceback" not in str(said)
    status, said = await page.post("/v1/match", b"memory")
    assert (status, said["error"]["code"]) == (503, "took_too_long")
    assert await still_answers(page)
