"""Privacy, held by tests: what /privacy says is so."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.bot.conftest import RunningBot, StartBot
from tests.telegram_peer import Person

WRITES = ("w", "a", "x", "+")
_watching: list[list[str]] = []
_hooked: list[bool] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hooks can't be taken off again, so this one sleeps while nobody watches."""
    if not _watching:
        return
    if event == "open":
        path, mode, flags = arguments
        if (isinstance(mode, str) and any(c in mode for c in WRITES)) or (isinstance(flags, int) and flags & 0o3):
            _watching[-1].append(str(path))
    elif event in {"os.rename", "os.mkdir", "os.link", "os.symlink", "shutil.copyfile", "tempfile.mkstemp"}:
        _watching[-1].append(f"{event} {arguments[0]}")
    elif event == "sqlite3.connect":
        _watching[-1].append(f"{event} {arguments[0]!r}")


@contextmanager
def files_written() -> Iterator[list[str]]:
    """Everything this process opens for writing meanwhile."""
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    written: list[str] = []
    _watching.append(written)
    try:
        yield written
    finally:
        _watching.remove(written)


def test_the_watch_sees_a_file(tmp_path: Path) -> None:
    with files_written() as written:
        (tmp_path / "x").write_bytes(b"1")
        (tmp_path / "x").read_bytes()
    assert written == [str(tmp_path / "x")]


async def whole_tour(bot: RunningBot) -> None:
    """Photos, buttons, a comparison, refusals, an error."""
    peer, ann = bot.peer, bot.ann
    await peer.send_photo(ann, b"faces=2")
    await peer.until_sent(2)
    message = peer.last_message(ann.id)
    for number, button in enumerate(("1", "Why these?", "« Back to the card"), start=3):
        await peer.press(ann, message, button)
        await peer.until_sent(number)
    await peer.send_photo(ann, b"faces=1", group="g", caption="/compare")
    await peer.send_photo(ann, b"faces=1", group="g")
    await peer.until_sent(6)
    for number, data in enumerate((b"faces=0", b"refused=blurred", b"bad=broken", b"boom"), start=7):
        await peer.send_document(ann, data, name="me.jpg", mime="image/jpeg")
        await peer.until_sent(number)


async def test_no_file_is_written_while_answering(bot: RunningBot) -> None:
    with files_written() as written:
        await whole_tour(bot)
    assert [path for path in written if "/dev/" not in path] == []


async def test_nothing_of_a_photo_is_held_after_its_answer(bot: RunningBot) -> None:
    """Neither the bytes nor faces nor vectors: only Telegram's ids, for the buttons of an hour."""
    # Other tests of this process may hold some; kept here, so that no new object gets the id of an old one.
    others = measured_things()
    known = {id(thing) for thing in others}
    await whole_tour(bot)
    await asyncio.sleep(0.1)
    held = [type(thing).__name__ for thing in measured_things() if id(thing) not in known]
    assert held == []


def measured_things() -> list[object]:
    gc.collect()
    return [
        thing for thing in gc.get_objects() if type(thing).__name__ in {"PhotoFaces", "Embedding", "Found", "Compared"}
    ]


def resident_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize("mode", ["polling"])  # once is enough
async def test_photos_51_to_250_add_hardly_any_memory(start_bot: StartBot) -> None:
    """The networks' own part is in test_with_weights; this is the bot's: queue, tasks, stores, HTTP."""
    bot = await start_bot(rate_burst=1000)
    person = Person(id=900)
    bot.parts.jobs.told.first_time(person.id)
    before = 0.0
    for number in range(1, 251):
        await bot.peer.send_photo(person, b"faces=1")
        await bot.peer.until_sent(number, within_s=20)
        if number == 50:
            gc.collect()
            before = resident_mb()
    bot.peer.files.clear()
    gc.collect()
    added = resident_mb() - before
    await asyncio.sleep(0.1)
    assert added < 15, f"{added:.1f} MB"
    assert bot.parts.intake.in_flight == 0
    assert len(bot.parts.jobs.background) == 0
