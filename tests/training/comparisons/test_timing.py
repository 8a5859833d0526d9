"""timing: the shipped networks are timed by one command, in every number format that this CPU computes."""

from __future__ import annotations

import re
import sys

import pytest

from lookalike.paths import WEIGHTS
from pipeline.engine import formats_of
from pipeline.manifest import load_manifest
from training.comparisons import timing

ROW = re.compile(r"(.+?) +([\d.]+) ms on one core \(([\d.]+) to ([\d.]+)\)")


def test_the_command_times_what_ships_and_stars_what_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["timing"])
    monkeypatch.setattr(timing, "TIMED_RUNS", 6)
    timing.main()
    rows = [ROW.fullmatch(line) for line in capsys.readouterr().out.splitlines()]
    assert all(rows)
    middles = {}
    for row in rows:
        assert row
        assert 0 < float(row[3]) <= float(row[2]) <= float(row[4])
        middles[row[1]] = float(row[2])
    *networks, alone, embedded = middles
    assert [alone.split(",")[0], embedded.split(",")[0]] == ["aligner", "embedder"]
    starred = dict(name.split()[:2] for name in networks if name.endswith("*"))
    assert starred == formats_of(load_manifest(WEIGHTS), "openvino")
    assert {
        ("detector", "f32"),
        ("detector", "int8"),
        ("aligner", "f32"),
        ("embedder", "f32"),
        ("embedder", "int8"),
    } <= {tuple(name.split()[:2]) for name in networks}
