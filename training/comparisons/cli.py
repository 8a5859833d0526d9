"""Side by side at one equal budget: `python -m training.comparisons WHAT`.

Losses, ArcFace's numbers, and starts and backbones, are embedders and compared here; aligners in `compare_aligners`,
the published networks as they come, without any training, in `compare_starts`, and cross-entropy against ArcFace
from whole files in `compare_pipeline`; what the pictures of docs/ are drawn from is collected in `curves`.
Every run is a recipe with `compare.toml` laid over it, so that steps, rates and the drawing of pictures are the same
and only the recipe's own difference is left; the sweep's are one recipe with the tables of `sweep.toml` over that.
What starts from noise has `compare_noise.toml` laid over that: gentle rates are for weights that know something.
Runs go on where a kill stopped them, and a finished one is read.
Writes losses.json, sweep.json or backbones.json in weights/records: TPR at FPR 0.01 and 0.001 on the held-out train
people and on val, and for backbones the milliseconds a face on one core through the shipped engine.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from training.command_line import RECIPES, add_data, cache_folder
from training.comparisons import aligners as compare_aligners
from training.comparisons import pipeline as compare_pipeline
from training.comparisons import starts as compare_starts
from training.comparisons.curves import collect_curves
from training.comparisons.timing import milliseconds
from training.config import load_recipe, load_values, merge
from training.data.people import open_people, prepare, read_held_out
from training.embedder.build import StartMissing, build_network
from training.embedder.choose import dev_sets, scores, val_sets
from training.embedder.recipe import EmbedderRecipe
from training.embedder.train import network_weights, train
from training.export.onnx import current_commit, write_record

SETS: Final = {
    "losses": ("embedder_ce", "embedder_arcface", "embedder_cosface", "embedder_triplet", "embedder_distill"),
    "backbones": (
        "embedder_xxs",
        "embedder_xs",
        "embedder_xxs_noise",
        "embedder_mobilenetv3",
        "embedder_mobilenetv4",
    ),
}
ONE_BACKBONE: Final = "embedder_xxs"  # losses and the sweep are compared on the smaller one
SWEPT: Final = "embedder_arcface"
KINDS: Final = ("losses", "sweep", "backbones")


def compare(what: str, *, data: Path, runs: Path, out: Path, recipes: Path = RECIPES, progress: bool = True) -> Path:
    """Run what is not finished and write the record after every run; return its path."""
    cache = cache_folder(runs)
    people = open_people(prepare(data, cache))
    dev, val = dev_sets(people, read_held_out()), val_sets(people)
    shared = load_values(recipes / "compare.toml")
    if what != "backbones":
        shared = shared | {"network": load_values(recipes / f"{ONE_BACKBONE}.toml")["network"]}
    record: dict[str, Any] = {
        "measures": "TPR at FPR 0.01 and 0.001, given points, one crop, no flip, float32; dev: held-out train people",
        "shared": shared,
        "data": people.data_id,
        "commit": current_commit(),
        "runs": {},
    }
    path = out / "records" / f"{what}.json"
    for name, (file, changes) in _runs(what, recipes).items():
        recipe = recipe_of(recipes, file, merge(shared, changes))
        try:
            network = build_network(recipe.network, data).to(memory_format=torch.channels_last)
        except StartMissing as missing:
            record["runs"][name] = {"left_out": str(missing)}
            write_record(path, record)
            continue
        row: dict[str, Any] = {"changes": changes} if changes else {}
        row |= {
            "backbone": recipe.network.backbone,
            "started_from": recipe.network.started_from,
            "learning_rate": recipe.learning_rate,
        }
        if what == "losses" and "start" not in record["runs"]:
            record["runs"]["start"] = {
                "dev": scores(network, people, dev, precise=True),
                "val": scores(network, people, val, precise=True),
            }
        run = runs / "compare" / what / name
        fitted = train(recipe, run, data=data, cache=cache, resume=True, check=None, progress=progress)
        row |= {"pictures_seen": fitted.steps * recipe.batch.size, "commit": fitted.facts["commit"]}
        network.load_state_dict(network_weights(fitted))
        row |= {
            "dev": scores(network, people, dev, precise=True),
            "val": scores(network, people, val, precise=True),
        }
        if what == "backbones":
            row |= milliseconds(network, run / "network.onnx", role="embedder", outputs=("embedding",))
        record["runs"][name] = row
        write_record(path, record)
    return path


def recipe_of(recipes: Path, file: str, overrides: dict[str, Any]) -> EmbedderRecipe:
    """The recipe of that name with the comparison's values over it, and those for noise where it starts from that."""
    recipe = load_recipe(recipes / f"{file}.toml", EmbedderRecipe, overrides=overrides)
    if recipe.network.start != Path():
        return recipe
    from_noise = merge(overrides, load_values(recipes / "compare_noise.toml"))
    return load_recipe(recipes / f"{file}.toml", EmbedderRecipe, overrides=from_noise)


def _runs(what: str, recipes: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each run's name -> its recipe's, and what it changes of it."""
    if what == "sweep":
        return {name: (SWEPT, changes) for name, changes in load_values(recipes / "sweep.toml").items()}
    return {name: (name, {}) for name in SETS[what]}


def table(record: dict[str, Any]) -> str:
    """The record's runs as lines: mean over sets and rates of dev and of val, milliseconds."""
    lines = []
    for name, row in record["runs"].items():
        if "left_out" in row:
            lines.append(f"{name:26} left out: {row['left_out']}")
            continue
        dev, val = (float(np.mean(list(row[part].values()))) for part in ("dev", "val"))
        time_taken = f"{row['ms_a_face']:6.2f} ms" if "ms_a_face" in row else ""
        lines.append(f"{name:26} dev {dev:.4f}  val {val:.4f}  {time_taken}")
    return "\n".join(lines)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.comparisons", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=[*KINDS, *compare_aligners.SETS, "starts", "pipeline", "curves"])
    add_data(parser)
    parser.add_argument("--recipes", type=Path, default=RECIPES)
    parser.add_argument("--out", type=Path, default=Path("weights"))
    given = parser.parse_args()
    folders = {"data": given.data, "runs": given.runs, "out": given.out}
    if given.what == "curves":
        collect_curves(**folders)
        return
    in_lines: Callable[[dict[str, Any]], str]
    if given.what in compare_aligners.SETS:
        path = compare_aligners.compare_aligners(given.what, **folders, recipes=given.recipes)
        in_lines = compare_aligners.table
    elif given.what == "starts":
        path, in_lines = compare_starts.compare_starts(**folders), compare_starts.table
    elif given.what == "pipeline":
        path, in_lines = compare_pipeline.compare_pipeline(**folders), compare_pipeline.table
    else:
        path, in_lines = compare(given.what, **folders, recipes=given.recipes), table
    print(in_lines(json.loads(path.read_text(encoding="utf-8"))))
