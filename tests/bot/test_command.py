"""`lookalike bot`, `python -m bot`, `python -m bot.serving.health`: each entry point is run."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.bot.conftest import free_port, running_bot
from tests.telegram_peer import TOKEN, Person, TelegramPeer

NO_REDIS = "redis://127.0.0.1:1/0"
ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / "lookalike" / "sample" / "grace_hopper.jpg"


def environment(**more: str) -> dict[str, str]:
    """ONNX Runtime opens the networks in a third of the time; bots that serve have the shipped engine."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return kept | {"ENGINE_THREADS": "1", "ENGINE": "onnxruntime"} | more


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment(**more), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", [("-m", "lookalike", "bot"), ("-m", "bot")], ids=["lookalike bot", "python -m bot"])
def test_without_a_token_one_line_says_what_to_do(command: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.strip().splitlines() == [
        "lookalike: BOT_TOKEN is not set; get one from @BotFather and put BOT_TOKEN=... into .env"
    ]


def test_a_wrong_setting_is_one_line_and_exit_code_3() -> None:
    done = run("-m", "lookalike", "bot", BOT_TOKEN=TOKEN, QUEUE_SLOTS="0")
    assert (done.returncode, done.stdout) == (3, "")
    assert "QUEUE_SLOTS" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_address_without_a_scheme_is_one_line_without_it() -> None:
    done = run("-m", "lookalike", "bot", BOT_TOKEN=TOKEN, REDIS_URL="localhost:hunter2")
    assert (done.returncode, done.stdout) == (3, "")
    assert "REDIS_URL: must start with" in done.stderr
    assert "hunter2" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.weights
def test_stores_that_can_not_be_used_are_one_line_of_the_bot_and_a_line_each_of_its_check(tmp_path: Path) -> None:
    file = tmp_path / "people.db"
    file.write_bytes(b"no database " * 100)
    variables = {"BOT_TOKEN": TOKEN, "BOT_API_URL": "http://127.0.0.1:1", "SETTINGS_FILE": str(file)}
    done = run("-m", "bot", LOG_LEVEL="error", **variables)
    assert done.returncode == 3
    assert f"SETTINGS_FILE={file} is not a file of people's settings" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    checked = run("-m", "lookalike", "bot", "--check", REDIS_URL="redis://localhost?hunter2=1", **variables)
    assert checked.returncode == 3
    assert "wrong  settings file: SETTINGS_FILE=" in checked.stdout
    assert "wrong  Redis: REDIS_URL has a part that can't be read" in checked.stdout
    assert "wrong  Telegram: can't be reached" in checked.stdout
    assert "   ok  names on cards: " in checked.stdout
    assert "hunter2" not in checked.stdout
    assert all(line.startswith(("   ok  ", "wrong  ")) for line in checked.stdout.splitlines()), "no log lines between"
    assert checked.stderr == ""


@pytest.mark.weights
def test_a_token_telegram_does_not_know_is_one_line() -> None:
    async def unknown() -> tuple[int | None, str]:
        async with TelegramPeer() as peer:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", cwd=ROOT, stderr=asyncio.subprocess.PIPE,
                env=environment(
                    BOT_TOKEN="1234567:" + "A" * 35, BOT_API_URL=peer.url, LOG_LEVEL="error", ENGINE="openvino"
                ),
            )  # fmt: skip
            _, errors = await asyncio.wait_for(process.communicate(), 60)
            return process.returncode, errors.decode()

    code, errors = asyncio.run(unknown())
    assert code == 3
    assert "Telegram does not know BOT_TOKEN" in errors
    assert "A" * 35 not in errors


@pytest.mark.weights
async def test_check_says_what_is_wrong_in_one_screen() -> None:
    async with TelegramPeer() as peer:
        for token, code, words in ((TOKEN, 0, "@lookalike_bot"), ("1234567:" + "A" * 35, 3, "does not know BOT_TOKEN")):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "lookalike", "bot", "--check", cwd=ROOT, stdout=asyncio.subprocess.PIPE,
                env=environment(BOT_TOKEN=token, BOT_API_URL=peer.url, REDIS_URL=NO_REDIS if code else ""),
            )  # fmt: skip
            out, _ = await asyncio.wait_for(process.communicate(), 60)
            text = out.decode()
            assert process.returncode == code, text
            assert words in text
            assert ("wrong  Redis" in text) is bool(code)
            assert len(text.splitlines()) < 20
            assert token not in text


@pytest.mark.weights
async def test_the_shipped_bot_answers_a_photo_and_ends_by_sigterm() -> None:
    async with TelegramPeer() as peer:
        port = free_port()
        variables = environment(BOT_TOKEN=TOKEN, BOT_API_URL=peer.url, HEALTH_PORT=str(port), ENGINE="openvino")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", cwd=ROOT, env=variables, stderr=asyncio.subprocess.PIPE
        )
        await peer.send_photo(Person(id=1), SAMPLE.read_bytes())
        await peer.until_sent(2, within_s=60)
        health = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.serving.health", cwd=ROOT, env=variables
        )
        assert await asyncio.wait_for(health.wait(), 30) == 0
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, errors.decode()
        assert TOKEN not in errors.decode()
        gone = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot.serving.health", cwd=ROOT, env=variables)
        assert await asyncio.wait_for(gone.wait(), 30) == 1


async def test_health_ready_and_metrics_have_a_port_of_their_own() -> None:
    port = free_port()
    async with running_bot("polling", health_port=port) as bot, aiohttp.ClientSession() as session:
        bot.parts.jobs.told.first_time(bot.ann.id)
        await bot.peer.send_photo(bot.ann, b"faces=1")
        await bot.peer.until_sent(1)
        seen = {}
        for path in ("healthz", "readyz", "metrics"):
            async with session.get(f"http://127.0.0.1:{port}/{path}") as response:
                seen[path] = (response.status, await response.text())
        assert seen["healthz"] == (200, "ok\n")
        assert seen["readyz"] == (200, "ready\n")
        assert 'lookalike_answers_total{outcome="card"} 1' in seen["metrics"][1]
        assert re.search(rf"(?<!\d){bot.ann.id}(?!\d)", seen["metrics"][1]) is None
        bot.parts.intake.open = False
        async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
            assert response.status == 503
        bot.parts.intake.open = True
