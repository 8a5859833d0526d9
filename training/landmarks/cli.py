"""Train, export and evaluate the aligner.

python -m training.landmarks train --recipe training/recipes/landmarks.toml --data data --runs runs [--resume]
python -m training.landmarks export runs/landmarks --data data --out weights --scores
python -m training.landmarks evaluate runs/landmarks --data data --split dev
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import lightning
import torch
from torch import nn

from pipeline.similarity import CROP_SIDE_PX
from training.command_line import add_data, add_run, run_folder
from training.config import build, load_recipe, recipe_values
from training.data.crop_augment import CropAugment
from training.data.faces_with_points import (
    DEV_ONE_IN,
    FaceWithPoints,
    read_celeba,
    read_landmark_sets,
    read_wild,
)
from training.export.onnx import ExportFailed, compare_with_torch, current_commit, export_onnx, write_record
from training.landmarks.batches import Ahead, LandmarkBatch, LandmarkBatches
from training.landmarks.evaluate import caught_at, predictor, run_passes
from training.landmarks.hourglass import HourglassNetwork, hourglass_loss
from training.landmarks.network import Head, LandmarkNetwork
from training.loop import CHECKPOINT, Fitted, fit, read_checkpoint, warmup_cosine
from training.losses.wing import PointLoss, point_loss

HUMAN_SETS: Final = ("helen_afw", "mtfl", "ytf68")
FALSE_BOX_ERROR: Final = 0.5  # what the network should expect where there is no face, share of the eye distance
MAX_PARITY_PX: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRecipe:
    """What is trained and what it starts from."""

    model: Literal["regression", "hourglass"] = "regression"  # the hourglass is there to be compared
    backbone: str = "edgenext_xx_small"  # timm name with four stages of stride 4 to 32
    head: Head = "integral"
    width: int = 64  # channels of the integral head, or of the hourglass
    stacks: int = 2  # of the hourglass
    depth: int = 4  # of each of its stacks
    start: Path | None = None  # safetensors of the backbone, below the data folder


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRecipe:
    """How a wrong point is punished."""

    kind: PointLoss = "wing"
    width_px: float = 5.0  # Wing's w; the paper has 10 at 256 px
    curvature_px: float = 1.0  # Wing's epsilon; the paper has 2 at 256 px
    error_weight: float = 0.3  # of the expected error's own loss, L1 between logarithms
    turned_power: float = 0.5  # faces count by (30 px / eye distance) to this power: NME divides by that distance


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRecipe:
    """Where faces come from and how often. Shares need not sum to one."""

    helen_afw: float = 0.32  # human points, precise
    mtfl: float = 0.34  # human points, many turned heads in val
    ytf68: float = 0.05  # a tracker's points, loose
    celeba: float = 0.13  # a reference network's points
    wild: float = 0.13  # likewise
    celeba_min_eye_px: float = 14.0
    empty: float = 0.03  # crops without a face, for the expected error alone
    with_dev: bool = False  # True once choices are made: train on the held-out part, too
    augment: CropAugment = field(default_factory=CropAugment)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecipe:
    """How long and how fast."""

    steps: int = 4000
    batch: int = 64
    rate: float = 1.0e-3  # AdamW's peak for what starts from noise
    trunk_rate: float = 0.5  # of that, for the backbone
    warmup_steps: int = 150
    weight_decay: float = 0.02
    average_decay: float = 0.998
    seed: int = 8
    check_every: int = 500
    precision: Literal["32-true", "bf16-mixed"] = "bf16-mixed"  # 14 % faster than "32-true" here


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkRecipe:
    """A run of the aligner."""

    network: NetworkRecipe = field(default_factory=NetworkRecipe)
    loss: LossRecipe = field(default_factory=LossRecipe)
    data: DataRecipe = field(default_factory=DataRecipe)
    run: RunRecipe = field(default_factory=RunRecipe)


class LandmarkModule(lightning.LightningModule):
    """Network, loss, step, optimiser."""

    def __init__(self, recipe: LandmarkRecipe, *, data: Path | None = None) -> None:
        """data: the folder that `network.start` lies below; None leaves the weights at noise."""
        super().__init__()
        self.recipe = recipe
        made = recipe.network
        self.network: nn.Module
        if made.model == "hourglass":
            self.network = HourglassNetwork(width=made.width, stacks=made.stacks, depth=made.depth)
            return
        self.network = LandmarkNetwork(
            backbone=made.backbone,
            head=made.head,
            width=made.width,
            start=data / made.start if data is not None and made.start is not None else None,
        )

    def training_step(self, batch: LandmarkBatch, batch_idx: int) -> torch.Tensor:  # noqa: ARG002 - Lightning hands it
        if isinstance(self.network, HourglassNetwork):
            maps = self.network.heat_maps(batch.images)  # a (B, 5, 28, 28) for each stack
            points, log_error = self.network.decoded(maps[-1])
            each = 100 * hourglass_loss(maps, batch.points)  # (B,); about the size of Wing's
        else:
            points, log_error = self.network(batch.images)  # (B, 5, 2), (B, 1)
            each = coordinate_loss(points, batch.points, self.recipe.loss)  # (B,)
        terms = landmark_loss(each, points, log_error, batch, self.recipe.loss)
        self.log_dict({name: value.detach() for name, value in terms.items()})
        return terms["loss"]

    def configure_optimizers(self) -> torch.optim.Optimizer:
        run = self.recipe.run
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for name, value in self.network.named_parameters():
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
        faces["celeba"] = read_celeba(data / "celeba", min_eye_px=recipe.data.celeba_min_eye_px)
    if recipe.data.wild > 0:
        faces["wild"] = read_wild(data)
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
    progress: bool = True,
) -> Fitted:
    """Run a recipe, or go on with it where it was killed. Checks on `dev` go to the run's log."""
    cv2.setNumThreads(1)
    batches = Ahead(make_batches(recipe, data))
    torch.manual_seed(recipe.run.seed)  # the head starts from noise
    module = LandmarkModule(recipe, data=data)
    dev = dev_faces(data)

    def check(checked: Any) -> dict[str, float]:
        return short_check(checked.network, dev)

    try:
        return fit(
            module,
            batches,
            run_dir=run_dir,
            max_steps=recipe.run.steps,
            seed=recipe.run.seed,
            lr_factor=warmup_cosine(recipe.run.warmup_steps, recipe.run.steps),
            average_decay=recipe.run.average_decay,
            check=check,
            check_every=recipe.run.check_every,
            precision=recipe.run.precision,
            accelerator=accelerator,
            resume=resume,
            facts={"recipe": recipe_values(recipe), "commit": current_commit(), "data": _data_facts(data, recipe.data)},
            progress=progress,
        )
    finally:
        batches.close()


