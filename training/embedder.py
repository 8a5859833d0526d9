"""The embedder's training: network, losses, batches, checks; `python -m training.embedder --help`.

    prepare   decode and straighten every picture once (49 kB each under runs/cache)
    train     a recipe -> a run folder; --resume goes on after a kill
    choose    how far to go from the start weights to the run's averaged ones, on held-out people
    export    a run at that share -> weights/embedder.onnx and its record

The network's input is normalised outside: (x - 127.5) / 127.5 of RGB, see `weights/manifest.toml`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import lightning
import numpy as np
import timm
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from pipeline.types import FloatArray
from training.config import build, load_recipe, recipe_values
from training.data.augment import Augmentation, augment, middle
from training.data.people import HELD_OUT_FILE, HeldOut, People, open_people, prepare, read_held_out
from training.export import compare_with_torch, current_commit, export_onnx, sha256_of, write_record
from training.loop import CHECKPOINT, Fitted, fit, read_checkpoint, step_seed, warmup_cosine
from training.losses.imitation import ImitationLoss, procrustes
from training.losses.margin import MarginLoss, MarginSettings
from training.losses.relational import RelationalLoss
from training.losses.triplet import SemiHardTripletLoss
from training.verification import tpr_at_fpr

DIMENSION: Final = 512
SIDE_PX: Final = 112


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """What is trained and where it starts."""

    backbone: str = "edgenext_x_small"  # timm's name; its last layer gives the 512 numbers
    start: Path | None = Path("data/init/edgeface_xs_edgenext_x_small_fp16.safetensors")  # None: from noise
    started_from: str = "EdgeFace-XS (Idiap), timm edgenext_x_small, from upstream's quantised file"  # for the card
    licence: str = "CC-BY-NC-SA-4.0"  # of the start weights, hence of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class LossWeights:
    """Each term's share of the loss; 0 leaves it out."""

    imitation: float = 1.0  # 1 - cos to the teacher's vector in our space
    relational: float = 10.0  # squared differences of cosines are ~0.01 where the first term is ~0.3
    margin: float = 0.02  # softmax over people; ~5 at the start where the first is ~0.3
    triplet: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """Who is in a batch. Pictures are drawn with a weight of (pictures of the person) ** -balance."""

    size: int = 128  # pictures; drawn in pairs of one person (of one picture, where it is the only one)
    balance: float = 0.5  # 0: every picture alike; 1: every person alike
    toward_person: float = 0.3  # a teacher vector's target is pulled by this share of its person's mean, 0..1


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderRecipe:
    """One run of the embedder."""

    seed: int = 0
    steps: int = 2000
    warmup_steps: int = 150
    learning_rate: float = 2e-4  # AdamW, peak; 2e-3 is known to lose 0.5 to 1.5 points of TPR
    margin_learning_rate: float = 2e-3  # of the people's weights, which start at their pictures' means
    weight_decay: float = 0.01
    average_decay: float = 0.996  # of the weights' moving average
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"
    check_every: int = 400  # steps
    data: Path = Path("data")
    cache: Path = Path("runs/cache")
    network: NetworkSettings = field(default_factory=NetworkSettings)
    losses: LossWeights = field(default_factory=LossWeights)
    margin: MarginSettings = field(default_factory=MarginSettings)
    triplet_margin: float = 0.2  # squared distance of unit vectors
    batch: BatchSettings = field(default_factory=BatchSettings)
    augmentation: Augmentation = field(default_factory=Augmentation)


class Batch(NamedTuple):  # a tuple: Lightning moves it to the device part by part, which it refuses for frozen classes
    """Pictures as the network takes them, whose they are, and what the teacher says of each."""

    images: torch.Tensor  # (B, 3, 112, 112), -1..1
    person: torch.Tensor  # (B,) int64, row among the train people
    teacher: torch.Tensor  # (B, 256), unit length


def build_network(settings: NetworkSettings) -> nn.Module:
    """Make the backbone with its 512 outputs and load its start weights, every key of which must fit."""
    network = timm.create_model(settings.backbone, num_classes=DIMENSION)
    if settings.start is not None:
        network.load_state_dict({name: value.float() for name, value in load_file(settings.start).items()})
    return network


