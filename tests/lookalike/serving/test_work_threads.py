"""work_threads: the event loop stays free, work is bounded, and a thread that hangs is replaced."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from functools import partial

import pytest

from lookalike.answers import Found, NotCompared, Unreadable
from lookalike.finder import Finder
from lookalike.serving.decoders import Decoders
from lookalike.serving.work_threads import MOST_GIVEN_UP, FinderPool, WorkThreads
from pipeline.errors import BadPhotoCode
from tests.fakes import ObedientReader
from tests.lookalike import builders
from tests.pictures import encoded, scene


async def until(true: object, within_s: float = 5.0) -> None:
    assert callable(true)
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_a_thread_that_overruns_is_replaced_and_told_until_it_ends() -> None:
    threads = WorkThreads(1, limit_s=0.2)
    release = threading.Event()
    with pytest.raises(TimeoutError):
        await threads.run(lambda: release.wait(20))
    assert (threads.hanging, threads.given_up) == (1, 1)
    assert await asyncio.wait_for(threads.run(lambda: 7), 5) == 7
    release.set()
    await until(lambda: threads.hanging == 0)
    assert threads.given_up == 1
    assert await threads.run(lambda: 8) == 8
    threads.close()


async def test_work_that_nobody_waits_for_any_more_gives_its_thread_up() -> None:
    """The bot's own time limit of a photo calls the waiting off; the thread is at work all the same."""
    threads = WorkThreads(1)
    release, begun = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        release.wait(20)

    waiting = asyncio.create_task(threads.run(hang))
    await until(begun.is_set)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert threads.hanging == 1
    assert await asyncio.wait_for(threads.run(lambda: 7), 5) == 7
    release.set()
    threads.close()


async def test_work_that_has_not_begun_is_dropped_when_it_is_called_off() -> None:
    threads = WorkThreads(1)
    release = threading.Event()
    first = asyncio.create_task(threads.run(lambda: release.wait(20)))
    ran: list[int] = []
    second = asyncio.create_task(threads.run(lambda: ran.append(2)))
    await asyncio.sleep(0.05)
    second.cancel()
    await asyncio.wait({second})
    release.set()
    await first
    await threads.run(lambda: ran.append(3))
    assert ran == [3]
    assert threads.hanging == 0
    threads.close()


async def test_no_more_threads_hang_than_memory_allows() -> None:
    threads = WorkThreads(1, limit_s=0.05)
    release = threading.Event()
    for _ in range(MOST_GIVEN_UP + 1):
        with pytest.raises(TimeoutError):
            await threads.run(lambda: release.wait(20))
    assert threads.hanging == MOST_GIVEN_UP
    release.set()
    await until(lambda: threads.hanging == 0)
    threads.close()


async def test_an_error_reaches_the_one_who_waits_and_the_thread_goes_on() -> None:
    threads = WorkThreads(1)

    def fall() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        await threads.run(fall)
    assert await threads.run(lambda: 1) == 1
    threads.close()


async def test_nothing_of_the_work_is_kept_after_it() -> None:
    class Photo:
        pass

    threads = WorkThreads(1)
    photo = Photo()
    gone = weakref.ref(photo)
    await threads.run(partial(id, photo))
    del photo
    await asyncio.sleep(0.05)
    gc.collect()
    assert gone() is None
    threads.close()


async def test_with_decoders_the_finder_gets_pixels_and_bad_photos_never_reach_it() -> None:
    reader = ObedientReader()
    finder = Finder(reader, builders.EightPeople(), builders.calibration())
    pool = FinderPool(finder, decoders=Decoders())
    good, broken = encoded(scene(), "JPEG"), encoded(scene(), "JPEG")[:900]
    assert isinstance(await pool.find(good), Found)
    answer = await pool.find(broken)
    assert isinstance(answer, Unreadable)
    assert answer.code is BadPhotoCode.BROKEN
    assert len(reader.read_order) == 1
    compared = await pool.compare(good, broken)
    assert isinstance(compared, NotCompared)
    assert (compared.which, compared.answer) == ("b", answer)
    pool.close()
