"""What a person gets who asks a trainer for what can't be done: one sentence and a failing exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("training.landmarks train --recipe nowhere.toml --data {pack}", "nowhere.toml: No such file or directory"),
        ("training.embedder train --data {pack}/nowhere", "nowhere"),
        (
            "training.comparisons pipeline --data {pack} --runs {pack}/runs",
            "python -m training.comparisons losses makes it",
        ),
        ("training all --data {pack} --runs {pack}/runs --recipes {pack}/nowhere", "No such file or directory"),
    ],
    ids=["recipe", "data", "runs", "make train"],
)
def test_a_sentence_and_no_traceback(words: str, told: str, tmp_path: Path) -> None:
    from tests.evaluation.tiny_pack import write_pack

    pack = write_pack(tmp_path / "pack")
    command = [sys.executable, "-m", *words.format(pack=pack).split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
