"""Train and export a network for many points.

python -m training.landmarks.dense train --recipe training/recipes/ibug68.toml --data data --runs runs [--resume]
python -m training.landmarks.dense export runs/ibug68 --data data --out weights
python -m training.landmarks.dense evaluate --data data --split val      # the weights folder's 68, shipped engine
python -m training.landmarks.dense alignment --data data --record weights/records/landmarks68.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch

from evaluation.cli import open_evaluation
from lookalike.paths import WEIGHTS
from pipeline.face_pipeline import load_pipeline
from pipeline.manifest import load_manifest
from training.command_line import (
    add_accelerator,
    add_data,
    add_export,
    add_run,
    add_split,
    add_threads,
    cache_folder,
    run_folder,
)
from training.config import load_recipe
from training.data.faces_with_points import Schema, read_landmark_sets
from training.landmarks.dense.alignment import compare_alignments, table
from training.landmarks.dense.evaluate import chain_points, keep, measure, open_exported
from training.landmarks.dense.export import export
from training.landmarks.dense.recipe import DenseRecipe
from training.landmarks.dense.train import train

RECORDS: Final = (WEIGHTS / "records" / "landmarks68.json",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; the written file's name to stdout, progress to stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m training.landmarks.dense", description="Train and export a network for many points."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    train_parser = commands.add_parser("train", help="run a recipe")
    add_run(train_parser, recipe="ibug68.toml")
    add_accelerator(train_parser)
    export_parser = commands.add_parser("export", help="write the ONNX file and its record")
    add_export(export_parser)
    evaluate_parser = commands.add_parser("evaluate", help="errors of exported networks, into their records")
    add_data(evaluate_parser)
    add_split(evaluate_parser, default="val")
    alignment_parser = commands.add_parser("alignment", help="TPR on val people straightened by these points")
    add_data(alignment_parser)
    alignment_parser.add_argument("--out", type=Path, default=WEIGHTS)
    for command in (evaluate_parser, alignment_parser):
        command.add_argument(
            "--record", type=Path, action="append", metavar="JSON", help="of a network; more than one may be given"
        )
    add_threads(train_parser, export_parser, evaluate_parser, alignment_parser)
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    if given.command == "export":
        print(export(given.run, given.out, data=given.data))
        return 0
    if given.command != "train":
        networks = [open_exported(record, threads=given.threads) for record in given.record or RECORDS]
    if given.command == "alignment":
        opened = open_evaluation(given.data, limit=None, cache=cache_folder(given.runs) / "evaluation")
        path = compare_alignments(opened, networks, out=given.out)
        print(table(json.loads(path.read_text(encoding="utf-8"))))
        return 0
    if given.command == "evaluate":
        faces = read_landmark_sets(given.data / "landmarks", split=given.split, schema=Schema.IBUG68)
        fives = chain_points(faces, load_pipeline(WEIGHTS))
        manifest = load_manifest(WEIGHTS)
        chain: dict[str, str] = {part.role: part.sha256 for part in (manifest.detector, manifest.aligner)}
        for exported in networks:
            figures = measure(faces, fives, exported)
            keep(exported, given.split, figures, chain=chain)
            print(json.dumps({exported.record.stem: figures}, indent=2))
        return 0
    recipe = load_recipe(given.recipe, DenseRecipe)
    folder = run_folder(given)
    where = {"accelerator": given.accelerator, "workers": given.workers}
    fitted = train(recipe, data=given.data, run_dir=folder, resume=given.resume, **where)
    print(f"{folder}: {fitted.steps} steps", file=sys.stderr)
    return 0
