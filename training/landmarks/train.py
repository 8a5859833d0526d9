"""The aligner's training: loss, step, optimiser, checks on held-out faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import lightning
import torch
from torch import nn

from training.config import build, recipe_values
from training.data.ahead import Ahead
from training.data.faces_with_points import (
    DEV_ONE_IN,
    FaceWithPoints,
    celeba_faces,
    read_landmark_sets,
    wild_faces,
)
from training.export.onnx import current_commit
from training.landmarks.batches import LandmarkBatch, LandmarkBatches
from training.landmarks.evaluate import predictor, run_passes, run_straightened
from training.landmarks.hourglass import HourglassNetwork, hourglass_loss
from training.landmarks.network import LandmarkNetwork, mean_position
from training.landmarks.recipe import DataRecipe, LandmarkRecipe, LossRecipe, RunRecipe
from training.landmarks.small_hourglass import SmallAligner
from training.landmarks.yolo_hourglass import Maps, YoloHourglass, map_loss
from training.loop import CHECKPOINT, Fitted, Weights, average_of, fit, read_checkpoint, warmup_cosine
from training.losses.wing import point_loss

HUMAN_SETS: Final = ("helen_afw", "mtfl", "ytf68")
FALSE_BOX_ERROR: Final = 0.5  # what the network should expect where there is no face, share of the eye distance


class LandmarkModule(lightning.LightningModule):
    """Network, loss, step, optimiser."""

    def __init__(self, recipe: LandmarkRecipe, *, data: Path | None = None) -> None:
        """data: the folder that `network.start` lies below; None leaves the weights at noise."""
        super().__init__()
        self.recipe = recipe
        made = recipe.network
        self.network: nn.Module
        start = data / made.start if data is not None and made.start is not None else None
        if made.model in {"yolo_hourglass", "small_hourglass"}:
            kind = YoloHourglass if made.model == "yolo_hourglass" else SmallAligner
            self.network = kind(start=start).to(memory_format=torch.channels_last)  # a quarter faster
            return
        if made.model == "hourglass":
            self.network = HourglassNetwork(width=made.width, stacks=made.stacks, depth=made.depth)
            return
        self.network = LandmarkNetwork(backbone=made.backbone, head=made.head, width=made.width, start=start)

    def training_step(self, batch: LandmarkBatch, batch_idx: int) -> torch.Tensor:  # noqa: ARG002 - Lightning hands it
        if isinstance(self.network, HourglassNetwork):
            maps = self.network.heat_maps(batch.images)  # a (B, 5, 28, 28) for each stack
            points, log_error = self.network.decoded(maps[-1])
            each = 100 * hourglass_loss(maps, batch.points)  # (B,); about the size of Wing's
        elif isinstance(self.network, YoloHourglass | SmallAligner):
            read = self.network.read(batch.images.contiguous(memory_format=torch.channels_last))
            points, log_error = read.points, read.log_error
            each = integral_loss(read, batch.points, self.recipe.loss)
        else:
            points, log_error = self.network(batch.images)  # (B, 5, 2), (B, 1)
            each = coordinate_loss(points, batch.points, self.recipe.loss)  # (B,)
        terms = landmark_loss(each, points, log_error, batch, self.recipe.loss)
        self.log_dict({name: value.detach() for name, value in terms.items()})
        return terms["loss"]

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return optimiser_of(self.network, self.recipe.run)


def optimiser_of(network: nn.Module, run: RunRecipe) -> torch.optim.Optimizer:
    """AdamW at the run's rate, the trunk at its own share of it; biases and norms do not decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, value in network.named_parameters():
        groups.setdefault((name.startswith("trunk."), value.ndim > 1), []).append(value)
    return torch.optim.AdamW(
        [
            {
                "params": values,
                "lr": run.rate * (run.trunk_rate if in_trunk else 1.0),
                "weight_decay": run.weight_decay if decays else 0.0,
            }
            for (in_trunk, decays), values in groups.items()
        ]
    )


