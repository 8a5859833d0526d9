"""The detector's run: Ultralytics' losses in our loop, gently from the start, and the mix of start and average.

Import it after `training.detector.cli.quieten`, which keeps Ultralytics' settings under the runs and off the network.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import lightning
import torch
from torch.nn import functional
from ultralytics.utils.loss import v8DetectionLoss

from training.config import recipe_values
from training.data.ahead import Ahead
from training.detector.batches import Batch, SceneBatches, split_scenes
from training.detector.network import start_network
from training.detector.recipe import DetectorRecipe
from training.export.onnx import current_commit
from training.loop import Fitted, Weights, average_of, fit, warmup_cosine

SURE: Final = 0.3  # score from which on the start's points are kept
MIXES_FILE: Final = "mixes.json"


class DetectorModule(lightning.LightningModule):
    """Network, losses, step, optimiser.

    Boxes and scores learn from the scenes by Ultralytics' losses. The scenes have no points, so the points learn to
    stay where the start sees them in the same picture; it sees through the same frozen layers, which run once.
    """

    def __init__(self, recipe: DetectorRecipe, network: Any) -> None:
        super().__init__()
        self.recipe = recipe
        self.network = network
        self._start = (copy.deepcopy(network).requires_grad_(requires_grad=False),)  # in a tuple: not in checkpoints
        self._losses = v8DetectionLoss(network)

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:  # noqa: ARG002 - Lightning hands it
        (start,) = self._start
        layers = self.recipe.frozen_layers
        with torch.no_grad():
            below = run_layers(self.network, [batch["img"]], until=layers)
            wanted = run_layers(start.train(), below)[-1]
        seen = run_layers(self.network, below)[-1]
        losses, _ = self._losses(seen, batch)  # box, score, distribution, each times the pictures of the batch
        points = self.recipe.points * points_kept(seen, wanted)
        loss = losses.sum() / len(batch["img"]) + points
        names = ("box", "score", "distribution")
        told = dict(zip(names, losses.detach() / len(batch["img"]), strict=True))
        self.log_dict(told | {"points": points.detach(), "loss": loss.detach()}, batch_size=1)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        tuned = [value for value in self.network.parameters() if value.requires_grad]
        return torch.optim.AdamW(tuned, lr=self.recipe.rate, weight_decay=self.recipe.weight_decay)


def run_layers(network: Any, outputs: list[Any], *, until: int | None = None) -> list[Any]:
    """Go on through the layers: `outputs` holds the picture, then what each layer gave that has run already."""
    outputs = list(outputs)
    for layer in network.model[len(outputs) - 1 : until]:
        sources = [layer.f] if isinstance(layer.f, int) else layer.f
        taken = [outputs[-1] if source == -1 else outputs[source + 1] for source in sources]
        outputs.append(layer(taken[0] if isinstance(layer.f, int) else taken))
    return outputs


def points_kept(seen: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean distance of the points' raw outputs (B, 15, N) in cells where `wanted` is sure of a face; 0 without one."""
    sure = wanted["scores"].sigmoid().amax(dim=1) >= SURE  # (B, N)
    if not bool(sure.any()):
        return seen["kpts"].sum() * 0.0
    apart = functional.smooth_l1_loss(seen["kpts"], wanted["kpts"], reduction="none", beta=0.1).mean(dim=1)
    return apart[sure].mean()


def train(
    recipe: DetectorRecipe,
    *,
    data: Path,
    run_dir: Path,
    resume: bool = False,
    facts: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Fitted:
    """Run a recipe, or go on with it where it was killed."""
    cv2.setNumThreads(1)
    torch.set_num_threads(recipe.threads)
    network = start_network(recipe, data)
    if recipe.goes_on_from:
        network.load_state_dict(average_of(run_dir.parent / recipe.goes_on_from))
    batches = Ahead(SceneBatches(split_scenes(recipe, data)[0], recipe))
    try:
        return fit(
            DetectorModule(recipe, network.train()),
            batches,
            run_dir=run_dir,
            max_steps=recipe.steps,
            seed=recipe.seed,
            lr_factor=warmup_cosine(recipe.warmup_steps, recipe.steps),
            average_decay=recipe.average_decay,
            precision=recipe.precision,
            resume=resume,
            facts={"recipe": recipe_values(recipe), "commit": current_commit(), **(facts or {})},
            progress=progress,
        )
    finally:
        batches.close()


def mixed(recipe: DetectorRecipe, data: Path, averaged: Weights, share: float) -> Any:
    """The network that stands `share` (0..1) of the way from the start to the average of a run, in eval mode."""
    network = start_network(recipe, data)
    start = network.state_dict()
    ours = _of_network(averaged)
    network.load_state_dict({name: torch.lerp(value, ours[name], share) for name, value in start.items()})
    return network.eval()


def _of_network(averaged: Weights) -> Weights:
    return {name.removeprefix("network."): value for name, value in averaged.items()}
