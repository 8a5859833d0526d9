"""Re-make every shipped network from a folder of the data pack's layout: `python -m training all --data data`.

Each step is a command of its own that goes on where a kill stopped it; a step whose run is marked finished is passed
over, so this command may be started again at any point. Hours on two cores; docs/training.md has the times.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One network: the module that trains it, and where its run lies."""

    role: str
    module: str
    run: Path  # the folder handed to `export`
    train: tuple[str, ...]  # arguments of `train`, without --data and --resume
    checkpoints: str  # glob below `run` of what a killed training leaves

    @property
    def finished(self) -> Path:
        return self.run / "finished"


STAGES: Final = (
    Stage(
        role="detector",
        module="training.detector",
        run=Path("runs/detector/detector"),
        train=("--runs", "runs/detector"),
        checkpoints="weights/last.pt",
    ),
    Stage(
        role="embedder",
        module="training.embedder",
        run=Path("runs/embedder"),
        train=("--run", "runs/embedder"),
        checkpoints="*.ckpt",
    ),
    Stage(
        role="aligner",
        module="training.landmarks",
        run=Path("runs/aligner"),
        train=("--run", "runs/aligner"),
        checkpoints="*.ckpt",
    ),
)


def commands(stage: Stage, *, data: Path, weights: Path) -> list[list[str]]:
    """What is left to do for one network: nothing when its run is finished, else train (or go on) and export."""
    if stage.finished.exists():
        return []
    resume = ["--resume"] if any(stage.run.rglob(stage.checkpoints)) else []
    python = [sys.executable, "-m", stage.module]
    return [
        [*python, "train", "--data", str(data), *stage.train, *resume],
        [*python, "export", str(stage.run), "--data", str(data), "--out", str(weights)],
    ]


def remake(*, data: Path, weights: Path) -> None:
    """Train and export the three networks one after the other, then write what they are into the manifest."""
    for stage in STAGES:
        for command in commands(stage, data=data, weights=weights):
            sys.stderr.write(f"{stage.role}: {' '.join(command[2:])}\n")
            subprocess.run(command, check=True)  # noqa: S603 - our own modules
        stage.finished.touch()
    subprocess.run([sys.executable, str(weights / "make_manifest.py")], check=True)  # noqa: S603 - our own script
    sys.stderr.write("The gallery and the calibration belong to the embedder: now `make gallery evaluate`.\n")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=["all"], help="all: every network")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder laid out like the data pack")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder the files go to")
    given = parser.parse_args()
    if not given.data.is_dir():
        parser.error(f"{given.data}: there is no such folder; unpack the data pack there")
    try:
        remake(data=given.data, weights=given.weights)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(map(str, error.cmd[2:]))} ended with {error.returncode}; start again to go on from there")


if __name__ == "__main__":
    main()
