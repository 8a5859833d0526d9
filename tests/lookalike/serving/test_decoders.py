"""decoders: photos become pixels in processes that hold no secret and can be ended, and others' photos go on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lookalike.serving import decoders as module
from lookalike.serving.decoders import Decoders
from pipeline.decode import decode
from pipeline.decoding_bounds import DecodingPlan, PhotoLimits, heif_is_read
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.picture_header import read_header
from tests import hostile_pictures as hostile
from tests.pictures import encoded, odd_formats, scene
from tests.processes import children_of, memory_of

SECRET = "123456789:" + "A" * 35
PHOTO = encoded(scene(640, 480), "JPEG")
ODD = odd_formats(scene(620, 410))
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    before = os.environ.get("BOT_TOKEN")
    os.environ["BOT_TOKEN"] = SECRET
    with Decoders() as started:
        yield started
    if before is None:
        del os.environ["BOT_TOKEN"]
    else:
        os.environ["BOT_TOKEN"] = before


def processes(decoders: Decoders) -> list[int]:
    """The process that forks, then those that decode."""
    forking = decoders._parent._process.pid
    return [forking, *children_of(forking)]


@pytest.mark.parametrize("name", ODD)
def test_the_pixels_are_those_of_the_same_decoder_here(decoders: Decoders, name: str) -> None:
    here, there = decode(ODD[name]), decoders.decode_here(ODD[name])
    assert np.array_equal(here.image, there.image)
    assert here.scale == there.scale
    assert there.taken_ms > 0


@pytest.mark.skipif(not heif_is_read(), reason="the heif extra is not installed")
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_heic_and_avif_go_the_same_way(decoders: Decoders, kind: str) -> None:
    data = encoded(scene(900, 700), kind, quality=70)
    assert np.array_equal(decode(data).image, decoders.decode_here(data).image)


def test_a_refusal_comes_back_whole(decoders: Decoders) -> None:
    for data in (b"", b"no picture", PHOTO[:3000], encoded(scene(160, 10)), encoded(scene(), "PNG")[:900]):
        with pytest.raises(BadPhoto) as here:
            decode(data)
        with pytest.raises(BadPhoto) as there:
            decoders.decode_here(data)
        assert (here.value.code, here.value.message) == (there.value.code, there.value.message)
        assert (here.value.want, here.value.got) == (there.value.want, there.value.got)


@linux
def test_the_processes_hold_no_secret_no_file_and_no_network(decoders: Decoders) -> None:
    decoders.decode_here(PHOTO)
    forking, *decoding = processes(decoders)
    assert len(decoding) >= 2
    for process in (forking, *decoding):
        environment = Path(f"/proc/{process}/environ").read_bytes()
        names = {entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry}
        assert names <= {b"PATH", b"LANG", b"OPENBLAS_NUM_THREADS", b"OMP_NUM_THREADS", b"MALLOC_ARENA_MAX"}
        assert SECRET.encode() not in environment
        limits = Path(f"/proc/{process}/limits").read_text(encoding="ascii")
        assert "Max core file size        0                    0 " in limits
        assert "NoNewPrivs:\t1" in Path(f"/proc/{process}/status").read_text(encoding="ascii")
    for process in decoding:
        limits = Path(f"/proc/{process}/limits").read_text(encoding="ascii")
        for name in ("Max file size             0 ", "Max open files            0 ", "Max processes             0 "):
            assert name in limits
        opened = [str(file.readlink()) for file in Path(f"/proc/{process}/fd").iterdir()]
        assert sorted(name.partition(":")[0] for name in opened)[1:] == ["pipe", "pipe"]
        assert min(opened).endswith("/statm")


@linux
def test_only_what_decoding_needs_is_loaded(decoders: Decoders) -> None:
    decoders.decode_here(PHOTO)  # by then it has loaded all it will
    maps = Path(f"/proc/{processes(decoders)[0]}/maps").read_text(encoding="utf-8")
    assert "cv2" in maps
    for heavy in ("openvino", "faiss", "onnxruntime", "pydantic", "aiohttp", "_ssl"):
        assert heavy not in maps, heavy


def stall(decoders: Decoders) -> int:
    """Stop the process that takes the next photo."""
    decoders.decode_here(PHOTO)
    process = decoders._spares[-1]._process
    os.kill(process, signal.SIGSTOP)
    return process


def test_a_large_picture_is_reduced_as_here(decoders: Decoders) -> None:
    data = encoded(scene(2600, 700), "JPEG")
    assert np.array_equal(decode(data).image, decoders.decode_here(data).image)


@linux
def test_what_takes_too_long_is_ended_and_the_next_photo_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WALL_PER_CPU", 0.5)
    with Decoders(cpu_s=1) as decoders:
        stalled = stall(decoders)
        start = time.monotonic()
        with pytest.raises(BadPhoto) as refused:
            decoders.decode_here(PHOTO)
        assert refused.value.code is BadPhotoCode.TOO_COSTLY
        assert refused.value.message.endswith("save it anew, smaller or as a usual JPEG.")
        assert 0.4 < time.monotonic() - start < 10
        monkeypatch.setattr(module, "WALL_PER_CPU", 20.0)
        assert decoders.decode_here(PHOTO).image.shape == (480, 640, 3)
        assert decoders.counts.lost == 1
        gone_within(stalled)


def gone_within(process: int, within_s: float = 5.0) -> None:
    end = time.monotonic() + within_s
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < end
        time.sleep(0.02)


@linux
def test_processor_time_is_bound() -> None:
    program = (
        "from lookalike.serving.decoder_child import _limit\n_limit(-1, memory_bytes=0, cpu_s=1)\nwhile True: pass"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert done.returncode == -signal.SIGXCPU


@linux
async def test_other_photos_are_decoded_while_one_takes_long_and_calling_it_off_ends_its_process() -> None:
    with Decoders(cpu_s=60) as decoders:
        stalled = stall(decoders)
        slow = asyncio.create_task(decoders.decode(PHOTO))
        await asyncio.sleep(0.2)
        for _ in range(3):
            await decoders.decode(PHOTO)
        assert not slow.done()
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        await asyncio.to_thread(gone_within, stalled)


@linux
def test_memory_beyond_the_plan_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header may lie in ways that nobody thought of: the process has the memory that was planned, and no more."""
    data = hostile.flat_png(3000)
    header = read_header(data)
    assert header is not None
    planned = DecodingPlan(header=header, limits=PhotoLimits(), memory_bytes=1_000_000, cpu_s=20)
    monkeypatch.setattr(module, "plan_decoding", lambda *_: planned)
    with Decoders() as decoders, pytest.raises(BadPhoto) as refused:
        decoders.decode_here(data)
    assert refused.value.code is BadPhotoCode.TOO_COSTLY


