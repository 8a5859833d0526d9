"""What the years since ArcFace brought, tried on the recipe that ships: `python -m training.comparisons.literature`.

AdaDistill's centres from the teacher's vectors, a memory bank of pairs, AdaFace's and MagFace's margins: each is a
recipe that differs from `embedder.toml` in that alone; and AdaDistill without any other term, as its paper has it.
Every run is trained as the shipped embedder was: how far to go from the start weights, and how much of the second
network, is chosen on held-out people after the projection; then the val people report, TPR at FPR 0.01 and 0.001 with
95 % intervals over people, and the paired gain over the file that ships (`--shipped`), all on the cache's crops,
points as given. The start network looks at the train pictures once for all runs; runs go on where a kill stopped them,
and a finished one is read.
Writes literature.json in weights/records after every run; `--table` prints what it holds and trains nothing.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.engine import Backend, open_engine
from pipeline.types import FloatArray
from training.command_line import RECIPES, Refused, add_accelerator, add_data, cache_folder, plain_errors
from training.comparisons.timing import file_facts
from training.config import load_recipe, recipe_values
from training.data.augment import middle
from training.data.people import People, open_people, prepare, read_held_out
from training.embedder.build import build_network
from training.embedder.choose import Sets, VectorsOf, embed_rows, has_pairs, report_of, val_sets
from training.embedder.export import CHOICE, choose, chosen_network, projected
from training.embedder.recipe import EmbedderRecipe, NetworkSettings, stored_recipe
from training.embedder.train import START_VIEW, keep_start_view, train
from training.export.onnx import current_commit, sha256_of, write_record
from training.loop import CHECKPOINT, Fitted
from training.processor import device_of

TRIED: Final = (
    "embedder_adadistill",
    "embedder_memory",
    "embedder_adaface",
    "embedder_magface",
    "embedder_adadistill_alone",
)
RECORD: Final = "literature.json"
SHIPPED: Final = Path("weights/embedder.onnx")
BATCH: Final = 32


def compare_literature(
    *,
    data: Path,
    runs: Path,
    out: Path,
    shipped: Path = SHIPPED,
    tried: Sequence[str] = TRIED,
    recipes: Path = RECIPES,
    accelerator: str = "cpu",
    workers: int = 0,
    progress: bool = True,
) -> Path:
    """Train what is not trained yet, choose, report; write the record after every run and return its path."""
    cache, device = cache_folder(runs), device_of(accelerator)
    people = open_people(prepare(data, cache, workers=workers))
    rows = np.flatnonzero((people.split == "train") & ~read_held_out().mask(people.person))
    sets = {name: asked for name, asked in val_sets(people).items() if has_pairs(people, asked)}
    backend = backend_here()
    shipped_of = vectors_of_file(shipped, people, sets, backend=backend)
    record: dict[str, Any] = {
        "measures": "TPR at FPR 0.01 and 0.001 on val people with 95 % intervals over people, and the paired gain over "
        "the file that ships; crops with given points, one crop, no flip; chosen on held-out train people",
        "data": people.data_id,
        "commit": current_commit(),
        "pictures": len(rows),
        "shipped": {
            "file": shipped.name,
            "sha256": sha256_of(shipped),
            "computed_by": f"{backend}, float32",
            "val": report_of(shipped_of, people, sets, over={}),
        },
        "runs": {},
    }
    path = out / "records" / RECORD
    views: dict[NetworkSettings, FloatArray] = {}
    for name in tried:
        recipe = load_recipe(recipes / f"{name}.toml", EmbedderRecipe)
        run = runs / "literature" / name
        _share_start_view(run, recipe.network, views, people, rows, data=data, device=device)
        fitted = train(
            recipe,
            run,
            data=data,
            cache=cache,
            resume=True,
            rows=rows,
            check=None,
            accelerator=accelerator,
            workers=workers,
            progress=progress,
        )
        choice = _choice(run, data=data, cache=cache, device=device)
        record["runs"][name] = _row(fitted, choice, people, sets, shipped_of, data=data, device=device)
        write_record(path, record)
    return path


def backend_here() -> Backend:
    """The product's engine, or the other one where that is not installed. Raises Refused where neither is."""
    backends: tuple[Backend, ...] = ("openvino", "onnxruntime")
    for backend in backends:
        if find_spec(backend) is not None:
            return backend
    raise Refused("the shipped embedder needs openvino or onnxruntime to be installed")