class EmbedderModule(lightning.LightningModule):
    """Network and losses. `carry` and `person_means` come from the start network's view of the train pictures."""

    def __init__(
        self, recipe: EmbedderRecipe, network: nn.Module, *, carry: torch.Tensor, person_means: torch.Tensor
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.network = network.to(memory_format=torch.channels_last)  # a fifth faster on CPU
        self.imitation = ImitationLoss(carry)
        self.relational = RelationalLoss()
        self.margin = MarginLoss(len(person_means), DIMENSION, recipe.margin)
        self.margin.weight.data.copy_(person_means)
        self.triplet = SemiHardTripletLoss(recipe.triplet_margin)

    def training_step(self, batch: Batch, index: int) -> torch.Tensor:
        """One step: embed, normalise, weigh the terms."""
        raw = self.network(batch.images.contiguous(memory_format=torch.channels_last))  # (B, 512)
        with torch.autocast(raw.device.type, enabled=False):
            embedding = functional.normalize(raw.float(), dim=1)
            weights = self.recipe.losses
            terms = {
                "imitation": (weights.imitation, lambda: self.imitation(embedding, batch.teacher)),
                "relational": (weights.relational, lambda: self.relational(embedding, batch.teacher)),
                "margin": (weights.margin, lambda: self.margin(embedding, batch.person)),
                "triplet": (weights.triplet, lambda: self.triplet(embedding, batch.person)),
            }
            values = {name: (weight, term()) for name, (weight, term) in terms.items() if weight > 0}
            loss = torch.stack([weight * value for weight, value in values.values()]).sum()
        self.log_dict({name: value.detach() for name, (_, value) in values.items()} | {"loss": loss.detach()})
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; no decay on norms, biases and the people's weights (their length does not count)."""
        matrices = [p for p in self.network.parameters() if p.ndim > 1]
        vectors = [p for p in self.network.parameters() if p.ndim <= 1]
        rate = self.recipe.learning_rate
        return torch.optim.AdamW([
            {"params": matrices, "lr": rate, "weight_decay": self.recipe.weight_decay},
            {"params": vectors, "lr": rate, "weight_decay": 0.0},
            {"params": [self.margin.weight], "lr": self.recipe.margin_learning_rate, "weight_decay": 0.0},
        ])


class PeopleBatches:
    """The batch of a step, from the seed and the step alone."""

    def __init__(self, people: People, rows: NDArray[np.int64], recipe: EmbedderRecipe) -> None:
        self._people = people
        self._recipe = recipe
        self._rows = rows  # of `people`, the pictures that may be trained on
        names, self._label, counts = np.unique(people.person[rows], return_inverse=True, return_counts=True)
        self.names: list[str] = names.tolist()
        weight = counts[self._label].astype(np.float64) ** -recipe.batch.balance
        self._edges = np.cumsum(weight) / weight.sum()
        order = np.argsort(self._label, kind="stable")
        self._mates = np.split(order, np.cumsum(counts)[:-1])  # person -> positions in rows
        self._targets = _toward_person(people.teacher[rows], self._label, recipe.batch.toward_person)

    def __call__(self, step: int) -> Batch:
        """Draw half a batch by weight, a mate of the same person for each, and change every crop."""
        seed = step_seed(self._recipe.seed, step)
        chance = np.random.default_rng(seed)
        half = self._recipe.batch.size // 2
        drawn = np.minimum(np.searchsorted(self._edges, chance.random(half)), len(self._rows) - 1)
        mates = np.array([self._mate(position, chance) for position in drawn])
        chosen = np.concatenate([drawn, mates])
        rows = self._rows[chosen]
        images = augment(
            torch.from_numpy(np.stack([self._people.crops[row] for row in rows])),
            torch.from_numpy(self._people.points[rows]),
            self._recipe.augmentation,
            torch.Generator().manual_seed(seed),
        )
        return Batch(images, torch.from_numpy(self._label[chosen]), torch.from_numpy(self._targets[chosen]))

    def person_means(self, embedding: FloatArray) -> torch.Tensor:
        """Mean directions (P, D) of embeddings (len(rows), D), person by person."""
        return torch.from_numpy(_means(embedding, self._label))

    def _mate(self, position: int, chance: np.random.Generator) -> int:
        mates = self._mates[self._label[position]]
        others = mates[mates != position]
        return int(chance.choice(others)) if len(others) else int(position)


def embed_rows(
    network: nn.Module, people: People, rows: NDArray[np.int64], *, batch: int = 128, precise: bool = False
) -> FloatArray:
    """Embed unmoved crops: (len(rows), 512), unit length. `precise`: in float32, as reported; else in bf16."""
    network.eval()
    parts = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=not precise):
        for start in range(0, len(rows), batch):
            crops = np.stack([people.crops[row] for row in rows[start : start + batch]])
            images = middle(torch.from_numpy(crops)).contiguous(memory_format=torch.channels_last)
            parts.append(functional.normalize(network(images).float(), dim=1).numpy())
    return np.concatenate(parts)


def dev_sets(people: People, held: HeldOut, *, most_a_person: int = 40) -> dict[str, NDArray[np.int64]]:
    """Rows of the held-out train people, by kind of picture, at most 40 a person as `wild` val has them."""
    out = held.mask(people.person) & (people.split == "train")
    kinds = {
        "aligned": ("celeba/aligned", "celeba/wild"),
        "half": ("celeba/half",),
        "small": ("celeba/small",),
        "wild": ("wild/pins", "wild/kpop"),
    }
    return {
        name: _at_most(people, np.flatnonzero(out & np.isin(people.source, kind)), most_a_person)
        for name, kind in kinds.items()
    }