def dev_faces(data: Path) -> list[FaceWithPoints]:
    """Faces that checks are made on: human points where they are there, else of CelebA's own val people."""
    if (data / "landmarks" / "points5.csv").is_file():
        return read_landmark_sets(data / "landmarks", split="dev")[::2]
    return read_celeba(data / "celeba", split="val")[::40]


def short_check(network: nn.Module, faces: Sequence[FaceWithPoints]) -> dict[str, float]:
    """NME by set after one pass and after two, boxes like the detector's."""
    found = {}
    for name in (*HUMAN_SETS, "celeba"):
        part = [face for face in faces if face.source == name]
        if part:
            for index, result in enumerate(run_passes(part, predictor(network)), start=1):
                found[f"{name}_{index}"] = round(float(result.errors.mean()), 5)
    return found


def load_network(run_dir: Path) -> tuple[nn.Module, Fitted]:
    """The averaged network of a run, in eval mode, and what its checkpoint says."""
    fitted = read_checkpoint(run_dir / CHECKPOINT)
    module = LandmarkModule(build(LandmarkRecipe, fitted.facts["recipe"]))
    module.load_state_dict(fitted.averaged)
    return module.network.eval(), fitted


def full_evaluation(network: nn.Module, faces: Sequence[FaceWithPoints]) -> dict[str, Any]:
    """By set and box: one pass and two, failures, and how the expected error tells good from bad."""
    report: dict[str, Any] = {}
    for name in sorted({face.source for face in faces}):
        part = [face for face in faces if face.source == name]
        for box in ("like_detector", "given"):
            first, second = run_passes(part, predictor(network), box=box)
            report[f"{name}, {box}"] = {
                "one_pass": first.summary(),
                "two_passes": second.summary(),
                "bad_caught": caught_at(second),
            }
    return report


