"""Losses, and starts and backbones, side by side at one equal budget: `python -m training.compare losses|backbones`.

Every run is a recipe with `compare.toml` laid over it, so that steps, rates and the drawing of pictures are the same
and only the recipe's own difference is left. Runs go on where a kill stopped them, and a finished one is read.
Writes weights/records/losses.json or weights/records/backbones.json: TPR at FPR 0.01 and 0.001 on the held-out train
people and on val, seconds, and for backbones the milliseconds a face on one core through the shipped engine.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from pipeline.engine import open_engine
from pipeline.manifest import InputSpec, NetworkFacts
from training.command_line import RECIPES, add_data, cache_folder
from training.config import load_recipe, load_values
from training.data.people import open_people, prepare, read_held_out
from training.embedder import SIDE_PX, EmbedderRecipe, StartMissing, build_network, network_weights, train
from training.embedder_choice import dev_sets, scores, val_sets
from training.export import current_commit, export_onnx, write_record

SETS: Final = {
    "losses": ("embedder_ce", "embedder_arcface", "embedder_cosface", "embedder_triplet", "embedder_distill"),
    "backbones": (
        "embedder_xxs",
        "embedder",
        "embedder_xxs_noise",
        "embedder_mobilenetv3",
        "embedder_mobilenetv4",
        "embedder_resnet18_noise",
        "embedder_resnet18",
    ),
}
ONE_BACKBONE: Final = "embedder_xxs"  # losses are compared on the smaller one
TIMED_RUNS: Final = 60


def compare(what: str, *, data: Path, runs: Path, out: Path, recipes: Path = RECIPES, progress: bool = True) -> Path:
    """Run what is not finished and write the record after every run; return its path."""
    cache = cache_folder(runs)
    people = open_people(prepare(data, cache))
    dev, val = dev_sets(people, read_held_out()), val_sets(people)
    shared = load_values(recipes / "compare.toml")
    if what == "losses":
        shared = shared | {"network": load_values(recipes / f"{ONE_BACKBONE}.toml")["network"]}
    record: dict[str, Any] = {
        "measures": "TPR at FPR 0.01 and 0.001, given points, one crop, no flip, float32; dev: held-out train people",
        "shared": shared,
        "data": people.data_id,
        "commit": current_commit(),
        "runs": {},
    }
    path = out / "records" / f"{what}.json"
    for name in SETS[what]:
        recipe = load_recipe(recipes / f"{name}.toml", EmbedderRecipe, overrides=shared)
        try:
            network = build_network(recipe.network, data).to(memory_format=torch.channels_last)
        except StartMissing as missing:
            record["runs"][name] = {"left_out": str(missing)}
            write_record(path, record)
            continue
        row: dict[str, Any] = {"backbone": recipe.network.backbone, "started_from": recipe.network.started_from}
        if what == "losses" and "start" not in record["runs"]:
            record["runs"]["start"] = {
                "dev": scores(network, people, dev, precise=True),
                "val": scores(network, people, val, precise=True),
            }
        run = runs / "compare" / what / name
        began = time.monotonic()
        fitted = train(recipe, run, data=data, cache=cache, resume=True, check=False, progress=progress)
        row |= {"pictures_seen": fitted.steps * recipe.batch.size, "seconds_of_this_start": _since(began)}
        network.load_state_dict(network_weights(fitted))
        row |= {
            "dev": scores(network, people, dev, precise=True),
            "val": scores(network, people, val, precise=True),
        }
        if what == "backbones":
            row |= milliseconds(network, run / "network.onnx")
        record["runs"][name] = row
        write_record(path, record)
    return path


def milliseconds(network: nn.Module, path: Path) -> dict[str, Any]:
    """Export to `path` and time one face on one core through the product's engine: median and quarter points."""
    exported = export_onnx(network, path, side_px=SIDE_PX, outputs=("embedding",), to_ship=False)
    facts = NetworkFacts(
        role="embedder",
        kind="arcface",
        path=path,
        sha256=exported.sha256,
        input=InputSpec(name="images", sizes_px=(SIDE_PX,), color="RGB", mean=(127.5,) * 3, std=(127.5,) * 3),
        outputs=exported.outputs,
        precision="f32",
        licence="-",
        facts={},
    )
    engine = open_engine(facts, threads=1, buckets=(1,))
    batch = np.zeros((1, 3, SIDE_PX, SIDE_PX), np.float32)
    taken = []
    for _ in range(TIMED_RUNS):
        began = time.perf_counter()
        engine.run(batch)
        taken.append(1000 * (time.perf_counter() - began))
    low, middle, high = np.percentile(taken[TIMED_RUNS // 6 :], [25, 50, 75])
    return {
        "ms_a_face": round(float(middle), 2),
        "ms_quarters": [round(float(low), 2), round(float(high), 2)],
        "megabytes": round(exported.size_bytes / 1e6, 1),
    }


def table(record: dict[str, Any]) -> str:
    """The record's runs as lines: mean over sets and rates of dev and of val, seconds, milliseconds."""
    lines = []
    for name, row in record["runs"].items():
        if "left_out" in row:
            lines.append(f"{name:26} left out: {row['left_out']}")
            continue
        dev, val = (float(np.mean(list(row[part].values()))) for part in ("dev", "val"))
        time_taken = f"{row['ms_a_face']:6.2f} ms" if "ms_a_face" in row else ""
        lines.append(f"{name:26} dev {dev:.4f}  val {val:.4f}  {time_taken}")
    return "\n".join(lines)


def _since(began: float) -> int:
    return round(time.monotonic() - began)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.compare", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=sorted(SETS))
    add_data(parser)
    parser.add_argument("--recipes", type=Path, default=RECIPES)
    parser.add_argument("--out", type=Path, default=Path("weights"))
    given = parser.parse_args()
    import json

    path = compare(given.what, data=given.data, runs=given.runs, out=given.out, recipes=given.recipes)
    print(table(json.loads(path.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
