"""The JSON API over real HTTP: bytes in, documents out."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from lookalike.answers import BandedMatch, Caveat, FaceAnswer, Found
from lookalike.catalogues import Catalogues
from lookalike.cli.documents import answer_document
from lookalike.verdicts import headline, overline
from tests.lookalike import builders
from tests.web.conftest import RunningPage, StartPage
from web.words import Words


async def test_a_photo_is_answered_in_the_form_of_the_command_line(page: RunningPage) -> None:
    status, said = await page.post("/v1/match", b"faces=1")
    assert status == 200
    printed = answer_document("photo", page.jobs.galleries.first.finder.find(b"faces=1"), embeddings=False)
    (face,), (printed_face,) = said["faces"], printed["faces"]
    assert {key: face[key] for key in printed_face if key != "matches"} == {
        key: value for key, value in printed_face.items() if key != "matches"
    }
    for match, printed_match in zip(face["matches"], printed_face["matches"], strict=True):
        assert printed_match.items() <= match.items()
    assert len(face["matches"]) == 8
    assert {key: said[key] for key in ("path", "faces_left_out", "error")} == {
        key: printed[key] for key in ("path", "faces_left_out", "error")
    }


async def test_a_card_comes_with_the_face_it_was_asked_for(page: RunningPage) -> None:
    _status, said = await page.post("/v1/match?card=2&theme=dark&language=ru", b"faces=2")
    first, second = said["faces"]
    assert first["card"] is None
    assert Image.open(io.BytesIO(base64.b64decode(second["card"]))).format == "JPEG"
    assert page.painter.painted == ["card 2 from 1 dark мужчина"]


async def test_a_face_has_the_card_s_verdict_in_words(page: RunningPage) -> None:
    _status, said = await page.post("/v1/match", b"faces=1")
    (face,) = said["faces"]
    finder = page.jobs.galleries.first.finder
    answer = finder.find(b"faces=1")
    assert isinstance(answer, Found)
    people = finder.gallery.people
    assert face["headline"] == headline(answer.faces[0], people=people)
    assert face["overline"] == overline(answer.faces[0], people=people, several=False)
    assert face["caveat_sentences"] == []
    later = (await page.post("/v1/match?skip=8&language=ru", b"faces=1"))[1]["faces"][0]
    assert later["headline"] not in {"", face["headline"]}


async def test_why_is_said_of_the_face_it_was_asked_of(page: RunningPage) -> None:
    _status, said = await page.post("/v1/match?why=2", b"faces=2")
    first, second = said["faces"]
    assert first.get("why") is None
    assert (second["why"]["parts"], second["why"]["sentence"]) == ([], "It's in the face as a whole.")
    assert Image.open(io.BytesIO(base64.b64decode(second["why"]["card"]))).format == "JPEG"
    status, said = await page.post("/v1/match?why=3", b"faces=2")
    assert (status, said["error"]["code"]) == (422, "no_such_face")


def test_who_may_have_found_themself_reads_no_caveat() -> None:
    words = Words.of(Catalogues(), "en", builders.calibration())
    for similarity, said in ((0.99, 0), (0.1, 1)):
        band = builders.calibration().gallery.band(similarity)
        match = BandedMatch(
            match=builders.EightPeople().search(builders.unit(1.0, 0.2), model=builders.MODEL)[0],
            band=replace(band, key="same" if similarity > 0.9 else band.key),
            stranger_share=0.5,
        )
        answer = FaceAnswer(number=1, face=builders.face(None), matches=(match,), caveats=(Caveat.FEW_OF_THE_AGE,))
        assert len(words.caveats(answer)) == said


@pytest.mark.parametrize(
    ("path", "ranks", "numbers"),
    [("?skip=8", (9, 16), ("9", "16")), ("?people=women", (1, 8), ("2", "16")), ("?people=men", (1, 8), ("1", "15"))],
)
async def test_later_people_women_and_men_can_be_asked_for(
    page: RunningPage, path: str, ranks: tuple[int, int], numbers: tuple[str, str]
) -> None:
    _status, said = await page.post(f"/v1/match{path}", b"faces=1")
    matches = said["faces"][0]["matches"]
    assert (matches[0]["rank"], matches[-1]["rank"]) == ranks
    assert (matches[0]["person"], matches[-1]["person"]) == numbers


@pytest.mark.parametrize(
    ("photo", "code"),
    [
        (b"bad=broken", "broken"),
        (b"faces=0", "no_face"),
        (b"refused=blurred", "no_usable_face"),
        (b"bad=empty", "empty"),
    ],
)
async def test_a_photo_without_an_answer_has_the_command_line_s_code_and_words_in_both_languages(
    page: RunningPage, photo: bytes, code: str
) -> None:
    status, english = await page.post("/v1/match", photo)
    assert (status, english["error"]["code"]) == (422, code)
    _status, russian = await page.post("/v1/match", photo, **{"Accept-Language": "ru-RU,en;q=0.5"})
    assert russian["error"]["code"] == code
    assert russian["error"]["message"] != english["error"]["message"]


async def test_a_face_that_can_not_be_used_says_why_in_the_reader_s_language(page: RunningPage) -> None:
    status, said = await page.post("/v1/faces?language=ru", b"faces=1 refused=too_dark")
    assert status == 200
    usable, dark = said["faces"]
    assert (usable["number"], usable["reason"], dark["number"]) == (1, None, None)
    assert dark["reason"]["code"] == "too_dark"
    assert dark["reason"]["message"].startswith("Слишком темно")


async def test_vectors_and_straightened_faces_come_only_where_asked_for(page: RunningPage) -> None:
    _status, plain = await page.post("/v1/faces", b"faces=1")
    assert (plain["faces"][0]["embedding"], "crop" in plain["faces"][0]) == (None, False)
    _status, whole = await page.post("/v1/faces?embeddings=true&crops=true", b"faces=1")
    (face,) = whole["faces"]
    assert len(face["embedding"]) == 8
    assert Image.open(io.BytesIO(base64.b64decode(face["crop"]))).size == (112, 112)


async def test_a_vector_of_a_photo_finds_the_same_people_as_the_photo(page: RunningPage) -> None:
    _status, said = await page.post("/v1/match?embeddings=true", b"faces=1")
    (face,) = said["faces"]
    status, near = await page.post("/v1/near", json.dumps({"embedding": face["embedding"]}))
    assert status == 200
    assert near == {"matches": face["matches"], "sentence": face["sentence"]}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"embedding": [1, 2]}', "wrong_vector"),
        ('{"embedding": ["x"]}', "bad_request"),
        ("no json", "bad_request"),
        ('{"embedding": [1e999, 0, 0, 0, 0, 0, 0, 0]}', "wrong_vector"),
    ],
)
async def test_what_is_no_vector_of_this_embedder_is_told(page: RunningPage, body: str, code: str) -> None:
    status, said = await page.post("/v1/near", body)
    assert 400 <= status < 500
    assert said["error"]["code"] == code


async def test_two_photos_in_one_body_are_compared(page: RunningPage) -> None:
    a, b = b"faces=2", b"faces=1"
    path = f"/v1/compare?first_bytes={len(a)}&face_a=2&card=true"
    status, said = await page.post(path, a + b)
    assert (status, said["error"]) == (200, None)
    assert (said["face_a"], said["face_b"], said["usable_a"], said["usable_b"]) == (2, 1, 2, 1)
    assert said["similarity"] == pytest.approx(0.98, abs=0.01)
    assert page.painter.painted == ["compare 2 1 light"]
    status, said = await page.post(f"/v1/compare?first_bytes={len(a)}", a + b"faces=0")
    assert (status, said["which"], said["error"]["code"]) == (422, "b", "no_face")


async def test_a_face_that_is_not_there_is_told(page: RunningPage) -> None:
    for path in ("/v1/match?card=2", "/v1/compare?first_bytes=7&face_b=3"):
        status, said = await page.post(path, b"faces=1faces=1" if "compare" in path else b"faces=1")
        assert (status, said["error"]["code"]) == (422, "no_such_face")


async def test_galleries_are_listed_with_the_limits_and_chosen_by_name(page: RunningPage) -> None:
    _status, text = await page.get("/v1/galleries")
    said = json.loads(text)
    assert [one["name"] for one in said["galleries"]] == ["main", "family"]
    assert said["limits"]["max_photo_bytes"] == 1_000_000
    assert (await page.post("/v1/match?gallery=family", b"faces=1"))[0] == 200
    status, said = await page.post("/v1/match?gallery=nobody", b"faces=1")
    assert (status, said["error"]["code"]) == (404, "no_such_gallery")


async def test_with_a_key_photos_need_it_and_the_page_and_health_do_not(start_page: StartPage) -> None:
    page = await start_page(web_api_key="0123456789abcdef")
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        status, said = await page.post("/v1/match", b"faces=1", **headers)
        assert (status, said["error"]["code"]) == (401, "key_needed")
    assert page.reader.read_order == []
    assert (await page.post("/v1/match", b"faces=1", Authorization="Bearer 0123456789abcdef"))[0] == 200
    for path in ("/", "/healthz", "/static/app.js"):
        assert (await page.get(path))[0] == 200


async def test_one_photo_too_many_is_told_when_to_come_again(start_page: StartPage) -> None:
    page = await start_page(web_rate_burst=2, web_rate_per_minute=6)
    big = b"faces=1 " + b" " * 300_000  # no frame of a camera: photos and frames are counted apart
    assert [(await page.post("/v1/match", big))[0] for _ in range(3)] == [200, 200, 429]
    async with page.client.post(page.url + "/v1/match", data=big) as answer:
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
    assert (await page.post("/v1/faces", b"faces=1"))[0] == 200


async def test_a_full_line_answers_503_with_when_to_come_again(start_page: StartPage) -> None:
    page = await start_page(web_slots=1, web_queue_length=1, web_held_per_visitor=8)
    slow = [asyncio.create_task(page.post("/v1/match", b"faces=1 slow=0.5")) for _ in range(4)]
    answers = await asyncio.gather(*slow)
    assert sorted(status for status, _said in answers) == [200, 200, 503, 503]
    refused = next(said for status, said in answers if status == 503)
    assert refused["error"]["code"] == "busy"


async def test_one_visitor_can_not_hold_all_places(start_page: StartPage) -> None:
    page = await start_page(web_held_per_visitor=1)
    first = asyncio.create_task(page.post("/v1/match", b"faces=1 slow=0.5"))
    await asyncio.sleep(0.2)
    assert (await page.post("/v1/match", b"faces=1"))[0] == 429
    assert (await first)[0] == 200


async def test_visitors_behind_a_trusted_proxy_are_told_apart(start_page: StartPage) -> None:
    limits = {"web_rate_burst": 2, "web_rate_per_minute": 1}
    big = b"faces=1 " + b" " * 300_000
    for proxies, wanted in (("127.0.0.1", [200, 200, 200]), ("", [200, 200, 429])):
        page = await start_page(web_proxies=proxies, **limits)
        said = [await page.post("/v1/match", big, **{"X-Forwarded-For": f"10.0.0.{k}"}) for k in range(3)]
        assert [status for status, _said in said] == wanted


async def test_the_description_names_every_route_and_its_answers(page: RunningPage) -> None:
    _status, text = await page.get("/openapi.json")
    described = json.loads(text)
    assert set(described["paths"]) == {
        "/v1/galleries",
        "/v1/faces",
        "/v1/match",
        "/v1/compare",
        "/v1/near",
        "/v1/people",
    }
    match = described["paths"]["/v1/match"]["post"]
    assert match["requestBody"]["content"]["application/octet-stream"]["schema"]["format"] == "binary"
    assert {"200", "422", "413", "429", "503"} <= set(match["responses"])


async def test_health_and_metrics_tell_of_outcomes_and_of_nobody(page: RunningPage) -> None:
    await page.post("/v1/match", b"faces=1")
    await page.post("/v1/match", b"bad=broken")
    assert await page.get("/healthz") == (200, "ok\n")
    assert await page.get("/readyz") == (200, "ready\n")
    _status, metrics = await page.get("/metrics")
    assert 'lookalike_answers_total{outcome="card"} 1.0' in metrics
    assert 'lookalike_answers_total{outcome="unreadable:broken"} 1.0' in metrics
    assert "127.0.0.1" not in metrics
