"""Closed-set accuracy, as earlier projects gave it: `python -m training.comparisons.closed_set --data data`.

Of every train person with five pictures and more, a fifth of the pictures is held out by a fixed seed. `ce` and
`arcface` are trained on the rest at one equal budget, from the pack's start weights or, with `--start imagenet`, from
ImageNet's as those projects did; a held-out picture is right when its person has the nearest class weight of all
people, or, beside it, the nearest mean of the train pictures' vectors. TPR on people whom no training saw (val) stands
beside it. The runs go on where a kill stopped them; their logs hold loss and accuracy on the way. Writes
weights/records/closed_set.json (of ImageNet's start closed_set_imagenet.json).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from evaluation.metrics.bootstrap import Figure, mean_figure
from evaluation.metrics.verification import all_pairs, hardest, verify
from pipeline.types import FloatArray
from training.command_line import RECIPES, Refused, add_accelerator, add_data, cache_folder, plain_errors
from training.config import load_recipe, recipe_values
from training.data.people import People, open_people, prepare
from training.embedder.build import build_network
from training.embedder.choose import Sets, embed_rows, has_pairs, val_sets
from training.embedder.recipe import EmbedderRecipe
from training.embedder.train import START_VIEW, keep_start_view, network_weights, person_weights, train
from training.export.onnx import current_commit, write_record
from training.loop import Check
from training.processor import device_of

SEED: Final = 5
LEAST_PICTURES: Final = 5
HELD_OUT_SHARE: Final = 0.2
RUNS: Final = ("ce", "arcface")
Start = Literal["published", "imagenet"]
NAMES: Final[dict[Start, str]] = {
    "published": "closed_set",
    "imagenet": "closed_set_imagenet",
}  # of recipes, runs, record
UNSEEN_FPRS: Final = (0.2, 0.1, 0.05, 0.01)
KEPT_SHARE: Final = 0.5  # of the different pairs, the most alike: a resample may ask for more than the highest rate
WATCHED_ONE_IN: Final = 8  # of the held-out pictures, looked at while a run goes on


@dataclass(frozen=True, slots=True, eq=False)
class ClosedSet:
    """Rows of the cache; both parts hold every person."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def draw(people: People, *, seed: int = SEED) -> ClosedSet:
    """Hold out a fifth of the train pictures, one at least, of everyone with five and more. A function of the seed."""
    rows = np.flatnonzero(people.split == "train")
    names, label, counts = np.unique(people.person[rows], return_inverse=True, return_counts=True)
    chance = np.random.default_rng(seed)
    kept: list[NDArray[np.int64]] = []
    held: list[NDArray[np.int64]] = []
    for person in range(len(names)):
        if counts[person] < LEAST_PICTURES:
            continue
        own = chance.permutation(rows[label == person])
        part = max(1, round(HELD_OUT_SHARE * len(own)))
        held.append(own[:part])
        kept.append(own[part:])
    if not kept:
        raise Refused(f"nobody in the train part has {LEAST_PICTURES} pictures")
    return ClosedSet(np.sort(np.concatenate(kept)), np.sort(np.concatenate(held)))


def right_by(centres: FloatArray, names: NDArray[np.str_], vectors: FloatArray, person: NDArray[np.str_]) -> Any:
    """(N,) whether the most alike of the centres (P, D), one a name, is the picture's own person."""
    unit = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    return names[(vectors @ unit.T).argmax(axis=1)] == person


def class_means(vectors: FloatArray, person: NDArray[np.str_], names: NDArray[np.str_]) -> FloatArray:
    """(P, D) sums of unit vectors, person by person, in the order of `names`."""
    sums = np.zeros((len(names), vectors.shape[1]), np.float32)
    np.add.at(sums, np.searchsorted(names, person), vectors)
    return sums


