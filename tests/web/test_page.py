"""The page's files: texts on both sides, nothing from elsewhere, the command and its set-up."""

from __future__ import annotations

import json
import os
import posixpath
import re
import resource
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from lookalike.catalogues import LANGUAGES, Catalogues
from lookalike.paths import ROOT
from tests.web.conftest import RunningPage
from web.page import STATIC, served_files
from web.refusals import REFUSALS
from web.texts import TEXTS

FILES = {
    path.relative_to(STATIC).as_posix(): path.read_text("utf-8")
    for path in served_files()
    if path.suffix in {".html", ".js", ".css"}
}


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return kept | {"PYTHONPATH": str(ROOT), "ENGINE_THREADS": "1"} | more


def test_every_text_that_the_page_asks_for_is_there_and_no_other() -> None:
    asked = set()
    for text in FILES.values():
        asked |= set(re.findall(r'data-(?:text|label)="(\w+)"', text)) | set(re.findall(r'\bt\("(\w+)"', text))
    steps = set(re.findall(r'"(stage_\w+)"', FILES["stages.js"]))
    asked |= steps | {f"{step}_text" for step in steps}
    asked |= set(re.findall(r'"(camera_\w+)"', FILES["camera.js"]))
    assert asked == set(TEXTS)


def test_the_english_in_the_page_is_that_of_the_texts() -> None:
    for name, said in re.findall(r'data-text="(\w+)"[^>]*>([^<]+)<', FILES["index.html"]):
        assert TEXTS[name].startswith(said.rstrip(".")), name


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_every_text_and_refusal_is_translated_with_the_same_facts(language: str) -> None:
    translate = Catalogues().translate(language)
    for text in [*TEXTS.values(), *(sentence for _status, sentence in REFUSALS.values())]:
        said = translate(text)
        assert set(re.findall(r"{(\w+)", said)) == set(re.findall(r"{(\w+)", text))
        assert said != text or not re.search(r"[a-z]{3}", re.sub(r"{\w+}|Lookalike", "", text)), text


def test_nothing_comes_from_elsewhere_and_nothing_is_inline() -> None:
    for name, text in FILES.items():
        assert "https://" not in text, name
        assert not re.findall(r"http://(?!www\.w3\.org/2000/svg)", text), name
        assert "innerHTML" not in text, name
    assert not re.findall(r"\son\w+=|<style|\sstyle=|<script>", FILES["index.html"])


async def test_every_file_that_the_page_names_is_served(page: RunningPage) -> None:
    named = set(re.findall(r'(?:href|src)="(/[^"]+)"', FILES["index.html"]))
    for name, text in FILES.items():
        folder = PurePosixPath("/static", name).parent
        imported = re.findall(r'(?:from |import\()"(\.[\w./]+)"', text)
        named |= {posixpath.normpath(folder / one) for one in imported}
    assert "/static/local/local.js" in named
    for path in [*sorted(named), "/", "/sample.jpg"]:
        assert (await page.client.get(page.url + path)).status == 200, path


async def test_texts_come_in_the_nearest_language(page: RunningPage) -> None:
    for asked, language in (("ru-RU", "ru"), ("de", "en"), ("", "en")):
        said = json.loads((await page.get(f"/texts.json?language={asked}"))[1])
        assert (said["language"], set(said["texts"])) == (language, set(TEXTS))


@contextmanager
def no_file_written() -> Iterator[None]:
    """Processes that start meanwhile can't write to files."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contrast(one: str, other: str) -> float:
    """WCAG 2's ratio of two colours "#rrggbb"."""

    def luminance(color: str) -> float:
        parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_text_meets_aa_on_its_ground_in_both_looks() -> None:
    blocks = [
        dict(re.findall(r"--([\w-]+): (#\w{6})", block))
        for block in re.findall(r"{([^{}]*--ink:[^{}]*)}", FILES["style.css"])
    ]
    assert len(blocks) == 3
    assert blocks[1] == blocks[2], "dark by choice and by the device are one"
    for colors in blocks:
        for text in ("ink", "quiet", "accent", "bad"):
            for ground in ("ground", "panel", "soft"):
                assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
        assert contrast(colors["on-accent"], colors["accent"]) >= 4.5


def test_without_the_extra_one_sentence_says_how_to_install_it() -> None:
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('fastapi', 'uvicorn')))\n"
        "from web.main import run\n"
        "sys.exit(run(port=0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert "-r " in done.stderr
    assert "web.txt" in done.stderr


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"WEB_API_KEY": "short"}, "WEB_API_KEY: must be 16 to 256"),
        ({"WEB_GALLERIES": "family=/srv"}, "WEB_GALLERIES: this setting is called GALLERIES now"),
        ({"WEB_PROXIES": "nginx"}, "WEB_PROXIES: 'nginx' is no address"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_one_line_and_exit_code_3(setting: dict[str, str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "web"], cwd=ROOT, env=environment(**setting), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "lookalike", "web", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "can't be listened on" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.weights
def test_the_command_answers_while_no_byte_may_reach_a_file_and_ends_at_a_signal(tmp_path: Path) -> None:
    """The kernel refuses the server, and its decoders, every write to a file: RLIMIT_FSIZE is 0. Pipes stay open."""
    command = [sys.executable, "-m", "lookalike", "web", "--port", "0"]
    with no_file_written():
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment(TMPDIR=str(tmp_path), PYTHONDONTWRITEBYTECODE="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.findall(r"http://127\.0\.0\.1:\d+", line)[0]
        photo = (ROOT / "lookalike" / "sample" / "grace_hopper.jpg").read_bytes()
        asked = urllib.request.Request(f"{address}/v1/match?card=1", data=photo)  # noqa: S310 - of this machine
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - likewise
            (face,) = json.load(answer)["faces"]
        assert len(face["matches"]) == 8
        assert len(face["card"]) > 50_000
        large = photo + b"\0" * 3_000_000  # forms of that size go through a file
        asked = urllib.request.Request(f"{address}/v1/match?why=1", data=large)  # noqa: S310 - of this machine
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - likewise
            assert json.load(answer)["faces"][0]["why"]["sentence"].startswith("It's in the ")
    finally:
        process.send_signal(signal.SIGTERM)
        _out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert list(tmp_path.iterdir()) == []