@linux
@pytest.mark.parametrize("which", ["the one that waits", "all that wait", "the one that forks"])
def test_processes_that_are_lost_are_replaced(which: str) -> None:
    with Decoders() as decoders:
        decoders.decode_here(PHOTO)
        forking, *waiting = processes(decoders)
        lost = {"the one that waits": waiting[:1], "all that wait": waiting, "the one that forks": [forking]}[which]
        ending = [forking, *waiting] if which == "the one that forks" else lost
        for process in lost:
            os.kill(process, signal.SIGKILL)
        if which == "the one that forks":
            decoders._parent._process.wait(5)
        for process in ending:
            gone_within(process)
        for _ in range(4):
            assert decoders.decode_here(PHOTO).image.shape == (480, 640, 3)
        assert decoders.alive
        assert decoders.counts.restarts == (which == "the one that forks")


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@linux
def test_closing_leaves_no_process_and_no_pipe() -> None:
    opened = open_files()
    with Decoders() as decoders:
        decoders.decode_here(PHOTO)
        started = processes(decoders)
    for _ in range(100):
        if not any(Path(f"/proc/{process}/cmdline").exists() for process in started):
            break
        time.sleep(0.05)
    assert not any(Path(f"/proc/{process}/cmdline").exists() for process in started)
    assert open_files() == opened
    assert not decoders.alive


@linux
def test_processes_that_wait_take_little_memory(decoders: Decoders) -> None:
    """Most is shared among them; beside a bot, which has NumPy and OpenCV loaded as well, it is less still."""
    decoders.decode_here(PHOTO)
    assert sum(memory_of(process).pss_mb for process in processes(decoders)) < 70
    assert sum(memory_of(process).anonymous_mb for process in processes(decoders)) < 45


def test_large_photos_wait_for_room_and_small_ones_pass() -> None:
    room_s: dict[str, float] = {}

    def decode_large(name: str) -> None:
        start = time.monotonic()
        decoders.decode_here(large)
        room_s[name] = time.monotonic() - start

    large = hostile.flat_png(5000, depth=8)
    with Decoders() as decoders:
        decoders.decode_here(PHOTO)
        threads = [threading.Thread(target=decode_large, args=(name,)) for name in ("first", "second")]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        assert decoders._room._free < 120_000_000
        decoders.decode_here(PHOTO)
        assert len(room_s) < 2
        for thread in threads:
            thread.join()
        assert decoders._room._free == PhotoLimits().max_memory_bytes
