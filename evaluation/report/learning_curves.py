"""Learning curves of the runs at hand: `log.jsonl` of our trainer, `results.csv` of the detector's. Read only."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from evaluation.documents.in_depth import LearningCurve


def read_curves(folder: Path) -> tuple[LearningCurve, ...]:
    """Every run below `folder`, however deep, by its path: points of its loss and of its checks on held-out pictures.

    A line that is cut short (a run being written) ends its curve. Nothing where the folder is not there.
    """
    runs = [_jsonl(path, folder) for path in sorted(folder.glob("**/log.jsonl"))]
    runs += [_results(path, folder) for path in sorted(folder.glob("**/results.csv"))]
    return tuple(run for run in runs if run.loss or run.checks)


def _jsonl(path: Path, folder: Path) -> LearningCurve:
    loss: list[tuple[float, float]] = []
    checks: dict[str, list[tuple[float, float]]] = {}
    for line in path.read_text("utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            break
        if "loss" in row:
            loss.append((float(row["step"]), float(row["loss"])))
        for name, value in row.get("check", {}).items():
            checks.setdefault(name, []).append((float(row["step"]), float(value)))
    return LearningCurve(
        run=str(path.parent.relative_to(folder)),
        unit="step",
        loss=tuple(loss),
        checks={name: tuple(points) for name, points in checks.items()},
    )


def _results(path: Path, folder: Path) -> LearningCurve:
    with path.open(newline="", encoding="utf-8") as file:
        # A resumed run may have more fields than its header: those have no name and are left.
        rows = [{key.strip(): value for key, value in row.items() if key} for row in csv.DictReader(file)]
    names = [name for name in rows[0] if "ap50" in name or "recall" in name] if rows else []
    return LearningCurve(
        run=str(path.parent.relative_to(folder)),
        unit="epoch",
        loss=_column(rows, "train/box_loss"),
        checks={name: _column(rows, name) for name in names},
    )


def _column(rows: list[dict[str, Any]], name: str) -> tuple[tuple[float, float], ...]:
    """(epoch, value) where both are numbers."""
    points = []
    for row in rows:
        try:
            points.append((float(row["epoch"]), float(row[name])))
        except (KeyError, TypeError, ValueError):
            continue
    return tuple(points)
