"""A set-up that is broken is told: all of it, in words, with the right exit code, also while work hangs."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app import build_bot, build_dispatcher
from bot.main import SetupBroken, read_settings
from bot.serving.lifecycle import serve
from bot.stores import ExtraMissing, open_stores
from tests.bot.conftest import bot_settings, free_port
from tests.fakes import PlainPainter, fake_finder
from tests.telegram_peer import TOKEN

ROOT = Path(__file__).resolve().parent.parent.parent

# The bot with everything left out but its end: Telegram withdraws the token while a thread works on a photo.
ENDS_WHILE_WORK_HANGS = """
import sys, time
import bot.telegram.lazy_types
from bot import main
from lookalike.serving import leaving
from aiogram.exceptions import TelegramUnauthorizedError
from aiogram.methods import GetMe

class HangingPool:
    def __init__(self, *_arguments, **_options): pass
    def close(self): time.sleep(60)

class App:
    finder = None
    class settings: workers = 1

def build(_settings, *, lean):
    return App

async def serve(*_arguments):
    raise ERROR

main.Decoders, main.open_offered = lambda _limits: None, lambda _app: {}
leaving.POOL_CLOSE_S, main.FinderPool, main.build, main._serve = 0.1, HangingPool, build, serve
sys.exit(main.run())
"""


def run(*command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(ROOT), "ENGINE_THREADS": "1", "ENGINE": "onnxruntime"} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        ("TelegramUnauthorizedError(method=GetMe(), message='Unauthorized')", 3, "does not know BOT_TOKEN"),
        ("OSError(24, 'Too many open files')", 1, "Too many open files"),
    ],
    ids=["token withdrawn", "a fault"],
)
def test_the_reason_is_told_and_the_code_is_right_when_the_bot_ends_while_work_hangs(
    tmp_path: Path, error: str, code: int, words: str
) -> None:
    done = run("-c", ENDS_WHILE_WORK_HANGS.replace("ERROR", error), folder=tmp_path, BOT_TOKEN=TOKEN)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "port" not in done.stderr.replace("import", "")


def test_everything_wrong_in_env_is_told_at_once_and_settings_are_not_ok_besides(tmp_path: Path) -> None:
    wrong = "GALERY=/x\nCOMPOSE_FILE=x\nWORKERS=0\nCARD_THEME=pink\nQUEUE_SLOTS=0\nALLOWED_CHATS=@me,501\n"
    (tmp_path / ".env").write_text(f"BOT_TOKEN={TOKEN}\n{wrong}", encoding="utf-16")
    checked = run("-m", "bot", "--check", folder=tmp_path)
    assert checked.returncode == 3
    assert "wrong  settings: unknown in .env: GALERY (did you mean GALLERY?)" in checked.stdout
    assert " note  settings: unknown in .env: COMPOSE_FILE" in checked.stdout
    for name in ("WORKERS", "CARD_THEME", "QUEUE_SLOTS", "ALLOWED_CHATS: '@me' is no id"):
        assert f"wrong  settings: {name}" in checked.stdout
    assert "ok  settings" not in checked.stdout


def test_an_env_file_that_is_no_text_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfeB\0O")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SetupBroken) as caught:
        read_settings()
    (sentence,) = caught.value.sentences
    assert sentence.startswith(".env can't be read")


@pytest.mark.weights
def test_pictures_that_are_not_the_gallerys_are_wrong_and_counts_have_separators(tmp_path: Path) -> None:
    done = run(
        "-m", "bot", "--check", folder=tmp_path,
        BOT_TOKEN=TOKEN, BOT_API_URL="http://127.0.0.1:1", GALLERY_IMAGES=str(tmp_path),
    )  # fmt: skip
    assert "ok  weights and gallery: 9,304 people" in done.stdout
    assert f"wrong  pictures of the gallery: GALLERY_IMAGES={tmp_path} has no picture" in done.stdout


def test_python_m_bot_has_a_help() -> None:
    done = run("-m", "bot", "--help", folder=ROOT)
    assert done.returncode == 0
    assert "--check" in done.stdout


def test_the_health_check_says_when_it_has_nothing_to_ask(tmp_path: Path) -> None:
    done = run("-m", "bot.serving.health", folder=tmp_path)
    assert done.returncode == 0
    assert "HEALTH_PORT is not set" in done.stdout


def test_only_a_missing_redis_client_is_called_a_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = bot_settings("polling", "http://127.0.0.1:1", redis_url="redis://127.0.0.1:1/0")
    monkeypatch.delitem(sys.modules, "bot.stores.redis", raising=False)
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ExtraMissing, match=r"REDIS_URL is set and the extra is missing"):
        open_stores(settings)
    monkeypatch.setitem(sys.modules, "bot.stores.memory", None)
    monkeypatch.delitem(sys.modules, "redis.asyncio")
    with pytest.raises(ModuleNotFoundError, match="memory"):
        open_stores(settings)


async def test_without_a_network_one_line_says_what_is_waited_for(
    log_text: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.serving.lifecycle.AGAIN_S", 0.05)
    settings = bot_settings("polling", f"http://127.0.0.1:{free_port()}")
    stop = asyncio.Event()
    pool = fake_finder()
    parts = build_dispatcher(pool, PlainPainter(), settings)
    serving = asyncio.create_task(serve(build_bot(settings), parts, settings, stop=stop))
    await asyncio.sleep(0.5)
    stop.set()
    await serving
    pool.close()
    lines = [line for line in log_text.getvalue().splitlines() if "warning" in line]
    assert len(lines) == 1
    assert "Telegram is not reached" in lines[0]
