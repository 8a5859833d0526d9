"""The face detector: `train` runs a recipe, `mixes` compares start and average, `export` writes the files that ship.

    python -m training.detector train --recipe training/recipes/detector_first.toml --data data --runs runs
    python -m training.detector train --recipe training/recipes/detector.toml --data data --runs runs
    python -m training.detector train --recipe training/recipes/detector.toml --data data --runs runs --resume
    python -m training.detector mixes runs/detector --data data
    python -m training.detector mixes runs/detector_without_mask --data data --source mask
    python -m training.detector export runs/detector --data data --out weights
    python -m training.detector int8 --data data --weights weights
    python -m training.detector threshold --data data --weights weights
    python -m training.detector labels list_bbox_celeba.txt --images img_celeba --out labels

Thin: the recipe's types are in `recipe`, the pictures in `batches` and `samples`, the start weights in `network`, the
run in `train`, the files in `export` and `int8`, the scores in `score`, the choice in `threshold`.
"""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path

from training.command_line import RECIPES, add_data, add_export, add_or_none, add_run, run_folder
from training.config import load_recipe
from training.detector.recipe import DetectorRecipe


def quieten(settings: Path) -> None:
    """Keep Ultralytics' settings in `settings`, and Ultralytics from fetching or installing anything.

    To be called before its first import: it reads these names then.
    """
    settings.mkdir(parents=True, exist_ok=True)
    os.environ["YOLO_CONFIG_DIR"] = str(settings)
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ["YOLO_AUTOINSTALL"] = "false"


def train_recipe(recipe_file: Path, *, data: Path, run: Path, resume: bool) -> Path:
    """Run a recipe in the folder `run`, or go on where it was killed; return the folder."""
    recipe = load_recipe(recipe_file, DetectorRecipe)
    quieten(run.parent / "ultralytics")
    from training.detector.train import train

    train(recipe, data=data, run_dir=run, resume=resume, facts={"recipe_file": recipe_file.as_posix()})
    return run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.detector", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    add_run(commands.add_parser("train", help="run a recipe"), recipe="detector.toml")
    write = commands.add_parser("export", help="write the ONNX file and its facts")
    add_export(write)
    write.add_argument("--mix", type=float, help="share of the average, 0..1; the recipe's without it")
    whole = commands.add_parser("int8", help="write the int8 file and its record from the float one; needs nncf")
    add_data(whole)
    whole.add_argument("--weights", type=Path, default=Path("weights"), help="folder with detector.onnx and its record")
    whole.add_argument("--pictures", type=int, default=300, help="train scenes that give the ranges")
    add_or_none(whole)
    compare = commands.add_parser("mixes", help="score start, mixes and average of a finished run on held-out scenes")
    compare.add_argument("run", type=Path)
    compare.add_argument("--source", help="judge on all scenes of a source that the run never saw")
    add_data(compare)
    score = commands.add_parser("threshold", help="choose the score that the detector of a folder ships with")
    add_data(score)
    score.add_argument("--recipe", type=Path, default=RECIPES / "detector.toml")
    score.add_argument("--weights", type=Path, default=Path("weights"), help="folder with manifest.toml")
    labels = commands.add_parser("labels", help="write YOLO labels from CelebA's box list")
    labels.add_argument("boxes", type=Path, help="list_bbox_celeba.txt")
    labels.add_argument("--images", type=Path, required=True, help="the pictures the boxes belong to")
    labels.add_argument("--out", type=Path, required=True, help="folder of the label files")
    labels.add_argument("--link", type=Path, help="folder of scenes that gets a link to each picture, as celeba_NAME")
    chosen = parser.parse_args(arguments)
    if chosen.command == "labels":
        from training.data.celeba_boxes import convert_celeba_boxes

        print(convert_celeba_boxes(chosen.boxes, chosen.images, chosen.out, link=chosen.link))
        return 0
    if chosen.command == "threshold":
        from training.detector.threshold import threshold_of

        print(threshold_of(chosen.weights, load_recipe(chosen.recipe, DetectorRecipe), chosen.data))
        return 0
    if chosen.command == "train":
        print(train_recipe(chosen.recipe, data=chosen.data, run=run_folder(chosen), resume=chosen.resume))
        return 0
    if chosen.command == "int8":
        from training.detector.int8 import export_int8
        from training.export.int8_file import int8_or_none

        make = partial(export_int8, chosen.weights, data=chosen.data, pictures=chosen.pictures)
        print(int8_or_none(chosen.weights, "detector", make) if chosen.or_none else make())
        return 0
    quieten(chosen.runs / "ultralytics")
    if chosen.command == "mixes":
        from training.detector.mixes import compare_mixes

        compare_mixes(chosen.run, data=chosen.data, source=chosen.source)
        return 0
    from training.detector.export import export_run

    print(export_run(chosen.run, out=chosen.out, data=chosen.data, mix=chosen.mix))
    return 0
