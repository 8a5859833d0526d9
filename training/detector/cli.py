"""The face detector: `train` runs a recipe through Ultralytics, `export` writes the ONNX file that ships.

    python -m training.detector train --recipe training/recipes/detector.toml --data data --runs runs
    python -m training.detector train --recipe training/recipes/detector.toml --data data --runs runs --resume
    python -m training.detector export runs/detector --data data --out weights
    python -m training.detector threshold --data data --weights weights
    python -m training.detector labels list_bbox_celeba.txt --images img_celeba --out labels

Thin: the recipe's types are in `detector_recipe`, the start weights in `detector_start`, the trainer in
`detector_run`, the graph in `detector_export`, the scores in `detector_score`, the choice in `detector_threshold`.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.command_line import RECIPES, add_data, add_run, run_folder
from training.config import load_recipe, recipe_values
from training.detector.recipe import DetectorRecipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from training.data.scenes import Scene


def quieten(settings: Path) -> None:
    """Keep Ultralytics' settings in `settings`, and Ultralytics from fetching or installing anything.

    To be called before its first import: it reads these names then.
    """
    settings.mkdir(parents=True, exist_ok=True)
    os.environ["YOLO_CONFIG_DIR"] = str(settings)
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ["YOLO_AUTOINSTALL"] = "false"


def train(recipe_file: Path, *, data: Path, run: Path, resume: bool) -> Path:
    """Run a recipe in the folder `run`, or go on from its last finished epoch; return the folder.

    resume: without a finished epoch the run begins anew, with the same pictures; with all of them nothing is left.
    """
    recipe = load_recipe(recipe_file, DetectorRecipe)
    quieten(run.parent / "ultralytics")
    import torch

    from training.detector.pictures import make_training_folder, split_scenes
    from training.detector.run import FaceTrainer

    torch.set_num_threads(recipe.threads)
    folder = make_training_folder(recipe, data, run / "pictures")
    train_scenes, dev = split_scenes(recipe, data)
    last = run / "weights" / "last.pt"
    overrides = ultralytics_settings(recipe, runs=run.parent, name=run.name, data=folder)
    resume = resume and last.is_file()
    if resume and torch.load(last, map_location="cpu", weights_only=False)["epoch"] + 1 >= recipe.epochs:
        return run  # Ultralytics would train one more
    if resume:
        overrides = {**overrides, "resume": str(last), "model": str(last)}
    note_recipe(recipe, recipe_file, run)
    trainer = FaceTrainer(
        overrides,
        folder=folder,
        dev=dev,
        score_side_px=recipe.score_side_px,
        bf16=recipe.bf16,
    )
    if not resume:
        trainer.model = start_network(recipe, data, train_scenes)
    trainer.train()
    return run


def note_recipe(recipe: DetectorRecipe, recipe_file: Path, run: Path) -> None:
    """Keep recipe and commit beside the checkpoints; what a resumed run changed of its recipe is kept too."""
    from training.export.onnx import current_commit, write_record

    note = run / "recipe.json"
    values = recipe_values(recipe)
    facts: dict[str, Any] = {
        "recipe_file": recipe_file.as_posix(),
        "commit": current_commit(),
        "recipe": values,
        "changes": [],
    }
    if note.is_file():
        before = json.loads(note.read_text(encoding="utf-8"))
        changed = {name: [old, values.get(name)] for name, old in before["recipe"].items() if values.get(name) != old}
        facts["commit"] = before["commit"]
        facts["changes"] = [*before.get("changes", []), *([changed] if changed else [])]
    write_record(note, facts)


def ultralytics_settings(recipe: DetectorRecipe, *, runs: Path, name: str, data: Path) -> dict[str, Any]:
    """The recipe in Ultralytics' own words."""
    return {
        "model": "yolov8n.yaml",
        "data": str(data),
        "project": str(runs.resolve()),
        "name": name,
        "exist_ok": True,
        "epochs": recipe.epochs,
        "batch": recipe.batch,
        "nbs": recipe.batch,
        "imgsz": recipe.side_px,
        "multi_scale": recipe.multi_scale,
        "optimizer": "AdamW",
        "lr0": recipe.learning_rate,
        "lrf": recipe.final_share,
        "cos_lr": True,
        "momentum": 0.9,
        "warmup_momentum": 0.9,
        "weight_decay": recipe.weight_decay,
        "warmup_epochs": recipe.warmup_epochs,
        "warmup_bias_lr": 0.0,
        "mosaic": recipe.mosaic,
        "close_mosaic": recipe.close_mosaic,
        "scale": list(recipe.scale),
        "translate": recipe.translate,
        "fliplr": recipe.flip,
        "hsv_h": recipe.hue,
        "hsv_s": recipe.saturation,
        "hsv_v": recipe.value,
        "seed": recipe.seed,
        "deterministic": False,
        "device": "cpu",
        "workers": 0,
        "cache": "ram",
        "amp": False,
        "plots": False,
        "patience": recipe.epochs,
    }


def start_network(recipe: DetectorRecipe, data: Path, scenes: list[Scene]) -> Any:
    """The network at step 0: the start weights with refitted norms, or noise when the recipe says so."""
    from training.detector.start import build_network, load_folded, refit_norms

    network = build_network()
    if not recipe.from_noise:
        load_folded(network, data / recipe.start)
        step = max(1, len(scenes) // recipe.refit_pictures)
        refit_norms(network, _batches(scenes[::step][: recipe.refit_pictures], side_px=recipe.side_px))
    return network


def _batches(scenes: list[Scene], *, side_px: int) -> Iterator[torch.Tensor]:
    """(8, 3, S, S), RGB 0..1, each picture stretched to the square: statistics do not mind."""
    import cv2
    import numpy as np
    import torch

    for first in range(0, len(scenes), 8):
        pictures = [cv2.resize(s.read(), (side_px, side_px))[:, :, ::-1] for s in scenes[first : first + 8]]
        yield torch.from_numpy(np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2))).float() / 255


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.detector", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    add_run(commands.add_parser("train", help="run a recipe"), recipe="detector.toml")
    write = commands.add_parser("export", help="write the ONNX file and its facts")
    write.add_argument("run", type=Path)
    write.add_argument("--out", type=Path, default=Path("weights"))
    add_data(write)
    write.add_argument("--checkpoint", default="last.pt", help="last.pt or best.pt")
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
        print(train(chosen.recipe, data=chosen.data, run=run_folder(chosen), resume=chosen.resume))
        return 0
    quieten(chosen.runs / "ultralytics")
    from training.detector.export import export_run

    print(export_run(chosen.run, out=chosen.out, data=chosen.data, checkpoint=chosen.checkpoint))
    return 0
