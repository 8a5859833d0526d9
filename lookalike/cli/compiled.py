"""Where the command line keeps compiled networks: the user's cache folder. Servers and the library keep none."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.compiled_cache import CompiledCache


def compiled_networks() -> CompiledCache | None:
    """The store of compiled networks, written when the process ends; None where the user has no home folder."""
    from pipeline.compiled_cache import CompiledCache

    folder = _users_cache()
    if folder is None:
        return None
    cache = CompiledCache(folder / "lookalike")
    atexit.register(partial(_write, cache))
    return cache


def _write(cache: CompiledCache) -> None:
    with suppress(KeyboardInterrupt):  # the answers are out; who will not wait has the next start compile anew
        cache.write()


def _users_cache() -> Path | None:
    """As the system has it: XDG's folder, Library/Caches, local application data."""
    named = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", "")
    if named and Path(named).is_absolute():
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return home / "AppData" / "Local"
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache")
