"""Regression and hourglass, Wing and L1 and MSE, side by side on the same crops at one equal budget.

`aligners` is a small budget for all of them, `aligners_long` the length of what ships for its recipe and the hourglass.
Every run is a recipe with `compare_aligners.toml` (`compare_aligners_long.toml`) laid over it. Runs go on where a kill
stopped them. Writes aligners.json or aligners_long.json in weights/records: NME over the eye distance on the held-out
train faces and on val, boxes like the detector's, after one look and after two, and the milliseconds a face (one look)
on one core through the shipped engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from training.command_line import RECIPES
from training.config import load_recipe, load_values
from training.data.faces_with_points import read_landmark_sets
from training.export import current_commit, write_record
from training.landmark_evaluation import predictor, run_passes
from training.landmarks import HUMAN_SETS, LandmarkRecipe, load_network, train
from training.timing import milliseconds

SETS: Final = {
    "aligners": ("landmarks", "landmarks_l1", "landmarks_mse", "landmarks_noise", "landmarks_hourglass"),
    "aligners_long": ("landmarks", "landmarks_hourglass"),
}
OUTPUTS: Final = ("points", "log_error")


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
    for name in SETS[what]:
        recipe = load_recipe(recipes / f"{name}.toml", LandmarkRecipe, overrides=shared)
        run = runs / "compare" / what / name
        fitted = train(recipe, data=data, run_dir=run, resume=True, progress=progress)
        network, _ = load_network(run)
        record["runs"][name] = {
            "model": recipe.network.model,
            "loss": recipe.loss.kind if recipe.network.model == "regression" else "heat maps",
            "crops_seen": fitted.steps * recipe.run.batch,
            "dev": _errors(network, data, "dev"),
            "val": _errors(network, data, "val"),
            **milliseconds(network, run / "network.onnx", role="aligner", outputs=OUTPUTS, precision="bf16"),
        }
        write_record(path, record)
    return path


def _errors(network: Any, data: Path, split: str) -> dict[str, Any]:
    faces = read_landmark_sets(data / "landmarks", split=split)
    found: dict[str, Any] = {}
    for name in HUMAN_SETS:
        part = [face for face in faces if face.source == name]
        if part:
            first, second = run_passes(part, predictor(network))
            found[name] = {"one_look": first.summary(), "two_looks": second.summary()}
    return found


def table(record: dict[str, Any]) -> str:
    """The record's runs as lines: NME in per cent after two looks by set, dev and val, and milliseconds."""
    lines = []
    for name, row in record["runs"].items():
        errors = [
            f"{part} {source} {100 * scores['two_looks']['nme']:5.2f} %"
            for part in ("dev", "val")
            for source, scores in row[part].items()
        ]
        lines.append(f"{name:20} {'  '.join(errors)}  {row['ms_a_face']:.2f} ms")
    return "\n".join(lines)