def measure(
    *,
    data: Path,
    runs: Path,
    start: Start = "published",
    recipes: Path = RECIPES,
    accelerator: str = "cpu",
    workers: int = 0,
    progress: bool = True,
) -> dict[str, Any]:
    """Train what is not trained yet, and score everything."""
    cache = cache_folder(runs)
    people = open_people(prepare(data, cache, workers=workers))
    unseen = val_sets(people)
    parts = draw(people)
    names = np.unique(people.person[parts.train])
    owners = people.person[parts.test]
    network = None
    found: dict[str, Any] = {}
    right: dict[str, NDArray[np.bool_]] = {}
    for kind in RUNS:
        recipe = load_recipe(recipes / f"{NAMES[start]}_{kind}.toml", EmbedderRecipe)
        network = build_network(recipe.network, data).to(device_of(accelerator), memory_format=torch.channels_last)
        run = runs / NAMES[start] / kind
        if not found:
            known, tested = _views(network, people, parts)
            by_mean = right_by(class_means(known, people.person[parts.train], names), names, tested, owners)
            found["start"] = {"by_mean": _accuracy(by_mean, owners), "unseen": _unseen(network, people, unseen)}
        if not (run / START_VIEW).exists():
            keep_start_view(known, run)  # both runs start from one network
        fitted = train(
            recipe,
            run,
            data=data,
            cache=cache,
            resume=True,
            rows=parts.train,
            check=_on_the_way(people, parts.test[::WATCHED_ONE_IN], names),
            accelerator=accelerator,
            workers=workers,
            progress=progress,
        )
        network.load_state_dict(network_weights(fitted))
        seen, vectors = _views(network, people, parts)
        means = class_means(seen, people.person[parts.train], names)
        right[kind] = right_by(person_weights(fitted), names, vectors, owners)
        found[kind] = {
            "by_weight": _accuracy(right[kind], owners),
            "by_mean": _accuracy(right_by(means, names, vectors, owners), owners),
            "unseen": _unseen(network, people, unseen),
            "steps": fitted.steps,
            "pictures_seen": fitted.steps * recipe.batch.size,
            "recipe": recipe_values(recipe),
        }
    gain = mean_figure(right["arcface"].astype(float) - right["ce"], owners)
    return {
        "measures": "accuracy@1 on held-out pictures of train people; TPR on val people, whom no training saw; "
        "intervals over people, crops with given points",
        "people": {name: int(np.char.startswith(names, f"{name}/").sum()) for name in ("celeba", "wild")},
        "train_pictures": len(parts.train),
        "held_out_pictures": len(parts.test),
        "seed": SEED,
        "data": people.data_id,
        "commit": current_commit(),
        **found,
        "arcface_over_ce": _figure(gain),
    }


def _on_the_way(people: People, rows: NDArray[np.int64], names: NDArray[np.str_]) -> Check:
    """Accuracy@1 by class weight on some held-out pictures, for the run's log."""

    def check(trained: Any) -> dict[str, float]:
        weight = functional.normalize(trained.margin.weight.detach().float().T, dim=1).cpu().numpy()
        right = right_by(weight, names, embed_rows(trained.network, people, rows), people.person[rows])
        return {"accuracy@1": float(right.mean())}

    return check


def _unseen(network: torch.nn.Module, people: People, sets: Sets) -> dict[str, Any]:
    """By val set: people, pictures, and TPR at each of UNSEEN_FPRS with its interval over people."""
    found: dict[str, Any] = {}
    for name, rows in sets.items():
        if not has_pairs(people, rows):
            continue
        pairs = all_pairs(embed_rows(network, people, rows, precise=True), people.person[rows])
        result = verify(hardest(pairs, KEPT_SHARE), fprs=UNSEEN_FPRS)
        found[name] = {"people": result.people, "pictures": result.pictures} | {
            f"tpr@{point.fpr:g}": _figure(point.tpr) for point in result.points
        }
    return found


def _views(network: torch.nn.Module, people: People, parts: ClosedSet) -> tuple[FloatArray, FloatArray]:
    """Unit vectors of the train pictures and of the held-out ones."""
    return embed_rows(network, people, parts.train), embed_rows(network, people, parts.test)


def _accuracy(right: NDArray[np.bool_], owners: NDArray[np.str_]) -> dict[str, Any]:
    found: dict[str, Any] = {"all": {"n": len(right), **_figure(mean_figure(right, owners))}}
    for name in ("celeba", "wild"):
        own = np.char.startswith(owners, f"{name}/")
        if own.any():
            found[name] = {"n": int(own.sum()), **_figure(mean_figure(right[own], owners[own]))}
    return found


def _figure(figure: Figure) -> dict[str, float]:
    return {"value": round(figure.value, 4), "low": round(figure.low, 4), "high": round(figure.high, 4)}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.comparisons.closed_set", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_data(parser)
    add_accelerator(parser)
    parser.add_argument("--start", choices=tuple(NAMES), default="published", help="weights that both runs start from")
    parser.add_argument("--recipes", type=Path, default=RECIPES, help="folder with closed_set_{ce,arcface}.toml")
    parser.add_argument("--out", type=Path, default=Path("weights"))
    given = parser.parse_args()
    where = {"accelerator": given.accelerator, "workers": given.workers}
    record = measure(data=given.data, runs=given.runs, start=given.start, recipes=given.recipes, **where)
    write_record(given.out / "records" / f"{NAMES[given.start]}.json", record)
    shown = {name: record[name] for name in ("start", *RUNS, "arcface_over_ce")}
    for kind in RUNS:
        shown[kind] = {name: shown[kind][name] for name in ("by_weight", "by_mean", "unseen")}
    print(json.dumps(shown, indent=1))


if __name__ == "__main__":
    with plain_errors():
        main()
