"""The chosen network as `embedder.onnx` with its record: mixed with its start, collections projected out, small."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from evaluation.metrics.verification import tpr_at
from training.config import recipe_values
from training.data.augment import middle
from training.data.people import People, open_people, prepare, read_held_out
from training.embedder.build import DIMENSION, build_network
from training.embedder.choose import (
    FPRS,
    Sets,
    choose_share,
    dev_sets,
    embed_rows,
    has_pairs,
    mix_weights,
    report,
    val_sets,
)
from training.embedder.concatenated import ConcatenatedEmbedders, reweighted
from training.embedder.nuisance_projection import ProjectedEmbedder, fit_projection
from training.embedder.recipe import stored_recipe
from training.embedder.train import network_weights
from training.export.onnx import compare_with_torch, export_onnx, write_record
from training.export.small_file import round_weights, shrink
from training.loop import CHECKPOINT, Fitted, read_checkpoint

TEACHER: Final = "MobileFaceNet 3.4 M, EdgeFace-XS and SFace side by side (the pack's teacher.npy)"
SOURCES: Final = {"celeba": "CelebA", "wild/pins": "Pins", "wild/kpop": "kpop"}
FITTED_ON: Final = 25_000  # train pictures of a collection, at most: all of the pack's
FITTED_ON_TO_CHOOSE: Final = 2000  # a minute for each of the networks that are chosen from
BESIDE_SHARES: Final = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
SIDE_PX: Final = 112
WIDE_LAYER: Final = "second.head.weight"  # two thirds of SFace's numbers
CHOICE: Final = "choice.json"  # in a run folder: the share that won on held-out people, and every share's scores


def choose(run_dir: Path, *, data: Path, cache: Path, device: torch.device | None = None) -> dict[str, Any]:
    """Find on held-out people how far to go from the start weights to the run's average; keep it in the run.

    Then, of two concatenated networks, the weight of the second: after the projection another one is best than in
    training. Every network is scored after the projection, as it would ship. device: where, else the CPU.
    """
    fitted = read_checkpoint(run_dir / CHECKPOINT)
    recipe = stored_recipe(fitted.facts)
    people = open_people(prepare(data, cache))
    network = build_network(recipe.network, data)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    network = network.to(device, memory_format=torch.channels_last)
    sets = dev_sets(people, read_held_out())
    share, table = choose_share(
        network,
        start,
        network_weights(fitted),
        people,
        sets,
        ready=lambda mixed: projected(mixed, people, most=FITTED_ON_TO_CHOOSE),
    )
    choice: dict[str, Any] = {"share": share, "dev": table}
    if isinstance(network, ConcatenatedEmbedders):
        choice["beside_share"], choice["dev_by_beside_share"] = choose_beside_share(network, people, sets)
    write_record(run_dir / CHOICE, choice)
    return choice


def choose_beside_share(
    network: ConcatenatedEmbedders, people: People, sets: Sets
) -> tuple[float, dict[str, dict[str, float]]]:
    """The share of BESIDE_SHARES that is best on `sets`, and every share's scores."""
    train = [embed_rows(network, people, rows) for rows in _collections(people, FITTED_ON)]
    asked = {name: embed_rows(network, people, rows) for name, rows in sets.items() if has_pairs(people, rows)}
    table: dict[str, dict[str, float]] = {}
    for share in BESIDE_SHARES:
        mixed = partial(reweighted, weight=share, was=network.weight, first=DIMENSION)
        projection = fit_projection([mixed(vectors) for vectors in train], DIMENSION)
        table[f"{share:g}"] = {
            f"{name}@{rate:g}": tpr
            for name, vectors in asked.items()
            for rate, tpr in tpr_at(projection.apply(mixed(vectors)), people.person[sets[name]], fprs=FPRS).items()
        }
    return max(BESIDE_SHARES, key=lambda share: float(np.mean(list(table[f"{share:g}"].values())))), table


