"""The embedder's training: losses, step, optimiser, checks on held-out people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from evaluation.datasets.held_out import HELD_OUT_FILE
from pipeline.types import FloatArray
from training.config import recipe_values
from training.data.batches import Batch, PeopleBatches
from training.data.people import People, open_people, prepare, read_held_out
from training.embedder.build import build_network
from training.embedder.choose import (
    dev_sets,
    embed_rows,
    scores,
)
from training.embedder.concatenated import ConcatenatedEmbedders, with_length
from training.embedder.recipe import EmbedderRecipe, stored_recipe
from training.export.onnx import current_commit, sha256_of
from training.loop import Check, Fitted, fit, warmup_cosine
from training.losses.imitation import ImitationLoss, procrustes
from training.losses.margin import MarginLoss
from training.losses.pair_memory import PairMemoryLoss
from training.losses.relational import RelationalLoss
from training.losses.triplet import SemiHardTripletLoss
from training.processor import device_of

START_VIEW: Final = "start_view.npy"
WIDE_RATE: Final = 0.03  # of the rate, for SFace's dense layer: its weights are a thirtieth of the convolutions'


class EmbedderModule(lightning.LightningModule):
    """Network and losses. `carry` comes from the start network's view of the train pictures.

    person_means: (P, D), where the people's weights begin: by the same view, or by the teacher's vectors, carried.
    """

    def __init__(
        self, recipe: EmbedderRecipe, network: nn.Module, *, carry: torch.Tensor, person_means: torch.Tensor
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.network = network.to(memory_format=torch.channels_last)  # a fifth faster on CPU
        self.imitation = ImitationLoss(carry)
        self.relational = RelationalLoss()
        self.margin = MarginLoss(len(person_means), person_means.shape[1], recipe.margin)
        self.margin.start_at(person_means)
        self.triplet = SemiHardTripletLoss(recipe.triplet_margin)
        self.memory = PairMemoryLoss(person_means.shape[1], recipe.memory) if recipe.losses.memory > 0 else None

    def training_step(self, batch: Batch, index: int) -> torch.Tensor:  # noqa: ARG002 - Lightning's signature
        """One step: embed, normalise, weigh the terms."""
        raw, length = with_length(self.network, batch.images.contiguous(memory_format=torch.channels_last))  # (B, D)
        with torch.autocast(raw.device.type, enabled=False):
            embedding = functional.normalize(raw.float(), dim=1)
            weights = self.recipe.losses
            terms: dict[str, tuple[float, Callable[[], torch.Tensor]]] = {
                "imitation": (weights.imitation, lambda: self.imitation(embedding, batch.teacher)),
                "relational": (weights.relational, lambda: self.relational(embedding, batch.teacher)),
                "margin": (
                    weights.margin,
                    lambda: self.margin(
                        embedding,
                        batch.person,
                        self.global_step,
                        length=length,
                        taught=batch.teacher @ self.imitation.carry,
                    ),
                ),
                "triplet": (weights.triplet, lambda: self.triplet(embedding, batch.person)),
            }
            if (memory := self.memory) is not None:
                terms["memory"] = (weights.memory, lambda: memory(embedding, batch.person))
            values = {name: (weight, term()) for name, (weight, term) in terms.items() if weight > 0}
            loss = torch.stack([weight * value for weight, value in values.values()]).sum()
        self.log_dict({name: value.detach() for name, (_, value) in values.items()} | {"loss": loss.detach()})
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; no decay on norms, biases and the people's weights (their length does not count)."""
        wide = [self.network.second.head.weight] if isinstance(self.network, ConcatenatedEmbedders) else []
        matrices = [p for p in self.network.parameters() if p.ndim > 1 and not any(p is other for other in wide)]
        vectors = [p for p in self.network.parameters() if p.ndim <= 1]
        people = list(self.margin.parameters())  # none where the teacher's vectors move them
        rate = self.recipe.learning_rate
        return torch.optim.AdamW(
            [
                {"params": matrices, "lr": rate, "weight_decay": self.recipe.weight_decay},
                {"params": vectors, "lr": rate, "weight_decay": 0.0},
                *({"params": [p], "lr": rate * WIDE_RATE, "weight_decay": self.recipe.weight_decay} for p in wide),
                {"params": people, "lr": self.recipe.margin_learning_rate, "weight_decay": 0.0},
            ]
        )


