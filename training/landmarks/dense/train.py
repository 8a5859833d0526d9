"""The training for many points: loss, step, optimiser, checks on held-out faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import lightning
import numpy as np
import torch
from torch import nn

from evaluation.datasets.pack import read_picture
from pipeline.dense_landmarks import dense_matrix
from pipeline.similarity import CROP_SIDE_PX, apply_affine, warp
from training.config import build, recipe_values
from training.data.ahead import Ahead
from training.data.faces_with_points import DEV_ONE_IN, SCHEMAS, FaceWithPoints, Schema, read_landmark_sets
from training.export.onnx import current_commit
from training.landmarks.batches import normalise
from training.landmarks.dense.batches import ROWS_OF_68, DenseBatch, DenseBatches
from training.landmarks.dense.network import DenseHourglass
from training.landmarks.dense.recipe import DenseRecipe
from training.landmarks.evaluate import rough_points
from training.landmarks.train import integral_loss, optimiser_of
from training.loop import CHECKPOINT, Fitted, fit, read_checkpoint, warmup_cosine

SETS_WITH_68: Final = ("helen_afw", "ytf68")


class DenseModule(lightning.LightningModule):
    """Network, loss, step, optimiser."""

    def __init__(self, recipe: DenseRecipe, *, data: Path | None = None) -> None:
        """data: the folder that `network.start` lies below; None leaves the weights at noise."""
        super().__init__()
        self.recipe = recipe
        made = recipe.network
        self.network = DenseHourglass(
            SCHEMAS[Schema(made.points)].count,
            fine_width=made.fine_width,
            start=data / made.start if data is not None and made.start is not None else None,
        ).to(memory_format=torch.channels_last)  # a quarter faster

    def training_step(self, batch: DenseBatch, batch_idx: int) -> torch.Tensor:  # noqa: ARG002 - Lightning hands it
        read = self.network.read(batch.images.contiguous(memory_format=torch.channels_last))
        loss = integral_loss(read, batch.points, self.recipe.loss).mean()
        off = (read.points.detach() - batch.points).norm(dim=2).mean()
        self.log_dict({"loss": loss.detach(), "off_px": off})
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return optimiser_of(self.network, self.recipe.run)


def train(
    recipe: DenseRecipe,
    *,
    data: Path,
    run_dir: Path,
    resume: bool = False,
    accelerator: str = "cpu",
    workers: int = 0,
    progress: bool = True,
) -> Fitted:
    """Run a recipe, or go on with it where it was killed. Checks on `dev` go to the run's log."""
    cv2.setNumThreads(1)
    schema = Schema(recipe.network.points)
    split = "train" if recipe.data.with_dev else "fit"
    batches = DenseBatches(
        read_landmark_sets(data / "landmarks", split=split, schema=Schema.IBUG68),
        shares={name: getattr(recipe.data, name) for name in SETS_WITH_68},
        schema=schema,
        augment=recipe.data.augment,
        batch_size=recipe.run.batch,
        seed=recipe.run.seed,
    )
    ahead = Ahead(batches)
    torch.manual_seed(recipe.run.seed)  # the heads start from noise
    module = DenseModule(recipe, data=data)
    dev = read_landmark_sets(data / "landmarks", split="dev", schema=Schema.IBUG68)

    def check(checked: Any) -> dict[str, float]:
        return mean_errors(checked.network, dev, schema)

    try:
        return fit(
            module,
            batches if workers else ahead,
            run_dir=run_dir,
            max_steps=recipe.run.steps,
            seed=recipe.run.seed,
            lr_factor=warmup_cosine(recipe.run.warmup_steps, recipe.run.steps),
            average_decay=recipe.run.average_decay,
            check=check if dev else None,
            check_every=recipe.run.check_every,
            precision=recipe.run.precision,
            accelerator=accelerator,
            workers=workers,
            resume=resume,
            facts={"recipe": recipe_values(recipe), "commit": current_commit(), "data": _data_facts(data)},
            progress=progress,
        )
    finally:
        ahead.close()


def mean_errors(network: nn.Module, faces: Sequence[FaceWithPoints], schema: Schema) -> dict[str, float]:
    """NME over the distance of the eye centres, by set, crops straightened by five points like a detector's.

    faces: with 68 points. The figures to report come from `lookalike evaluate dense` on the exported file.
    """
    found: dict[str, list[float]] = {}
    device = next(network.parameters()).device
    for start in range(0, len(faces), 64):
        part = faces[start : start + 64]
        matrices = [dense_matrix(rough_points(face)) for face in part]
        crops = [
            warp(read_picture(face.path), matrix, side_px=CROP_SIDE_PX)
            for face, matrix in zip(part, matrices, strict=True)
        ]
        with torch.no_grad():
            points = network(normalise(crops).to(device)).float().cpu().numpy()
        for face, matrix, in_crop in zip(part, matrices, points, strict=True):
            back = apply_affine(cv2.invertAffineTransform(matrix), in_crop)
            off = np.linalg.norm(back - face.points[ROWS_OF_68[schema]], axis=1).mean()
            found.setdefault(face.source, []).append(float(off / np.linalg.norm(face.five[1] - face.five[0])))
    return {name: round(float(np.mean(errors)), 5) for name, errors in sorted(found.items())}


def load_network(run_dir: Path) -> tuple[DenseHourglass, Fitted]:
    """The averaged network of a run, in eval mode, and what its checkpoint says."""
    fitted = read_checkpoint(run_dir / CHECKPOINT)
    module = DenseModule(build(DenseRecipe, fitted.facts["recipe"]))
    module.load_state_dict(fitted.averaged)
    network: DenseHourglass = module.network.eval()
    return network, fitted


def _data_facts(data: Path) -> dict[str, Any]:
    """What the run learnt from: the list's own name and size, not the pictures."""
    name = "landmarks/points68.csv"
    return {
        "sources": "human points of Helen, AFW (train); a tracker's of YouTube Faces (train)",
        "files": {name: (data / name).stat().st_size},
        "dev": f"one group in {DEV_ONE_IN} of the train rows by the CRC of its name",
    }
