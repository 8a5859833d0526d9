"""Where the command line keeps compiled networks, and when it writes them."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.cli.compiled import compiled_networks


@pytest.fixture
def at_exit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What is registered for the end of the process; the user's cache is below `tmp_path`."""
    registered: list[Callable[[], object]] = []
    monkeypatch.setattr(atexit, "register", registered.append)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return registered


def test_networks_are_written_to_the_users_cache_when_the_process_ends(
    tmp_path: Path, at_exit: list[Callable[[], object]]
) -> None:
    cache = compiled_networks()
    assert cache is not None
    cache.put_later("key", lambda: b"blob")
    assert list(tmp_path.iterdir()) == []
    (end,) = at_exit
    end()
    assert (tmp_path / "lookalike" / "key.blob").read_bytes() == b"blob" == cache.get("key")


def test_who_ends_the_program_while_networks_are_written_sees_no_traceback(
    tmp_path: Path, at_exit: list[Callable[[], object]]
) -> None:
    cache = compiled_networks()
    assert cache is not None

    def interrupted() -> bytes:
        raise KeyboardInterrupt

    cache.put_later("key", interrupted)
    at_exit[0]()
    assert cache.get("key") is None
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