def val_sets(people: People) -> dict[str, NDArray[np.int64]]:
    """Rows of the official val people as the data's README counts them: reported, never chosen by."""
    val = people.split == "val"
    kinds = {
        "celeba_aligned": ("celeba/aligned",),
        "celeba_small": ("celeba/small",),
        "wild": ("wild/pins", "wild/kpop"),
    }
    return {name: np.flatnonzero(val & np.isin(people.source, kind)) for name, kind in kinds.items()}


def scores(
    network: nn.Module, people: People, sets: Mapping[str, NDArray[np.int64]], *, precise: bool = False
) -> dict[str, float]:
    """TPR at FPR 0.01 and 0.001 over all pairs of each set, points as given, one crop, no flip."""
    found: dict[str, float] = {}
    for name, rows in sets.items():
        embedding = embed_rows(network, people, rows, precise=precise)
        for rate, tpr in tpr_at_fpr(embedding, people.person[rows], (0.01, 0.001)).items():
            found[f"{name}@{rate:g}"] = tpr
    return found


def mix_weights(start: Mapping[str, torch.Tensor], end: Mapping[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """Weights on the line from `start` (0) to `end` (1). Wortsman et al. (WiSE-FT), CVPR 2022, eq. 1."""
    return {name: torch.lerp(value, end[name], share) for name, value in start.items()}


def train(recipe: EmbedderRecipe, run_dir: Path, *, resume: bool, progress: bool = True) -> Fitted:
    """Run a recipe; what is left under `run_dir` is in training/loop.py."""
    people = open_people(prepare(recipe.data, recipe.cache))
    held = read_held_out()
    rows = np.flatnonzero((people.split == "train") & ~held.mask(people.person))
    batches = PeopleBatches(people, rows, recipe)
    network = build_network(recipe.network)
    start_view = _start_view(network, people, rows, recipe, run_dir)
    module = EmbedderModule(
        recipe,
        network,
        carry=procrustes(torch.from_numpy(people.teacher[rows]), torch.from_numpy(start_view)),
        person_means=batches.person_means(start_view),
    )
    module.train()
    sets = dev_sets(people, held)
    return fit(
        module,
        batches,
        run_dir=run_dir,
        max_steps=recipe.steps,
        seed=recipe.seed,
        lr_factor=warmup_cosine(recipe.warmup_steps, recipe.steps),
        average_decay=recipe.average_decay,
        check=lambda trained: scores(trained.network, people, sets),
        check_every=recipe.check_every,
        precision=recipe.precision,
        resume=resume,
        facts={
            "recipe": recipe_values(recipe),
            "commit": current_commit(),
            "data": people.data_id,
            "held_out": sha256_of(HELD_OUT_FILE),
            "pictures": len(rows),
            "people": len(batches.names),
        },
        progress=progress,
    )


def network_weights(fitted: Fitted) -> dict[str, torch.Tensor]:
    """The averaged weights of the network alone."""
    prefix = "network."
    return {name.removeprefix(prefix): value for name, value in fitted.averaged.items() if name.startswith(prefix)}


def _start_view(
    network: nn.Module, people: People, rows: NDArray[np.int64], recipe: EmbedderRecipe, run_dir: Path
) -> FloatArray:
    """What the start network makes of every train picture; kept in the run, so that a resume needs no minute."""
    kept = run_dir / "start_view.npy"
    if kept.exists():
        return np.asarray(np.load(kept), np.float32)
    view = embed_rows(network.to(memory_format=torch.channels_last), people, rows)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, view.astype(np.float16))
    return np.asarray(np.load(kept), np.float32)


def _toward_person(teacher: FloatArray, label: NDArray[np.int64], share: float) -> FloatArray:
    """Pull every vector by `share` toward its person's mean direction; unit length again."""
    mixed = (1 - share) * teacher + share * _means(teacher, label)[label]
    return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), np.float32)


def _means(vectors: FloatArray, label: NDArray[np.int64]) -> FloatArray:
    sums = np.zeros((int(label.max()) + 1, vectors.shape[1]), np.float32)
    np.add.at(sums, label, vectors)
    return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), np.float32)


def _at_most(people: People, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    kept = [rows[people.person[rows] == person][:most] for person in np.unique(people.person[rows])]
    return np.sort(np.concatenate(kept)) if kept else rows


def main() -> None:
    """Read the command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m training.embedder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("prepare", "train"):
        command = commands.add_parser(name)
        command.add_argument("--recipe", type=Path, default=Path("training/recipes/embedder.toml"))
        if name == "train":
            command.add_argument("--run", type=Path, help="run folder; runs/<the recipe's name> without it")
            command.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    words = parser.parse_args()
    recipe = load_recipe(words.recipe, EmbedderRecipe)
    match words.command:
        case "prepare":
            print(prepare(recipe.data, recipe.cache))
        case "train":
            train(recipe, words.run or Path("runs") / words.recipe.stem, resume=words.resume)


if __name__ == "__main__":
    main()
