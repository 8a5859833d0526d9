"""Files that would stop or fill a bot: each gets one sentence, others get their cards, memory stays bounded."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests import hostile_pictures as hostile
from tests.bot.load import bot_process
from tests.pictures import encoded
from tests.processes import children_of, tree_pss_mb
from tests.telegram_peer import TOKEN, Person, TelegramPeer

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads /proc"),
]

SAMPLE = Path(__file__).resolve().parent.parent.parent / "lookalike" / "sample"
LIMIT_MB = 700.0  # mem_limit of compose.yaml
ANN = Person(id=1)
COSTLY, TOO_MANY, SEEN = "more work to open", "too many pixels", "no face"


def files() -> dict[str, tuple[bytes, str]]:
    """Name -> bytes, and what its sentence says."""
    flat = Image.new("RGBA", (4000, 4000), (9, 9, 9, 9))
    wide = Image.new("RGB", (16_383, 970), "gray")
    return {
        "arithmetic.jpg": (hostile.arithmetic_jpeg(scans=4500), COSTLY),
        "arithmetic_once.jpg": (hostile.arithmetic_jpeg(scans=1), COSTLY),
        "scans.jpg": (hostile.jpeg_of_scans(20_000), COSTLY),
        "cmyk.jpg": (hostile.jpeg_header(6320, 6320, components=4) + b"\xff\xd9", TOO_MANY),
        "comments.gif": (hostile.gif_of_comments(3_000_000, separate=True), COSTLY),
        "blocks.gif": (hostile.gif_of_comments(6_600_000), COSTLY),
        "progressive.jpg": (hostile.jpeg_of_scans(9, side_px=6320, sampling=0x22), ""),
        "flat.webp": (encoded(flat, "WEBP", lossless=True), SEEN),
        "wide.webp": (encoded(wide, "WEBP", quality=1, method=0), SEEN),
        "rgba16.png": (hostile.flat_png(6320), SEEN),
    }


@contextmanager
def highest_memory(process: int) -> Iterator[list[float]]:
    """Watch the whole tree meanwhile; [0] is the highest sum so far, in MB."""
    highest, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.03):
            highest[0] = max(highest[0], tree_pss_mb(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield highest
    finally:
        over.set()
        watcher.join()


async def test_files_that_cost_too_much_stop_nobody_and_fill_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    photo = (SAMPLE / "grace_hopper.jpg").read_bytes()
    async with TelegramPeer() as peer, bot_process(peer, mode="polling", fake=False, RATE_BURST="100") as pid:
        await peer.send_photo(ANN, photo)
        await peer.until_sent(2, ANN.id, within_s=90)
        await asyncio.sleep(2.5)  # the shapes of group photos are compiled when it is idle
        hold_no_secret(pid)
        lines = []
        for number, (name, (data, words)) in enumerate(files().items()):
            sender = Person(id=100 + number)
            with highest_memory(pid) as highest:
                await peer.send_document(sender, data, name=name, mime="image/jpeg")
                start = time.monotonic()
                await peer.send_photo(ANN, photo)
                await peer.until_sent(3 + number, ANN.id, within_s=30)
                other_s = time.monotonic() - start
                answers = await peer.until_sent(2, sender.id, within_s=60)
            assert words in answers[-1].text, name
            assert highest[0] < LIMIT_MB, name
            assert peer.sent(ANN.id)[-1].method == "sendPhoto"
            lines.append(f"{name}: {highest[0]:.0f} MB, the other's card after {other_s:.1f} s")
        assert peer.violations == []
    with capsys.disabled():
        print("", *lines, sep="\n")  # noqa: T201


def hold_no_secret(bot: int) -> None:
    """The bot itself makes no core dumps; the processes it started don't know the token."""
    assert "Max core file size        0                    0 " in Path(f"/proc/{bot}/limits").read_text(
        encoding="ascii"
    )
    assert "NoNewPrivs:\t1" in Path(f"/proc/{bot}/status").read_text(encoding="ascii")
    tree = children_of(bot)
    for process in tree:
        tree += children_of(process)
    assert len(tree) >= 3
    for process in tree:
        assert TOKEN.encode() not in Path(f"/proc/{process}/environ").read_bytes()