def coordinate_loss(points: torch.Tensor, true: torch.Tensor, recipe: LossRecipe) -> torch.Tensor:
    """The recipe's loss between (B, 5, 2) and (B, 5, 2), (B,)."""
    return point_loss(recipe.kind, points, true, width_px=recipe.width_px, curvature_px=recipe.curvature_px)


def integral_loss(read: Maps, true: torch.Tensor, recipe: LossRecipe) -> torch.Tensor:
    """The recipe's loss between the expectations of both maps and (B, N, 2), and the maps' cross-entropy, (B,)."""
    coarse, _ = mean_position(read.coarse)
    on_points = coordinate_loss(read.points, true, recipe) + recipe.coarse_weight * coordinate_loss(
        coarse, true, recipe
    )
    on_maps = map_loss(read.fine, true) + recipe.coarse_weight * map_loss(read.coarse, true)
    return on_points + recipe.map_weight * on_maps


def landmark_loss(
    each: torch.Tensor,
    points: torch.Tensor,
    log_error: torch.Tensor,
    batch: LandmarkBatch,
    recipe: LossRecipe,
) -> dict[str, torch.Tensor]:
    """Scalars: loss, points, error (its terms) and nme (the batch's). each: (B,), how wrong a face's points are.

    Crops without a face count for the expected error alone.
    """
    face = batch.has_face  # (B,)
    eyes = (batch.points[:, 1] - batch.points[:, 0]).norm(dim=1).clamp_min(1.0)  # (B,)
    weight = face * (30.0 / eyes.clamp(8.0, 60.0)) ** recipe.turned_power
    on_points = (each * weight).sum() / face.sum().clamp_min(1.0)
    actual = (points.detach() - batch.points).norm(dim=2).mean(dim=1) / eyes  # (B,)
    target = torch.where(face > 0, actual, torch.full_like(actual, FALSE_BOX_ERROR)).clamp(5e-3, 2.0).log()
    on_error = (log_error[:, 0] - target).abs().mean()
    nme = (actual * face).sum() / face.sum().clamp_min(1.0)
    loss = on_points + recipe.error_weight * on_error
    return {"loss": loss, "points": on_points, "error": on_error, "nme": nme}


def make_batches(recipe: LandmarkRecipe, data: Path) -> LandmarkBatches:
    """The run's batches from a folder laid out like the data pack."""
    split = "train" if recipe.data.with_dev else "fit"
    faces: dict[str, list[FaceWithPoints]] = {name: [] for name in HUMAN_SETS}
    if any(getattr(recipe.data, name) > 0 for name in HUMAN_SETS):
        for face in read_landmark_sets(data / "landmarks", split=split):
            faces[face.source].append(face)
    if recipe.data.celeba > 0:
        faces["celeba"] = celeba_faces(data / "celeba", min_eye_px=recipe.data.celeba_min_eye_px)
    if recipe.data.wild > 0:
        faces["wild"] = wild_faces(data)
    return LandmarkBatches(
        faces,
        shares={name: getattr(recipe.data, name) for name in (*HUMAN_SETS, "celeba", "wild")},
        empty=sorted((data / "scenes" / "images" / "train").glob("empty_*")),
        empty_share=recipe.data.empty,
        augment=recipe.data.augment,
        batch_size=recipe.run.batch,
        seed=recipe.run.seed,
    )


