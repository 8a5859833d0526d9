"""Regression and hourglass, Wing and L1 and MSE, side by side on the same crops at one equal budget.

`aligners` is a small budget for all of them, `aligners_long` the length of what ships for its recipe and the hourglass.
Every run is a recipe with `compare_aligners.toml` (`compare_aligners_long.toml`) laid over it. Runs go on where a kill
stopped them. Writes aligners.json or aligners_long.json in weights/records: NME over the eye distance on the held-out
train faces and on val, boxes like the detector's, after one look and after two, each also as its difference from the
first recipe's after two, paired over the faces; and the milliseconds a face (one look) on one core through the shipped
engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from evaluation.documents.base import plain
from evaluation.metrics.bootstrap import mean_figure
from training.command_line import RECIPES
from training.comparisons.timing import milliseconds
from training.config import load_recipe, load_values
from training.data.faces_with_points import read_landmark_sets
from training.export.onnx import current_commit, write_record
from training.landmarks.evaluate import Predicted, predictor, run_passes
from training.landmarks.recipe import LandmarkRecipe
from training.landmarks.train import HUMAN_SETS, load_network, train

SETS: Final = {
    "aligners": ("landmarks_regression", "landmarks_l1", "landmarks_mse", "landmarks_noise", "landmarks_hourglass"),
    "aligners_long": ("landmarks_regression", "landmarks_hourglass"),
}
OUTPUTS: Final = ("points", "log_error")
LOOKS: Final = ("one_look", "two_looks")

Looks = dict[str, list[Predicted]]  # by set, one entry a look


def compare_aligners(
    what: str, *, data: Path, runs: Path, out: Path, recipes: Path = RECIPES, progress: bool = True
) -> Path:
    """Run what of a set is not finished and write the record after every run; return its path."""
    shared = load_values(recipes / f"compare_{what}.toml")
    record: dict[str, Any] = {
        "measures": "NME over the eye distance, boxes like the detector's, one look at the face and two",
        "shared": shared,
        "commit": current_commit(),
        "runs": {},
    }
    path = out / "records" / f"{what}.json"
    first: dict[str, Looks] = {}
    for name in SETS[what]:
        recipe = load_recipe(recipes / f"{name}.toml", LandmarkRecipe, overrides=shared)
        run = runs / "compare" / what / name
        fitted = train(recipe, data=data, run_dir=run, resume=True, progress=progress)
        network, _ = load_network(run)
        seen = {split: _look(network, data, split) for split in ("dev", "val")}
        first = first or seen
        record["runs"][name] = {
            "model": recipe.network.model,
            "loss": recipe.loss.kind if recipe.network.model == "regression" else "heat maps",
            "crops_seen": fitted.steps * recipe.run.batch,
            "trained_at": fitted.facts["commit"],
            **{split: _summary(looks) for split, looks in seen.items()},
            "against_first": {split: _against(looks, first[split]) for split, looks in seen.items()},
            **milliseconds(network, run / "network.onnx", role="aligner", outputs=OUTPUTS, precision="bf16"),
        }
        write_record(path, record)
    return path


def _look(network: Any, data: Path, split: str) -> Looks:
    faces = read_landmark_sets(data / "landmarks", split=split)
    parts = {name: [face for face in faces if face.source == name] for name in HUMAN_SETS}
    return {name: run_passes(part, predictor(network)) for name, part in parts.items() if part}


def _summary(seen: Looks) -> dict[str, Any]:
    return {name: {look: one.summary() for look, one in zip(LOOKS, ways, strict=True)} for name, ways in seen.items()}


def _against(seen: Looks, first: Looks) -> dict[str, Any]:
    """What a look's NME is above the first recipe's after two looks; below nought it is the better one."""
    return {
        name: {
            look: plain(mean_figure(one.errors - first[name][-1].errors)) for look, one in zip(LOOKS, ways, strict=True)
        }
        for name, ways in seen.items()
    }


def table(record: dict[str, Any]) -> str:
    """The record's runs as lines, one a look: NME in per cent by set, dev and val, and milliseconds of the look."""
    lines = []
    for name, row in record["runs"].items():
        for look in LOOKS:
            errors = [
                f"{part} {source} {100 * scores[look]['nme']:5.2f} %"
                for part in ("dev", "val")
                for source, scores in row[part].items()
            ]
            lines.append(f"{name:20} {look:9} {'  '.join(errors)}  {row['ms_a_face']:.2f} ms")
    return "\n".join(lines)
