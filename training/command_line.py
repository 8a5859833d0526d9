"""What every trainer's command line has in common: `--recipe`, `--data`, `--runs`, `--run`, `--resume`; how it refuses.

    python -m training.<trainer> train --recipe FILE --data DIR --runs DIR [--run DIR] [--resume]

A run lies in RUNS/<the recipe's name>, so two recipes never share a folder; `--run` names another.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

from evaluation.datasets.pack import DataMissing
from index.errors import GalleryError
from pipeline.errors import PipelineError

RECIPES: Final = Path("training/recipes")  # from the repository's root, so that a record names no machine's folders


class Refused(ValueError):  # noqa: N818 - named for what it is, as all our errors are
    """What was asked for can't be done; the message says what to do."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """End the process with a sentence, not a traceback, where a thing can't be done or a file isn't there."""
    try:
        yield
    except (Refused, DataMissing, GalleryError, PipelineError, OSError) as problem:
        sys.exit(str(problem))


def run(module: str) -> NoReturn:
    """Run the `main` of a trainer's command line and end the process; a missing training extra is a sentence."""
    try:
        with plain_errors():
            sys.exit(importlib.import_module(module).main())
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in {"training", "evaluation", "pipeline", "index", "lookalike"}:
            raise
        sys.exit(f"training needs {error.name}: pip install --require-hashes -r requirements/train.txt")


def add_data(parser: argparse.ArgumentParser) -> None:
    """`--data` and `--runs`, which every command of every trainer takes."""
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder laid out like the data pack")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder that runs and caches lie in")


def add_run(parser: argparse.ArgumentParser, *, recipe: str) -> None:
    """What `train` takes; `recipe` is the name of the one that ships."""
    add_data(parser)
    parser.add_argument("--recipe", type=Path, default=RECIPES / recipe)
    parser.add_argument("--run", type=Path, help="the run's folder; RUNS/<the recipe's name> without it")
    parser.add_argument("--resume", action="store_true", help="go on where a kill stopped the run, if it was begun")


def add_accelerator(parser: argparse.ArgumentParser) -> None:
    """What `train` takes besides: where Lightning trains, and who makes its batches."""
    parser.add_argument("--accelerator", default="cpu", help="Lightning's name: cpu, gpu, auto")
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches, for a GPU to be busy")


def add_export(parser: argparse.ArgumentParser) -> None:
    """What `export` takes: the run, the data, and the folder of the file and its record."""
    parser.add_argument("run", type=Path, help="run folder")
    add_data(parser)
    parser.add_argument("--out", type=Path, default=Path("weights"), help="folder of the file; its record in records/")


def add_or_none(parser: argparse.ArgumentParser) -> None:
    """Whether `int8` may leave a network without such a file."""
    parser.add_argument(
        "--or-none",
        action="store_true",
        help="without nncf, or where the file does not hold, leave the network without one; one of another is removed",
    )


def add_split(parser: argparse.ArgumentParser, *, default: str) -> None:
    """Which faces with points an `evaluate` counts on."""
    parser.add_argument("--split", choices=("dev", "val"), default=default, help="dev: held-out train faces")


def add_threads(*parsers: argparse.ArgumentParser) -> None:
    """How many threads torch and the engine use."""
    for parser in parsers:
        parser.add_argument("--threads", type=int, default=1)


def run_folder(given: argparse.Namespace) -> Path:
    """Where the run of a `train` command lies."""
    folder: Path | None = given.run
    return folder if folder is not None else Path(given.runs) / Path(given.recipe).stem


def cache_folder(runs: Path) -> Path:
    """Where decoded pictures are kept; runs on the same pictures share them."""
    return runs / "cache"