def train(
    recipe: EmbedderRecipe,
    run_dir: Path,
    *,
    data: Path,
    cache: Path,
    resume: bool,
    rows: NDArray[np.int64] | None = None,
    check: Check | Literal["held out"] | None = "held out",
    accelerator: str = "cpu",
    workers: int = 0,
    progress: bool = True,
) -> Fitted:
    """Run a recipe; what is left under `run_dir` is in training/loop.py.

    rows: of the cache, the pictures to train on; every train picture of people not held out without them.
    check: what goes into the run's log every so many steps; unless another is given, the held-out people's scores.
    accelerator: Lightning's name. workers: processes that make batches.
    """
    people = open_people(prepare(data, cache, workers=workers))
    held = read_held_out()
    if rows is None:
        rows = np.flatnonzero((people.split == "train") & ~held.mask(people.person))
    network = build_network(recipe.network, data).to(device_of(accelerator))
    start_view = _start_view(network, people, rows, run_dir)
    batches = PeopleBatches(people, rows, recipe.batch, recipe.augmentation, seed=recipe.seed, view=start_view)
    carry = procrustes(torch.from_numpy(people.teacher[rows]), torch.from_numpy(start_view))
    taught = recipe.margin.kind == "adadistill"
    means = batches.person_means(people.teacher[rows]) @ carry if taught else batches.person_means(start_view)
    module = EmbedderModule(recipe, network, carry=carry, person_means=means)
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
        check=(lambda trained: scores(trained.network, people, sets)) if check == "held out" else check,
        check_every=recipe.check_every,
        precision=recipe.precision,
        accelerator=accelerator,
        workers=workers,
        resume=resume,
        facts={
            "recipe": recipe_values(recipe),
            "commit": current_commit(),
            "data": people.data_id,
            "held_out": sha256_of(HELD_OUT_FILE),
            "pictures": len(rows),
            "people": len(batches.names),
        },
        brought_up=lambda begun: begun | {"recipe": recipe_values(stored_recipe(begun))},
        progress=progress,
    )


def network_weights(fitted: Fitted) -> dict[str, torch.Tensor]:
    """The averaged weights of the network alone."""
    prefix = "network."
    return {name.removeprefix(prefix): value for name, value in fitted.averaged.items() if name.startswith(prefix)}


def person_weights(fitted: Fitted) -> FloatArray:
    """The averaged weight of every person, (P, D), unit length, in the order of the people's names."""
    return np.asarray(functional.normalize(fitted.averaged["margin.loss.W"].float().T, dim=1).numpy(), np.float32)


def _start_view(network: nn.Module, people: People, rows: NDArray[np.int64], run_dir: Path) -> FloatArray:
    """What the start network makes of every train picture; kept in the run, so that a resume needs no minute."""
    kept = run_dir / START_VIEW
    if not kept.exists():
        keep_start_view(embed_rows(network.to(memory_format=torch.channels_last), people, rows), run_dir)
    return np.asarray(np.load(kept), np.float32)


def keep_start_view(view: FloatArray, run_dir: Path) -> None:
    """Put what the start network makes of a run's pictures, (len(rows), D), into its folder, whole or not at all."""
    run_dir.mkdir(parents=True, exist_ok=True)
    partial = run_dir / f"partial-{START_VIEW}"
    np.save(partial, view.astype(np.float16))
    partial.replace(run_dir / START_VIEW)