def train(
    recipe: LandmarkRecipe,
    *,
    data: Path,
    run_dir: Path,
    resume: bool = False,
    accelerator: str = "cpu",
    workers: int = 0,
    progress: bool = True,
) -> Fitted:
    """Run a recipe, or go on with it where it was killed. Checks on `dev` go to the run's log.

    accelerator: Lightning's name. workers: processes that make batches; one thread beside the network without them.
    """
    cv2.setNumThreads(1)
    batches = make_batches(recipe, data)
    ahead = Ahead(batches)
    torch.manual_seed(recipe.run.seed)  # the head starts from noise
    module = LandmarkModule(recipe, data=data)
    if recipe.goes_on_from:
        take_layers(module.network, average_of(run_dir.parent / recipe.goes_on_from))
    dev = dev_faces(data)

    def check(checked: Any) -> dict[str, float]:
        return short_check(checked.network, dev)

    try:
        return fit(
            module,
            batches if workers else ahead,
            run_dir=run_dir,
            max_steps=recipe.run.steps,
            seed=recipe.run.seed,
            lr_factor=warmup_cosine(recipe.run.warmup_steps, recipe.run.steps),
            average_decay=recipe.run.average_decay,
            check=check,
            check_every=recipe.run.check_every,
            precision=recipe.run.precision,
            accelerator=accelerator,
            workers=workers,
            resume=resume,
            facts={"recipe": recipe_values(recipe), "commit": current_commit(), "data": _data_facts(data, recipe.data)},
            brought_up=lambda begun: begun | {"recipe": recipe_values(build(LandmarkRecipe, begun["recipe"]))},
            progress=progress,
        )
    finally:
        ahead.close()


def take_layers(network: nn.Module, others: Weights) -> None:
    """Begin with every layer of another network that has the same name and shape; the rest stays as it is."""
    wanted = network.state_dict()
    network.load_state_dict(
        {
            name: others[name] if name in others and others[name].shape == value.shape else value
            for name, value in wanted.items()
        }
    )


def dev_faces(data: Path) -> list[FaceWithPoints]:
    """Faces that checks are made on: human points where they are there, else of CelebA's own val people."""
    if (data / "landmarks" / "points5.csv").is_file():
        return read_landmark_sets(data / "landmarks", split="dev")[::2]
    return celeba_faces(data / "celeba", split="val")[::40]


def held_out_faces(data: Path) -> list[FaceWithPoints]:
    """All faces with human points that no run without `with_dev` learns from; none where the pack is not there."""
    there = (data / "landmarks" / "points5.csv").is_file()
    return read_landmark_sets(data / "landmarks", split="dev") if there else []


def short_check(network: nn.Module, faces: Sequence[FaceWithPoints]) -> dict[str, float]:
    """NME by set after one pass and after two, boxes like the detector's, and in one look by points like its own."""
    found = {}
    for name in (*HUMAN_SETS, "celeba"):
        part = [face for face in faces if face.source == name]
        if part:
            for index, result in enumerate(run_passes(part, predictor(network)), start=1):
                found[f"{name}_{index}"] = round(float(result.errors.mean()), 5)
            found[f"{name}_straight"] = round(float(run_straightened(part, predictor(network)).errors.mean()), 5)
    return found


def load_network(run_dir: Path) -> tuple[nn.Module, Fitted]:
    """The averaged network of a run, in eval mode, and what its checkpoint says."""
    fitted = read_checkpoint(run_dir / CHECKPOINT)
    module = LandmarkModule(build(LandmarkRecipe, fitted.facts["recipe"]))
    module.load_state_dict(fitted.averaged)
    return module.network.eval(), fitted


def _data_facts(data: Path, shares: DataRecipe) -> dict[str, Any]:
    """What the run learnt from: the lists' own names and sizes, not the pictures."""
    human = {"helen_afw": "Helen, AFW", "mtfl": "MTFL", "ytf68": "YouTube Faces"}
    by_network = {"celeba": "CelebA", "wild": "wild"}
    used, taught = (
        [words for name, words in names.items() if getattr(shares, name) > 0] for names in (human, by_network)
    )
    sources = [f"human points of {', '.join(used)} (train)"] if used else []
    sources += [f"a reference network's on {' and '.join(taught)}"] if taught else []
    files = ("landmarks/points5.csv", "celeba/list_landmarks_align_celeba.txt", "wild/people.csv")
    return {
        "sources": "; ".join(sources),
        "files": {name: (data / name).stat().st_size for name in files if (data / name).is_file()},
        "dev": f"one group in {DEV_ONE_IN} of the train rows of landmarks/ by the CRC of its name",
    }
