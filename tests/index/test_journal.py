"""The journal keeps what was flushed, drops what is damaged, and mixes nothing up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.embed import Embedded, Skipped
from index.journal import Journal


def _embedded(value: int) -> Embedded:
    return Embedded(
        vector=np.full(4, value, np.float32),
        size_px=float(value),
        box=(0.0, 1.0, 2.0, 3.0),
        points=np.full((5, 2), value, np.float32),
        frame=(8, 6),
    )


def _filled(folder: Path, count: int = 7) -> Journal:
    journal = Journal(folder, key="a", part_pictures=3)
    for k in range(count):
        journal.add(f"p{k}", Skipped(reason="no") if k == 4 else _embedded(k))
    journal.flush()
    return journal


def test_outcomes_come_back_in_any_order(tmp_path: Path) -> None:
    _filled(tmp_path / "j")
    journal = Journal(tmp_path / "j", key="a")
    assert len(journal) == 7
    for k in (6, 0, 3, 5, 1, 2):
        outcome = journal.outcome(f"p{k}")
        assert isinstance(outcome, Embedded)
        assert outcome.vector.tolist() == [k] * 4
        assert outcome.points[4, 1] == k
    assert journal.outcome("p4") == Skipped(reason="no")
    with pytest.raises(KeyError):
        journal.outcome("p7")


def test_another_key_starts_afresh(tmp_path: Path) -> None:
    _filled(tmp_path / "j")
    assert len(Journal(tmp_path / "j", key="b")) == 0
    assert len(Journal(tmp_path / "j", key="a")) == 0


@pytest.mark.parametrize("victim", ["part-000001.npy", "part-000001.json"])
@pytest.mark.parametrize("damage", ["gone", "cut", "empty"])
def test_a_damaged_part_is_dropped_alone_and_not_written_over(tmp_path: Path, victim: str, damage: str) -> None:
    _filled(tmp_path / "j")
    file = tmp_path / "j" / victim
    data = file.read_bytes()
    file.unlink() if damage == "gone" else file.write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    journal = Journal(tmp_path / "j", key="a")
    assert [f"p{k}" in journal for k in range(7)] == [True] * 3 + [False] * 3 + [True]
    journal.add("p3", _embedded(3))
    journal.flush()
    again = Journal(tmp_path / "j", key="a")
    outcomes = [again.outcome(name) for name in ("p0", "p3", "p6")]
    assert [outcome.size_px for outcome in outcomes if isinstance(outcome, Embedded)] == [0.0, 3.0, 6.0]


def test_what_was_not_flushed_is_lost_and_nothing_else(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "j")
    journal.add("p7", _embedded(7))
    assert "p7" not in Journal(tmp_path / "j", key="a")


def test_a_part_whose_list_lacks_a_picture_is_dropped_alone(tmp_path: Path) -> None:
    _filled(tmp_path / "j")
    list_file = tmp_path / "j" / "part-000001.json"
    list_file.write_text(list_file.read_text().replace("fingerprint", "finger"))
    journal = Journal(tmp_path / "j", key="a")
    assert [f"p{k}" in journal for k in range(7)] == [True] * 3 + [False] * 3 + [True]
