"""The looks that an embedder's vectors tell: two small networks a trait, written as `looks.npz` (index.looks).

    python -m training.embedder.looks --data data

Learnt from the shipped embedder's vectors of single pictures, so that it reads an asker's one photo as it reads a
gallery's mean: train pictures of CelebA with their person's label, and of the web pictures with the label of
`evaluation/datasets/looks_of_people.csv`. People held out of training and val people are not among them; the held-out
ones say how good it is. Minutes, nearly all of them for vectors, which the evaluation's cache keeps.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from evaluation.cli import open_evaluation
from evaluation.datasets import pack
from evaluation.datasets.askers import read_looks
from evaluation.datasets.embeddings import Embedded
from evaluation.datasets.held_out import held_out_people, read_groups
from index.celeba import read_celeba
from index.looks import FILE, SEX, Looks
from pipeline.types import FloatArray
from training.command_line import plain_errors

TRAITS: Final = (SEX, "Young")
SEEDS: Final = (0, 1)  # networks a trait; their logits are averaged
HIDDEN: Final = 128
EPOCHS: Final = 12
BATCH: Final = 256
RATE: Final = 3e-3
DECAY: Final = 0.05
DROPOUT: Final = 0.5
SMOOTHING: Final = 0.02  # labels are wrong now and then
OF_EACH_WEB_PERSON: Final = 25  # pictures: CelebA's people have three


def fit(vectors: FloatArray, labels: NDArray[np.float32], *, embedder: str) -> Looks:
    """Fit TRAITS. vectors: (N, D) unit rows; labels: (N, T), 1 with the trait, 0 without, NaN where nobody says."""
    blocks = [
        [_fit_one(vectors[known], labels[known, trait], seed) for seed in SEEDS]
        for trait in range(len(TRAITS))
        for known in [np.isfinite(labels[:, trait])]
    ]
    nets = [net for block in blocks for net in block]
    outer = np.zeros((HIDDEN * len(nets), len(TRAITS)), np.float32)
    for k, (_, _, weights, _) in enumerate(nets):
        outer[k * HIDDEN : (k + 1) * HIDDEN, k // len(SEEDS)] = weights / len(SEEDS)
    return Looks(
        embedder=embedder,
        traits=TRAITS,
        inner=np.concatenate([net[0] for net in nets], axis=1),
        inner_bias=np.concatenate([net[1] for net in nets]),
        outer=outer,
        outer_bias=np.array([np.mean([net[3] for net in block]) for block in blocks], np.float32),
    )


def _fit_one(
    vectors: FloatArray, labels: NDArray[np.float32], seed: int
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """One network: inner (D, H), its bias (H,), outer (H,), its bias; logits of the trait."""
    torch.manual_seed(seed)
    scale = vectors.shape[1] ** 0.5 / 2  # so that the numbers that go in are about 0.5
    network = nn.Sequential(nn.Linear(vectors.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, 1))
    inputs, targets = torch.from_numpy(vectors * np.float32(scale)), torch.from_numpy(labels)
    targets = targets * (1 - SMOOTHING) + SMOOTHING / 2
    steps = EPOCHS * -(-len(inputs) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(inputs)).split(BATCH):
            loss = functional.binary_cross_entropy_with_logits(network(inputs[rows])[:, 0], targets[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    inner, inner_bias, outer, outer_bias = (value.detach().numpy() for value in network.parameters())
    return inner.T * np.float32(scale), inner_bias, outer[0], float(outer_bias[0])


def learnt_from(data: Path, celeba: Embedded, web: Embedded) -> tuple[FloatArray, NDArray[np.float32]]:
    """Vectors (N, D) and labels (N, T) of the train people who were not held out."""
    known = read_celeba(data / "celeba").known
    held = frozenset().union(*held_out_people().values())
    held_web = {name.partition("/")[2] for people in read_groups().values() for name in people}
    table = read_looks()
    ours = celeba.where(lambda one: one.split == "train" and one.person not in held and one.person in known)
    theirs = web.where(lambda one: one.split == "train" and one.person not in held_web and one.person in table)
    labels = [_labels(known[one.person].attributes or {}) for one in ours.pictures]
    labels += [_labels(table[one.person].attributes) for one in theirs.pictures]
    found = [one.vectors for one in (ours, theirs) if len(one.vectors)]
    vectors = np.concatenate(found) if found else np.zeros((0, 0), np.float32)
    return vectors, np.array(labels, np.float32).reshape(-1, len(TRAITS))


def _labels(told: Mapping[str, bool]) -> list[float]:
    return [float(told[trait]) if trait in told else float("nan") for trait in TRAITS]


def web_pictures(data: Path) -> list[pack.FacePicture]:
    """Train pictures of the web, the first OF_EACH_WEB_PERSON of each person."""
    count: dict[str, int] = {}
    chosen = []
    for picture in pack.read_wild(data):
        count[picture.person] = count.get(picture.person, 0) + 1
        if picture.split == "train" and count[picture.person] <= OF_EACH_WEB_PERSON:
            chosen.append(picture)
    return chosen


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.embedder.looks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder laid out like the data pack")
    parser.add_argument("--cache", type=Path, default=Path("runs/cache/evaluation"), help="vectors are kept here")
    words = parser.parse_args(arguments)
    opened = open_evaluation(words.data, limit=None, cache=words.cache)
    run = opened.evaluation
    vectors, labels = learnt_from(words.data, run.celeba_rest, run.embed("web, train", web_pictures(words.data)))
    if not np.isfinite(labels).any(axis=0).all():  # the product answers without: by the cosine alone
        print(f"no train picture has a label for each of {', '.join(TRAITS)}: {FILE} is not made")
        return
    looks = fit(vectors, labels, embedder=opened.pipeline.embedder_id)
    file = opened.settings.weights_dir / FILE
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(looks.to_bytes())
    part.replace(file)
    print(f"wrote {file}: {', '.join(TRAITS)} from {len(vectors):,} pictures")


if __name__ == "__main__":
    with plain_errors():
        main()
