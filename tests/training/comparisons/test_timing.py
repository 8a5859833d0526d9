"""timing: the shipped networks are timed by one command, in both number formats."""

from __future__ import annotations

import re
import sys

import pytest

from training.comparisons import timing


def test_the_command_times_what_ships(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["timing"])
    monkeypatch.setattr(timing, "TIMED_RUNS", 6)
    timing.main()
    rows = [re.fullmatch(r"(.+?) +([\d.]+) ms .* \(([\d.]+) to ([\d.]+)\)", line) for line in _lines(capsys)]
    found = [row[1] for row in rows if row]
    assert found[:4] == ["aligner   f32", "aligner   bf16", "embedder  f32", "embedder  bf16"]
    assert ["two looks" in found[4], "stretched edges" in found[5]] == [True, True]
    middles = []
    for row in rows:
        assert row
        assert 0 < float(row[3]) <= float(row[2]) <= float(row[4])
        middles.append(float(row[2]))
    assert middles[4] > middles[1]  # two looks take longer than one


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()