def export(run_dir: Path, out: Path, *, scores: dict[str, Any] | None = None) -> Path:
    """Write out/aligner.onnx and out/records/aligner.json. Raises ExportFailed when the points differ."""
    network, fitted = load_network(run_dir)
    written = export_onnx(network, out / "aligner.onnx", side_px=CROP_SIDE_PX, outputs=("points", "log_error"))
    parity = compare_with_torch(network, written.path, side_px=CROP_SIDE_PX)
    if parity[0].worst_abs >= MAX_PARITY_PX:
        raise ExportFailed(f"points differ by {parity[0].worst_abs:.3f} px, the limit is {MAX_PARITY_PX} px")
    recipe = fitted.facts["recipe"]
    start = recipe["network"]["start"] if recipe["network"]["model"] == "regression" else None
    record = {
        "role": "aligner",
        "file": written.path.name,
        "sha256": written.sha256,
        "size_bytes": written.size_bytes,
        "input": {
            "name": "images",
            "side_px": CROP_SIDE_PX,
            "color": "RGB",
            "mean": [127.5] * 3,
            "std": [127.5] * 3,
        },
        "output": "points (B,5,2) pixels of the crop; log_error (B,1) ln(expected mean distance / eye distance)",
        "licence": "CC-BY-NC-SA-4.0" if start else "AGPL-3.0-or-later",
        "started_from": f"EdgeFace (Idiap), its trunk: {start}" if start else "noise",
        "steps": fitted.steps,
        "recipe": fitted.facts["recipe"],
        "commit": fitted.facts["commit"],
        "data": fitted.facts["data"],
        "parity": parity,
        "scores": scores or {},
    }
    write_record(out / "records" / "aligner.json", record)
    return written.path


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; figures to stdout as JSON, progress to stderr."""
    parser = argparse.ArgumentParser(prog="python -m training.landmarks", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    train_parser = commands.add_parser("train", help="run a recipe")
    add_run(train_parser, recipe="landmarks.toml")
    train_parser.add_argument("--accelerator", default="cpu", help="Lightning's name: cpu, gpu, auto")
    train_parser.add_argument("--set", action="append", default=[], metavar="TABLE.KEY=VALUE")
    export_parser = commands.add_parser("export", help="write the ONNX file and its record")
    export_parser.add_argument("run", type=Path)
    add_data(export_parser)
    export_parser.add_argument("--out", type=Path, default=Path("weights"))
    export_parser.add_argument("--scores", action="store_true", help="measure on val for the record")
    evaluate_parser = commands.add_parser("evaluate", help="errors on dev or val")
    evaluate_parser.add_argument("run", type=Path)
    add_data(evaluate_parser)
    evaluate_parser.add_argument("--split", choices=("dev", "val"), default="dev")
    for command in (train_parser, export_parser, evaluate_parser):
        command.add_argument("--threads", type=int, default=1, help="torch threads")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    run: dict[str, Callable[[argparse.Namespace], None]] = {
        "train": _train_command,
        "export": _export_command,
        "evaluate": _evaluate_command,
    }
    run[given.command](given)
    return 0


def _train_command(given: argparse.Namespace) -> None:
    overrides: dict[str, Any] = {}
    for item in given.set:
        path, _, value = item.partition("=")
        *tables, key = path.split(".")
        place = overrides
        for table in tables:
            place = place.setdefault(table, {})
        try:
            place[key] = json.loads(value)
        except json.JSONDecodeError:
            place[key] = value
    recipe = load_recipe(given.recipe, LandmarkRecipe, overrides=overrides)
    folder = run_folder(given)
    fitted = train(recipe, data=given.data, run_dir=folder, resume=given.resume, accelerator=given.accelerator)
    print(f"{folder}: {fitted.steps} steps", file=sys.stderr)


def _export_command(given: argparse.Namespace) -> None:
    scores = None
    if given.scores:
        network, _ = load_network(given.run)
        scores = full_evaluation(network, read_landmark_sets(given.data / "landmarks", split="val"))
    print(export(given.run, given.out, scores=scores))


def _evaluate_command(given: argparse.Namespace) -> None:
    network, _ = load_network(given.run)
    faces = read_landmark_sets(given.data / "landmarks", split=given.split)
    print(json.dumps(full_evaluation(network, faces), indent=2))
