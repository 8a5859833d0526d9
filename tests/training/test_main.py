"""`make train` decides what is left to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from training.__main__ import STAGES, commands


def test_a_killed_run_goes_on_and_a_finished_one_is_passed_over(tmp_path: Path) -> None:
    here = replace(STAGES[1], run=tmp_path / "run")
    train, export = commands(here, data=Path("d"), weights=Path("w"))
    assert "--resume" not in train
    assert export[3:5] == ["export", str(tmp_path / "run")]
    here.run.mkdir()
    (here.run / "last.ckpt").touch()
    assert commands(here, data=Path("d"), weights=Path("w"))[0][-1] == "--resume"
    here.finished.touch()
    assert commands(here, data=Path("d"), weights=Path("w")) == []
