"""Learning curves of the runs at hand: `log.jsonl` of our trainer, `results.csv` of the detector's. Read only."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any


def read_curves(folder: Path) -> list[dict[str, Any]]:
    """Every run below `folder`, by name: points of its loss and of what was checked on held-out pictures.

    A line that is cut short (a run being written) ends its curve. Nothing where the folder is not there.
    """
    runs = [_jsonl(path, folder) for path in sorted(folder.glob("*/log.jsonl"))]
    runs += [_results(path, folder) for path in sorted(folder.glob("*/*/results.csv"))]
    return [run for run in runs if run["loss"] or run["checks"]]


def _jsonl(path: Path, folder: Path) -> dict[str, Any]:
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
    return {"run": str(path.parent.relative_to(folder)), "unit": "step", "loss": loss, "checks": checks}


def _results(path: Path, folder: Path) -> dict[str, Any]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = [{key.strip(): value for key, value in row.items()} for row in csv.DictReader(file)]
    loss = [(float(row["epoch"]), float(row["train/box_loss"])) for row in rows if row.get("train/box_loss")]
    names = [name for name in rows[0] if "ap50" in name or "recall" in name] if rows else []
    return {
        "run": str(path.parent.relative_to(folder)),
        "unit": "epoch",
        "loss": loss,
        "checks": {name: [(float(row["epoch"]), float(row[name])) for row in rows] for name in names},
    }
