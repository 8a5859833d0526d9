"""The folder that a gallery is made in, beside the place where it will stand: `.NAME.building`.

It holds a lock, the journal of what was embedded so far and, at the end, the finished files. Nothing else in it is
ever touched, should somebody have put it there.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from index.errors import BuildRunning
from index.plain_text import readable
from index.swap import swap_folders

_LOCK: Final = "lock"
_JOURNAL: Final = "journal"
_NEW: Final = "new"
WAIT_STEP_S: Final = 0.02


def work_folder(out: Path) -> Path:
    """Where a gallery for `out` is made."""
    return out.with_name(f".{out.name}.building")


def journal_folder(work: Path) -> Path:
    return work / _JOURNAL


@contextmanager
def locked(work: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the work folder alone, made if need be. Raises BuildRunning when another process has it.

    wait_s: how long another one is waited for. The lock belongs to the process, so a killed one leaves none behind.
    """
    until = time.monotonic() + wait_s
    while True:
        work.mkdir(parents=True, exist_ok=True)
        try:
            lock = (work / _LOCK).open("w")
        except FileNotFoundError:  # the folder went between the two lines: its build has ended
            continue
        with lock:
            try:
                held = _hold(lock, work)
            except BuildRunning:
                if time.monotonic() >= until:
                    raise
                held = False
                time.sleep(WAIT_STEP_S)
            if held:
                yield
                return


def remove(work: Path, *, keep_journal: bool = False) -> None:
    """Take away what a build made here; the lock goes last, since without its name others make one of their own.

    keep_journal: an interrupted build may still need it; then lock and folder stay too.
    """
    for name in (_NEW, f"{_NEW}.old", *(() if keep_journal else (_JOURNAL,))):
        shutil.rmtree(work / name, ignore_errors=True)
    if keep_journal and (work / _JOURNAL).exists():
        return
    with suppress(OSError):
        (work / _LOCK).unlink()
        work.rmdir()


def put_in_place(work: Path, out: Path, write: Callable[[Path], None]) -> None:
    """Have `write` fill an empty folder, and make that the folder at `out` in one step."""
    new = work / _NEW
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    write(new)
    for item in new.iterdir():  # on the disk before the swap, so that a power cut can't leave an empty gallery
        with item.open("rb") as file:
            os.fsync(file.fileno())
    swap_folders(new, out)


def _hold(lock: IO[str], work: Path) -> bool:
    """Lock the open file. False when it has lost its name meanwhile: the lock would keep nobody else out."""
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise BuildRunning(f"another build is at work in {readable(str(work))}; wait for it to end") from error
    try:
        named = (work / _LOCK).stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(lock.fileno()))
