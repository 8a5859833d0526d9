"""One folder takes another's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from index import swap
from index.swap import swap_folders


def _folder(path: Path, contents: str) -> Path:
    path.mkdir()
    (path / "file").write_text(contents)
    return path


@pytest.mark.parametrize("can_exchange", [True, False])
def test_the_new_folder_is_in_place_and_the_old_one_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(swap, "_exchange", lambda a, b: False)
    new, target = _folder(tmp_path / "new", "new"), _folder(tmp_path / "target", "old")
    swap_folders(new, target)
    assert ((target / "file").read_text(), (new / "file").read_text()) == ("new", "old")


def test_nothing_comes_out_where_nothing_was(tmp_path: Path) -> None:
    new = _folder(tmp_path / "new", "new")
    swap_folders(new, tmp_path / "target")
    assert (tmp_path / "target" / "file").read_text() == "new"
    assert not new.exists()


def test_a_failed_swap_is_an_error(tmp_path: Path) -> None:
    target = _folder(tmp_path / "target", "old")
    with pytest.raises(OSError, match="No such file"):
        swap_folders(tmp_path / "nowhere", target)
    assert (target / "file").read_text() == "old"