def export(run_dir: Path, out: Path, *, data: Path, cache: Path) -> dict[str, Any]:
    """Write the chosen network as `embedder.onnx` under `out`, with its record; returns the record.

    Held-out people must have chosen before (`choose`). The official val people are looked at here, once.
    """
    fitted = read_checkpoint(run_dir / CHECKPOINT)
    recipe = stored_recipe(fitted.facts)
    choice = json.loads((run_dir / CHOICE).read_text(encoding="utf-8"))
    people = open_people(prepare(data, cache))
    before = build_network(recipe.network, data)
    network = chosen_network(fitted, choice, data)
    sets = val_sets(people)
    pictures = middle(torch.from_numpy(people.crops[next(iter(sets.values()))[:32]]))
    small = isinstance(network, ConcatenatedEmbedders)  # in float32 the file would have 49 MB
    network = projected(network, people)
    if small:
        round_weights(network, int8=WIDE_LAYER)
    exported = export_onnx(network, out / "embedder.onnx", side_px=SIDE_PX, outputs=("embedding",), to_ship=not small)
    if small:
        exported = shrink(exported, int8=WIDE_LAYER)
    parity = compare_with_torch(network, exported.path, side_px=SIDE_PX, pictures=pictures.numpy())
    record = {
        "role": "embedder",
        "file": exported.path.name,
        "sha256": exported.sha256,
        "size_bytes": exported.size_bytes,
        "input": {"name": "images", "side_px": SIDE_PX, "color": "RGB", "mean": [127.5] * 3, "std": [127.5] * 3},
        "output": f"embedding (B,{DIMENSION})",
        "licence": recipe.network.licence,
        "started_from": recipe.network.started_from,
        "distilled_from": TEACHER if recipe.losses.imitation or recipe.losses.relational else "",
        "data": {
            "id": fitted.facts["data"],
            "pictures": fitted.facts["pictures"],
            "people": fitted.facts["people"],
            "sources": ", ".join(f"{SOURCES.get(name, name)} (train)" for name in _collection_rows(people)),
            "held_out": fitted.facts["held_out"],
        },
        "recipe": recipe_values(recipe),
        "steps": fitted.steps,
        "share_of_trained_weights": choice["share"],
        **({"beside_share": choice["beside_share"]} if small else {}),
        "commit": fitted.facts["commit"],
        "parity": parity,
        "scores": {name: table for name, table in choice.items() if name.startswith("dev")}
        | {"val": report(before, network, people, sets)},
    }
    write_record(out / "records" / "embedder.json", record)
    return record


def chosen_network(fitted: Fitted, choice: Mapping[str, Any], data: Path) -> nn.Module:
    """A run's network as far from its start, and with as much of the second one, as `choose` found best."""
    network = build_network(stored_recipe(fitted.facts).network, data)
    network.load_state_dict(mix_weights(network.state_dict(), network_weights(fitted), choice["share"]))
    if isinstance(network, ConcatenatedEmbedders):
        network.weight = choice["beside_share"]
    return network


def projected(network: nn.Module, people: People, *, most: int = FITTED_ON) -> ProjectedEmbedder:
    """The network as it ships: what tells the collections of train pictures apart is taken out of its vectors.

    most: train pictures of a collection that are looked at.
    """
    projection = fit_projection([embed_rows(network, people, rows) for rows in _collections(people, most)], DIMENSION)
    return ProjectedEmbedder(network, projection).to(next(network.parameters()).device)


def _collections(people: People, most: int) -> list[NDArray[np.int64]]:
    """Rows of the train pictures of people not held out, by the folder they came from, at most so many of each."""
    return [np.sort(rows[:most]) for rows in _collection_rows(people).values()]


def _collection_rows(people: People) -> dict[str, NDArray[np.int64]]:
    """Collection -> its rows, shuffled."""
    rows = np.flatnonzero((people.split == "train") & ~read_held_out().mask(people.person))
    rows = np.random.default_rng(0).permutation(rows)
    collection = np.array([source if source.startswith("wild/") else "celeba" for source in people.source[rows]])
    return {str(name): rows[collection == name] for name in np.unique(collection)}