def vectors_of_file(file: Path, people: People, sets: Sets, *, backend: Backend) -> VectorsOf:
    """Unit vectors that a file makes of the crops of each set, computed once, in float32."""
    facts = file_facts(file, role="embedder", outputs=("embedding",))
    engine = open_engine(facts, backend=backend, threads=os.cpu_count() or 1, buckets=(1, BATCH))
    found: dict[int, FloatArray] = {}  # by row
    for rows in sets.values():
        for start in range(0, len(rows), BATCH):
            asked = rows[start : start + BATCH]
            crops = torch.from_numpy(np.stack([people.crops[row] for row in asked]))
            (vectors,) = engine.run(np.ascontiguousarray(middle(crops).numpy()))
            found |= dict(zip(asked.tolist(), vectors / np.linalg.norm(vectors, axis=1, keepdims=True), strict=True))
    return lambda rows: np.stack([found[row] for row in rows.tolist()])


def table(record: dict[str, Any]) -> str:
    """The record as a table in Markdown: a line a run, TPR and paired gain of every val set and rate."""
    shipped = record["shipped"]["val"]
    columns = [(name, rate) for name, row in shipped.items() for rate in row if rate.startswith("tpr@")]
    heads = [f"{name}, n {shipped[name]['pictures']}, {rate.removeprefix('tpr')}" for name, rate in columns]
    lines = [f"| tried | share | {' | '.join(heads)} |", f"|---|---|{'---|' * len(heads)}"]
    figures = [_value(shipped[name][rate]) for name, rate in columns]
    lines.append(f"| ships | | {' | '.join(figures)} |")
    for name, run in record["runs"].items():
        figures = [f"{_value(run['val'][one][rate])}, {_gain(run['val'][one][rate])}" for one, rate in columns]
        lines.append(f"| {name.removeprefix('embedder_')} | {run['share']:g} | {' | '.join(figures)} |")
    return "\n".join(lines)


def _value(point: dict[str, Any]) -> str:
    low, high = point["interval"]
    return f"{point['value']:.3f} ({low:.3f} to {high:.3f})"


def _gain(point: dict[str, Any]) -> str:
    low, high = point["gain_interval"]
    return f"{point['gain_over_shipped']:+.3f} ({low:+.3f} to {high:+.3f})"


def _share_start_view(
    run: Path,
    network: NetworkSettings,
    views: dict[NetworkSettings, FloatArray],
    people: People,
    rows: NDArray[np.int64],
    *,
    data: Path,
    device: torch.device,
) -> None:
    """Put the start network's view into a run that has none: made once a network, or read from an earlier run."""
    if (run / START_VIEW).exists():
        views.setdefault(network, np.load(run / START_VIEW).astype(np.float32))
        return
    if network not in views:
        start = build_network(network, data).to(device, memory_format=torch.channels_last)
        views[network] = embed_rows(start, people, rows)
    keep_start_view(views[network], run)


def _choice(run: Path, *, data: Path, cache: Path, device: torch.device) -> dict[str, Any]:
    """What held-out people chose of a run; found anew where the run has gone on since."""
    kept = run / CHOICE
    if kept.exists() and kept.stat().st_mtime_ns > (run / CHECKPOINT).stat().st_mtime_ns:
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    return choose(run, data=data, cache=cache, device=device)


def _row(
    fitted: Fitted,
    choice: dict[str, Any],
    people: People,
    sets: Sets,
    shipped_of: VectorsOf,
    *,
    data: Path,
    device: torch.device,
) -> dict[str, Any]:
    recipe = stored_recipe(fitted.facts)
    network = chosen_network(fitted, choice, data).to(device, memory_format=torch.channels_last)
    ready = projected(network, people)
    return {
        "steps": fitted.steps,
        "pictures_seen": fitted.steps * recipe.batch.size,
        "commit": fitted.facts["commit"],
        **choice,
        "val": report_of(
            lambda asked: embed_rows(ready, people, asked, precise=True), people, sets, over={"shipped": shipped_of}
        ),
        "recipe": recipe_values(recipe),
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.comparisons.literature", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_data(parser)
    add_accelerator(parser)
    parser.add_argument("--shipped", type=Path, default=SHIPPED, help="file that every run is compared with")
    parser.add_argument("--tried", nargs="+", default=TRIED, metavar="RECIPE", help="names of recipes, all without it")
    parser.add_argument("--recipes", type=Path, default=RECIPES)
    parser.add_argument("--out", type=Path, default=Path("weights"), help="the record goes to its records/")
    parser.add_argument("--table", action="store_true", help="print the record as a table and do nothing else")
    given = parser.parse_args()
    path = given.out / "records" / RECORD
    if not given.table:
        path = compare_literature(
            data=given.data,
            runs=given.runs,
            out=given.out,
            shipped=given.shipped,
            tried=given.tried,
            recipes=given.recipes,
            accelerator=given.accelerator,
            workers=given.workers,
        )
    print(table(json.loads(path.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    with plain_errors():
        main()
