"""Photo bytes in, answers out: the use cases with scripted parts."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from lookalike.answers import Compared, Found, NoFace, NotCompared, NoUsableFace, Unreadable
from lookalike.errors import NoSuchFace
from lookalike.finder import Finder
from lookalike.serving.work_threads import FinderPool
from pipeline.errors import BadPhotoCode
from pipeline.types import PhotoFaces
from tests.lookalike.builders import MODEL, EightPeople, ScriptedReader, calibration, face, photo, unit


def finder_of(**photos: PhotoFaces) -> tuple[Finder, EightPeople]:
    gallery = EightPeople()
    reader = ScriptedReader({name.encode(): value for name, value in photos.items()})
    return Finder(reader, gallery, calibration()), gallery


def test_every_usable_face_is_answered_with_eight_people_and_refused_ones_are_not() -> None:
    finder, gallery = finder_of(party=photo(face(unit(1)), face(None), face(unit(0, 1))))
    answer = finder.find(b"party")
    assert isinstance(answer, Found)
    assert [item.number for item in answer.faces] == [1, 2]
    assert [len(item.matches) for item in answer.faces] == [8, 8]
    assert [asked[0] for asked in gallery.asked] == [MODEL, MODEL]


def test_a_tile_carries_the_band_and_share_of_the_gallery_table() -> None:
    finder, _ = finder_of(me=photo(face(unit(1))))
    answer = finder.find(b"me")
    assert isinstance(answer, Found)
    keys = [banded.band.key for banded in answer.faces[0].matches]
    assert keys == ["same", "striking", "striking", "striking", "strong", "strong", "fair", "fair"]
    assert answer.faces[0].matches[0].stranger_share == pytest.approx(0.001)


def test_the_next_eight_and_the_filter_reach_the_gallery() -> None:
    finder, gallery = finder_of(me=photo(face(unit(1))))
    answer = finder.find(b"me", skip=8, attribute=("Male", False))
    assert isinstance(answer, Found)
    assert gallery.asked == [(MODEL, 8, ("Male", False))]
    assert answer.faces[0].matches[0].match.rank == 9


def test_unreadable_bytes_empty_photos_and_refused_faces_are_three_answers() -> None:
    finder, _ = finder_of(landscape=photo(), blur=photo(face(None)))
    unreadable = finder.find(b"text")
    assert isinstance(unreadable, Unreadable)
    assert unreadable.code is BadPhotoCode.NOT_A_PICTURE
    assert isinstance(finder.find(b"landscape"), NoFace)
    assert isinstance(finder.find(b"blur"), NoUsableFace)


def test_a_comparison_says_cosine_band_and_rate_of_the_pair_table() -> None:
    finder, _ = finder_of(a=photo(face(unit(1))), b=photo(face(unit(0.6, 0.8)), face(unit(1, 0.1))))
    same = finder.compare(b"a", b"b", face_b=0)
    assert isinstance(same, Compared)
    assert same.similarity == pytest.approx(0.6, abs=1e-6)
    assert same.all_pairs[0][1] == pytest.approx(1 / (1.01**0.5), abs=1e-6)
    other = finder.compare(b"a", b"b")  # the most alike pair
    assert isinstance(other, Compared)
    assert (other.face_a, other.face_b) == (0, 1)
    assert other.band.key == "same"


def test_a_face_that_is_not_there_can_not_be_chosen() -> None:
    finder, _ = finder_of(a=photo(face(unit(1))), b=photo(face(unit(1))))
    with pytest.raises(NoSuchFace, match="usable face 3"):
        finder.compare(b"a", b"b", face_b=2)
    with pytest.raises(NoSuchFace, match="usable face 0"):
        finder.compare(b"a", b"b", face_a=-1)


@pytest.mark.parametrize(("a", "b", "which"), [(b"none", b"ok", "a"), (b"ok", b"none", "b"), (b"junk", b"none", "a")])
def test_a_comparison_names_the_photo_that_could_not_be_used(a: bytes, b: bytes, which: str) -> None:
    finder, _ = finder_of(ok=photo(face(unit(1))), none=photo())
    comparison = finder.compare(a, b)
    assert isinstance(comparison, NotCompared)
    assert comparison.which == which


async def test_the_pool_works_off_the_event_loop_and_no_more_at_once_than_its_workers() -> None:
    finder, _ = finder_of(me=photo(face(unit(1))))
    pool = FinderPool(finder, workers=2)
    lock, seen = threading.Lock(), {"now": 0, "most": 0}
    threads: set[str] = set()

    def busy() -> None:
        with lock:
            seen["now"] += 1
            seen["most"] = max(seen["most"], seen["now"])
            threads.add(threading.current_thread().name)
        release.wait(5)
        with lock:
            seen["now"] -= 1

    release = threading.Event()
    work = [asyncio.create_task(pool.call(partial(busy))) for _ in range(6)]
    for _ in range(100):
        if seen["now"] == 2:
            break
        await asyncio.sleep(0.01)
    release.set()
    await asyncio.gather(*work)
    assert seen["most"] == 2
    assert threading.current_thread().name not in threads
    assert isinstance(await pool.find(b"me"), Found)
    pool.close()
