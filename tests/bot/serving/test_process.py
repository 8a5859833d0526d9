"""The bot as it is started, with the shipped networks: what it writes, what it keeps, and how much memory it takes."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from bot.telegram.lazy_types import LAZY
from tests.bot.load import bot_process
from tests.bot.memory import memory_mb
from tests.telegram_peer import Person, TelegramPeer

ROOT = Path(__file__).resolve().parent.parent.parent.parent
SAMPLE = ROOT / "lookalike" / "sample"
MEMORY_LIMIT_MB = 500
# Of the libraries' files, as much as the bot uses. Not measured: the kernel maps them in larger pieces right after they
# were installed (up to 180 MB of the same files, on each Python alike), and takes them back when memory is short.
LIBRARIES_MB = 100
ANN = Person(id=1)


async def tour(peer: TelegramPeer) -> None:
    """A card, its explanation, a comparison, a page of help, a photo without a face."""
    hopper, astronaut = ((SAMPLE / f"{name}.jpg").read_bytes() for name in ("grace_hopper", "astronaut"))
    await peer.send_photo(ANN, hopper)
    await peer.until_sent(2, within_s=90)
    await peer.press(ANN, peer.last_message(ANN.id), "Why these?")
    await peer.until_sent(3, within_s=30)
    await peer.send_photo(ANN, hopper, group="g", caption="/compare")
    await peer.send_photo(ANN, astronaut, group="g")
    await peer.until_sent(4, within_s=30)
    await peer.say(ANN, "/help")
    await peer.until_sent(5, within_s=30)
    await peer.send_document(ANN, b"\x89PNG no", name="me.png", mime="image/png")
    await peer.until_sent(6, within_s=30)


@pytest.mark.weights
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
async def test_no_byte_reaches_a_file_and_memory_stays_under_500_mb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kernel refuses the process every write to a file, by whatever library: RLIMIT_FSIZE is 0. Pipes stay open."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with TelegramPeer() as peer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            process = bot_process(peer, mode="polling", fake=False, PYTHONDONTWRITEBYTECODE="1")
            pid = await process.__aenter__()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        limits = limits_of(pid)
        await tour(peer)
        await asyncio.sleep(2.5)  # idle by then: the shapes of group photos are compiled, memory has its final size
        await tour_again(peer)
        own, libraries = memory_mb(pid, "RssAnon"), memory_mb(pid, "RssFile")
        await process.__aexit__(None, None, None)
        assert peer.violations == []
    assert "Max file size             0 " in limits
    assert files_in(tmp_path) == []
    with capsys.disabled():
        sys.stdout.write(f"\nmemory of the bot after a tour: {own:.0f} MB, libraries {libraries:.0f} MB\n")
    assert 100 < own < MEMORY_LIMIT_MB - LIBRARIES_MB
    assert libraries < 2 * LIBRARIES_MB, "a large library has come"


def limits_of(process: int) -> str:
    return Path(f"/proc/{process}/limits").read_text(encoding="ascii")


def files_in(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*")]


async def tour_again(peer: TelegramPeer) -> None:
    sent = len(peer.sent())
    for number in range(1, 6):
        await peer.send_photo(ANN, (SAMPLE / "astronaut.jpg").read_bytes())
        await peer.until_sent(sent + number, within_s=30)


def test_types_of_aiogram_are_built_when_they_are_used_and_all_of_them_can_be() -> None:
    assert LAZY or "teremok" in sys.modules, "something of aiogram was imported before"
    code = (
        "import bot.telegram.lazy_types as lazy\n"
        "assert lazy.LAZY\n"
        "import aiogram.types as types, aiogram.methods as methods\n"
        "from pydantic import BaseModel\n"
        "found = [getattr(m, n) for m in (types, methods) for n in m.__all__]\n"
        "models = [one for one in found if isinstance(one, type) and issubclass(one, BaseModel)]\n"
        "unbuilt = sum(not one.__pydantic_complete__ for one in models)\n"
        "update = types.Update.model_validate({'update_id': 1, 'message': {'message_id': 1, 'date': 1,\n"
        "    'chat': {'id': 1, 'type': 'private'}, 'photo': [{'file_id': 'f', 'file_unique_id': 'u',\n"
        "    'width': 1, 'height': 1}]}})\n"
        "assert type(update.message.photo[0]) is types.PhotoSize\n"
        "assert all(one.model_rebuild() is not False for one in models)\n"
        "print(len(models), unbuilt)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    models, unbuilt = map(int, done.stdout.split())
    assert models > 300
    assert unbuilt > models / 2, "aiogram builds its types in another way by now: look at bot/telegram/lazy_types.py"
