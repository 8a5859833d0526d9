"""Re-make every shipped file from a folder of the data pack's layout: `python -m training all --data data`.

Detector, aligner and embedder are trained, chosen and exported, the manifest is rewritten, the gallery is built and
everything is measured, for the calibration and the model cards. Each step is a command of its own that goes on where a
kill stopped it; a finished one leaves a mark under RUNS/finished and is passed over. So this command may be killed and
started again at any point. Hours on two cores; docs/training.md has the times.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.command_line import RECIPES, Refused, plain_errors
from training.config import load_values

DYING_S: Final = 10.0  # a killed process may hold its lock a moment longer


class NotAgain(Refused):
    """What was begun can't be gone on with; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where everything lies."""

    data: Path = Path("data")
    runs: Path = Path("runs")
    weights: Path = Path("weights")
    recipes: Path = RECIPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command, and what must not have changed since it was begun."""

    name: str
    command: tuple[str, ...]
    made_from: str  # a digest of recipe and arguments


def steps(folders: Folders) -> list[Step]:
    """Every step in order. Every command may be started again after a kill, a training with `--resume`."""
    python = sys.executable
    data = ("--data", str(folders.data))
    both = (*data, "--runs", str(folders.runs))
    out = ("--out", str(folders.weights))
    manifest = (python, "-m", "training.export.manifest", str(folders.weights))
    planned: list[Step] = []
    for role, name, module, after in (
        ("detector", "detector", "training.detector", ("mixes", "export", "int8 --or-none")),
        ("aligner", "landmarks", "training.landmarks", ("export --scores",)),
        ("embedder", "embedder", "training.embedder", ("choose", "export", "int8 --or-none")),
    ):
        recipe = folders.recipes / f"{name}.toml"
        run = str(folders.runs / name)
        trained = [*runs_before(recipe), recipe]
        data_folder = str(folders.data.resolve())
        for each in trained:
            made_from = _digest({"recipe": load_values(each), "data": data_folder})
            train = (python, "-m", module, "train", "--recipe", str(each), *both, "--resume")
            step = f"{role}-train" if each == recipe else f"{role}-train-{each.stem}"
            planned.append(Step(name=step, command=train, made_from=made_from))
        made_from = _digest({"recipes": [load_values(each) for each in trained], "data": data_folder})
        for wanted in after:
            verb, *flags = wanted.split()
            command = (python, "-m", module, verb, run, *both, *(out if verb == "export" else ()), *flags)
            if verb == "int8":  # of the float file that was exported just now, not of a run
                command = (python, "-m", module, verb, *both, "--weights", str(folders.weights), *flags)
            planned.append(Step(name=f"{role}-{verb}", command=command, made_from=made_from))
        # The new file is refused until the manifest knows it, so this comes at once.
        planned.append(Step(name=f"{role}-manifest", command=manifest, made_from=made_from))
    product = (python, "-m", "lookalike")
    gallery = (*product, "index", "build", str(folders.data / "celeba"), "--out", str(folders.weights / "gallery"))
    kept = ("--cache", str(folders.runs / "cache" / "evaluation"))
    measure = (*product, "evaluate", "all", *data, *kept)
    page = ("--out", str(folders.runs / "report.html"), "--depth", str(folders.weights / "depth.json"))
    report = (*product, "evaluate", "report", *both, *kept, *page)
    made_from = _digest([step.made_from for step in planned])
    cache = ("--cache", str(folders.runs / "cache" / "evaluation"))
    looks = (python, "-m", "training.embedder.looks", *data, *cache)
    return [
        *planned,
        Step(name="looks", command=looks, made_from=made_from),
        Step(name="gallery", command=gallery, made_from=made_from),
        Step(name="measure", command=measure, made_from=made_from),
        Step(name="report", command=report, made_from=made_from),
        Step(name="scores", command=manifest, made_from=made_from),
        Step(
            name="cards",
            command=(python, "-m", "evaluation.report.model_cards", str(folders.weights)),
            made_from=made_from,
        ),
    ]


def runs_before(recipe: Path) -> list[Path]:
    """The recipes of the runs that a recipe's run goes on from, the one to begin with first."""
    name = load_values(recipe).get("goes_on_from")
    if not name:
        return []
    before = recipe.with_name(f"{name}.toml")
    return [*runs_before(before), before]


def left_to_do(planned: list[Step], marks: Path) -> list[Step]:
    """The steps without a mark. Raises NotAgain when a marked or begun one was made from something else."""
    left = []
    for step in planned:
        begun, finished = (_read(marks / f"{step.name}.{state}") for state in ("begun", "finished"))
        if (begun or finished or step.made_from) != step.made_from:
            raise NotAgain(
                f"{step.name} was made by another recipe or from other data; name another --runs, "
                f"or remove its run and {marks} to make it anew"
            )
        if finished is None:
            left.append(step)
    return left


def remake(folders: Folders) -> None:
    """Do what is left to do, one command after the other."""
    marks = folders.runs / "finished"
    marks.mkdir(parents=True, exist_ok=True)
    # The settings of what serves, which a .env of this checkout may have set to something else.
    environment = os.environ | {
        "WEIGHTS_DIR": str(folders.weights),
        "GALLERY": str(folders.weights / "gallery"),
        "CALIBRATION_FILE": str(folders.weights / "calibration.json"),
    }
    with _alone(marks / "lock") as lock:
        for step in left_to_do(steps(folders), marks):
            sys.stderr.write(f"{step.name}: {' '.join(step.command[1:])}\n")
            (marks / f"{step.name}.begun").write_text(step.made_from, encoding="utf-8")
            # The command holds the lock, too: where this process alone was killed, its orphan is not run beside.
            subprocess.run(step.command, check=True, env=environment, pass_fds=(lock,))  # noqa: S603 - our own modules
            (marks / f"{step.name}.begun").replace(marks / f"{step.name}.finished")


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    """Hold the lock or raise NotAgain: two trainings in one folder would write over each other."""
    with path.open("w") as file:
        deadline = time.monotonic() + DYING_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise NotAgain(
                        f"{path.parent}: another process is at work here, perhaps one a kill left behind"
                    ) from None
                time.sleep(0.1)
        yield file.fileno()


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _read(path: Path) -> str | None:
    # Empty: killed between opening and writing.
    return (path.read_text(encoding="utf-8") or None) if path.is_file() else None


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=["all"], help="all: every shipped file")
    given_first = Folders()
    for name, help_text in (
        ("data", "folder laid out like the data pack"),
        ("runs", "folder that runs and caches lie in"),
        ("weights", "folder with manifest.toml, which the files go to"),
        ("recipes", "folder with detector.toml, landmarks.toml and embedder.toml"),
    ):
        parser.add_argument(f"--{name}", type=Path, default=getattr(given_first, name), help=help_text)
    parser.add_argument("--resume", action="store_true", help="allowed, and what happens anyway")
    given = parser.parse_args()
    if not given.data.is_dir():
        parser.error(f"{given.data}: there is no such folder; unpack the data pack there")
    folders = Folders(data=given.data, runs=given.runs, weights=given.weights, recipes=given.recipes)
    try:
        remake(folders)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(map(str, error.cmd[1:]))} ended with {error.returncode}; start again to go on from there")


if __name__ == "__main__":
    with plain_errors():
        main()
