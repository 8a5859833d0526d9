"""Two builds never share a work folder, and nothing but a build's own files goes with it."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import IO

import pytest

from index.errors import BuildRunning
from index.work_folder import journal_folder, locked, put_in_place, remove, work_folder


def test_a_second_build_is_refused_while_the_first_is_at_work(tmp_path: Path) -> None:
    work = work_folder(tmp_path / "gallery")
    with locked(work), pytest.raises(BuildRunning, match="wait for it to end"), locked(work):
        pass
    with locked(work):
        pass


def test_a_lock_whose_file_went_meanwhile_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that ends takes its lock file away, after another has opened it and before that one locks it.

    A lock on a file without a name would keep nobody out.
    """
    work = work_folder(tmp_path / "gallery")
    real = fcntl.flock
    calls: list[int] = []

    def flock(file: IO[str], operation: int) -> None:
        calls.append(operation)
        if len(calls) == 1:
            shutil.rmtree(work)
        real(file, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(work):
        assert (work / "lock").exists()
        with pytest.raises(BuildRunning), locked(work):
            pass
    assert len(calls) == 3


def test_a_lock_file_that_another_build_has_made_since_is_taken_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = work_folder(tmp_path / "gallery")
    real = fcntl.flock
    calls: list[int] = []

    def flock(file: IO[str], operation: int) -> None:
        calls.append(operation)
        if len(calls) == 1:
            (work / "lock").unlink()
            (work / "lock").touch()
        real(file, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(work), pytest.raises(BuildRunning), locked(work):
        pass
    assert len(calls) == 3


def test_only_what_a_build_made_goes(tmp_path: Path) -> None:
    """Should somebody keep files of their own at that place."""
    work = work_folder(tmp_path / "gallery")
    with locked(work):
        journal_folder(work).mkdir()
        (work / "new").mkdir()
        (work / "mine.txt").write_text("mine")
        remove(work)
    assert [item.name for item in work.iterdir()] == ["mine.txt"]


def test_the_journal_of_an_interrupted_build_stays_where_it_is_asked_for(tmp_path: Path) -> None:
    work = work_folder(tmp_path / "gallery")
    with locked(work):
        journal_folder(work).mkdir()
        remove(work, keep_journal=True)
        assert journal_folder(work).exists()
        remove(work)
    assert not work.exists()


def test_every_file_is_on_the_disk_before_the_gallery_stands_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the swap would else leave an empty gallery where there was a good one."""
    out = tmp_path / "gallery"
    work = work_folder(out)
    work.mkdir()
    real = os.fsync
    on_disk: list[tuple[int, bool]] = []  # inode, and whether the gallery stood there already

    def fsync(file: int) -> None:
        on_disk.append((os.fstat(file).st_ino, out.exists()))
        real(file)

    def write(new: Path) -> None:
        for name in ("vectors", "people"):
            (new / name).write_bytes(b"x")

    monkeypatch.setattr(os, "fsync", fsync)
    put_in_place(work, out, write)
    assert sorted(on_disk) == sorted((item.stat().st_ino, False) for item in out.iterdir())
    assert len(on_disk) == 2
