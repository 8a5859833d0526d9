"""The page in a real browser, headless: photo, comparison, fake webcam, both languages. Shipped networks.

Needs a Chromium of the system (Debian's package `chromium`); without one these are skipped, and say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from lookalike.paths import SAMPLES
from tests.web.chromium import launch_options, needs_chromium, opened, people, served
from tests.web.webcam import webcam

HOPPER, ASTRONAUT = SAMPLES / "grace_hopper.jpg", SAMPLES / "astronaut.jpg"

pytestmark = [pytest.mark.weights, needs_chromium]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("served")) as where:
        yield where


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    film = webcam(tmp_path_factory.mktemp("webcam") / "film.mjpeg", HOPPER)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(**launch_options(film))
        yield launched
        launched.close()


def test_a_dropped_photo_gets_eight_people_a_card_and_its_stages(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        transfer = page.evaluate_handle(
            """async () => {
                const photo = await (await fetch('/sample.jpg')).blob();
                const transfer = new DataTransfer();
                transfer.items.add(new File([photo], 'me.jpg', {type: 'image/jpeg'}));
                return transfer;
            }"""
        )
        page.dispatch_event("#photo-drop", "drop", {"dataTransfer": transfer})
        assert len(people(page)) == 8
        page.wait_for_selector("#photo-card img")
        assert page.evaluate("document.querySelector('#photo-card img').naturalWidth") == 1080
        assert page.locator("#photo-status").inner_text().startswith("Found 8")
        page.click("#stages summary")
        assert page.locator("#steps figure").count() == 5
        page.click("#why-ask")
        page.wait_for_selector("#why-card img")
        assert page.locator("#photo-status").inner_text().startswith("It's in the ")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").first.click()
        with Image.open(download.value.path()) as card:
            assert (card.format, card.width) == ("JPEG", 1080)
        first = people(page)
        page.click("#next")
        page.wait_for_function(
            "first => document.querySelector('#photo-people .who').innerText !== first", arg=first[0]
        )
        assert set(people(page)).isdisjoint(first)


def test_a_pasted_photo_is_answered_in_russian_on_a_small_dark_screen(browser: Browser, address: str) -> None:
    with opened(browser, address, locale="ru-RU", color_scheme="dark", viewport={"width": 360, "height": 740}) as page:
        page.evaluate(
            """async () => {
                const photo = await (await fetch('/sample.jpg')).blob();
                const transfer = new DataTransfer();
                transfer.items.add(new File([photo], 'me.jpg', {type: 'image/jpeg'}));
                document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: transfer}));
            }"""
        )
        assert len(people(page)) == 8
        assert page.get_attribute("html", "lang") == "ru"
        assert page.locator("#photo-status").inner_text().startswith("Найдено: 8")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        page.select_option("#language", "en")
        page.wait_for_function("() => document.querySelector('#photo-status').innerText.startsWith('Found 8')")


def test_two_photos_are_compared_by_keyboard(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        page.focus("#tab-photo")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == "tab-compare"
        page.set_input_files("#a-file", HOPPER)
        page.set_input_files("#b-file", ASTRONAUT)
        page.wait_for_selector("#compare-card img")
        assert re.search(r"-?[\d.]+, ", page.locator("#compare-verdict").inner_text())
        assert page.locator("#compare-sentence").inner_text()


def test_what_can_not_be_answered_is_told_in_a_sentence(browser: Browser, address: str, tmp_path: Path) -> None:
    words, wall, huge, heavy = (tmp_path / name for name in ("words.jpg", "wall.png", "huge.png", "heavy.jpg"))
    words.write_text("no picture at all")
    Image.new("RGB", (400, 300), (200, 190, 170)).save(wall)
    Image.new("1", (9000, 6000)).save(huge)
    heavy.write_bytes(HOPPER.read_bytes() + bytes(20_000_001))
    told = [
        (words, "not a picture"),
        (wall, "No face was found"),
        (huge, "too many pixels"),
        (heavy, "too large: up to 20 MB"),
    ]
    with opened(browser, address) as page:
        for file, said in told:
            page.set_input_files("#photo-file", file)
            page.wait_for_function("said => document.querySelector('#photo-status').innerText.includes(said)", arg=said)
            assert page.locator("#photo-card img").count() == 0


def test_an_upload_that_breaks_off_is_told_and_the_next_one_is_answered(browser: Browser, address: str) -> None:
    with opened(browser, address, may_fail="ERR_CONNECTION_RESET") as page:
        page.route("**/v1/match*", lambda route: route.abort("connectionreset"), times=1)
        page.set_input_files("#photo-file", HOPPER)
        page.wait_for_function("() => document.querySelector('#photo-status').innerText.includes('be reached')")
        page.click("#another")
        page.set_input_files("#photo-file", HOPPER)
        assert len(people(page)) == 8


def test_the_camera_answers_live_and_its_picture_can_be_taken(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        page.set_input_files("#photo-file", HOPPER)
        of_the_photo = people(page)
        page.click("#tab-camera")
        page.click("#camera-start")
        live = people(page, "#live-people")
        assert len(live) == 8
        assert len(set(live) & set(of_the_photo)) >= 4, "a film of the same portrait"
        page.wait_for_selector("#live-speed[data-rate]")
        marked = (
            "() => document.querySelector('#marks').getContext('2d').getImageData(0, 0, 640, 480).data.some(v => v > 0)"
        )
        page.wait_for_function(marked)
        page.click("#camera-take")
        page.wait_for_selector("#photo-card img")
        assert page.evaluate("document.querySelector('#video').srcObject") is None


def test_faces_beyond_the_most_that_are_read_are_told(browser: Browser, address: str, tmp_path: Path) -> None:
    with Image.open(HOPPER) as whole:
        head = whole.convert("RGB").crop((100, 0, 420, 400)).resize((128, 160))
    sheet = Image.new("RGB", (10 * 128, 7 * 160))
    for k in range(70):
        sheet.paste(head, (k % 10 * 128, k // 10 * 160))
    sheet.save(tmp_path / "sheet.jpg", quality=92)
    with opened(browser, address) as page:
        page.set_input_files("#photo-file", tmp_path / "sheet.jpg")
        page.wait_for_selector("#refused p")
        assert page.locator("#faces button").count() == 64
        assert page.locator("#refused").inner_text() == "Smaller faces left out: 6"
