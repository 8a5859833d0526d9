"""Compiled networks kept in a folder of the user's, so that the next start need not compile them. Knows no engine.

What is kept is a speed-up and nothing else: where the folder can't be used, or belongs to somebody else, everything
works without it and nothing is said.
"""

from __future__ import annotations

import hashlib
import os
import platform
import stat
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

KEPT_FILES: Final = 12  # three networks, for some settings and versions; the oldest go


class CompiledCache:
    """Blobs by key in one folder of mode 0700. Files of others are neither read nor written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._later: list[tuple[str, Callable[[], bytes]]] = []

    def get(self, key: str) -> bytes | None:
        """Read what was kept under the key; None where there is nothing, or a folder that others may write to."""
        with suppress(OSError):
            if self._is_ours():
                return (self._folder / f"{key}.blob").read_bytes()
        return None

    def put_later(self, key: str, blob: Callable[[], bytes]) -> None:
        """Keep what `blob` makes when `write` is called, so that an answer need not wait for it. Thread-safe."""
        self._later.append((key, blob))

    def write(self) -> None:
        """Make and keep what waits, once. To be called when the answers are out."""
        later, self._later = self._later, []
        for key, blob in later:
            with suppress(OSError, RuntimeError):  # RuntimeError: an engine's, which could not
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if self._is_ours():
                    self.put(key, blob())

    def put(self, key: str, blob: bytes) -> None:
        """Keep a blob, whole or not at all."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_ours():
                return
            number, name = tempfile.mkstemp(dir=self._folder, suffix=".partial")
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(blob)
                Path(name).replace(self._folder / f"{key}.blob")
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            files = sorted(self._folder.glob("*.blob"), key=lambda path: path.stat().st_mtime)
            for old in files[:-KEPT_FILES]:
                old.unlink(missing_ok=True)

    def drop(self, key: str) -> None:
        """Forget a blob that could not be used."""
        with suppress(OSError):
            (self._folder / f"{key}.blob").unlink(missing_ok=True)

    def _is_ours(self) -> bool:
        state = self._folder.lstat()
        if os.name != "posix":
            return stat.S_ISDIR(state.st_mode)
        return stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & 0o022


def cache_key(parts: Mapping[str, object]) -> str:
    """A file name from everything that a compiled network depends on; this machine's processor is added."""
    return hashlib.sha256(repr((sorted(parts.items()), _processor())).encode()).hexdigest()


def _processor() -> str:
    """Name and abilities of the processor: code compiled for one may not run on another."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return "|".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
    return f"{platform.machine()} {platform.processor()}"
