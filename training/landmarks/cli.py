"""Train, export and evaluate the aligner.

python -m training.landmarks train --recipe training/recipes/landmarks.toml --data data --runs runs [--resume]
python -m training.landmarks export runs/landmarks --data data --out weights --scores
python -m training.landmarks evaluate runs/landmarks --data data --split dev
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from training.command_line import (
    add_accelerator,
    add_data,
    add_export,
    add_run,
    add_split,
    add_threads,
    run_folder,
)
from training.config import load_recipe
from training.data.faces_with_points import (
    read_landmark_sets,
)
from training.landmarks.export import export, full_evaluation
from training.landmarks.recipe import LandmarkRecipe
from training.landmarks.train import held_out_faces, load_network, train


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; figures to stdout as JSON, progress to stderr."""
    parser = argparse.ArgumentParser(prog="python -m training.landmarks", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    train_parser = commands.add_parser("train", help="run a recipe")
    add_run(train_parser, recipe="landmarks.toml")
    add_accelerator(train_parser)
    train_parser.add_argument("--set", action="append", default=[], metavar="TABLE.KEY=VALUE")
    export_parser = commands.add_parser("export", help="write the ONNX file and its record")
    add_export(export_parser)
    export_parser.add_argument("--scores", action="store_true", help="measure on val for the record")
    evaluate_parser = commands.add_parser("evaluate", help="errors on dev or val")
    evaluate_parser.add_argument("run", type=Path)
    add_data(evaluate_parser)
    add_split(evaluate_parser, default="dev")
    add_threads(train_parser, export_parser, evaluate_parser)
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    run: dict[str, Callable[[argparse.Namespace], None]] = {
        "train": _train_command,
        "export": _export_command,
        "evaluate": _evaluate_command,
    }
    run[given.command](given)
    return 0


def _train_command(given: argparse.Namespace) -> None:
    overrides: dict[str, Any] = {}
    for item in given.set:
        path, _, value = item.partition("=")
        *tables, key = path.split(".")
        place = overrides
        for table in tables:
            place = place.setdefault(table, {})
        try:
            place[key] = json.loads(value)
        except json.JSONDecodeError:
            place[key] = value
    recipe = load_recipe(given.recipe, LandmarkRecipe, overrides=overrides)
    folder = run_folder(given)
    where = {"accelerator": given.accelerator, "workers": given.workers}
    fitted = train(recipe, data=given.data, run_dir=folder, resume=given.resume, **where)
    print(f"{folder}: {fitted.steps} steps", file=sys.stderr)


def _export_command(given: argparse.Namespace) -> None:
    scores = None
    if given.scores:
        network, _ = load_network(given.run)
        scores = full_evaluation(network, read_landmark_sets(given.data / "landmarks", split="val"))
    print(export(given.run, given.out, held_out=held_out_faces(given.data), scores=scores))


def _evaluate_command(given: argparse.Namespace) -> None:
    network, _ = load_network(given.run)
    faces = read_landmark_sets(given.data / "landmarks", split=given.split)
    print(json.dumps(full_evaluation(network, faces), indent=2))
