"""The Ultralytics run: its trainer with our start weights, precision, data and score. Imports torch and Ultralytics.

Import it after `training.detector.cli.quieten`, which keeps Ultralytics' settings under the run folder and off the
network.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ultralytics.models.yolo.detect import DetectionTrainer

from pipeline.types import FloatArray, Nchw
from training.data.scenes import Scene
from training.detector.score import RunNetwork, run_on_scenes, summary


class FaceTrainer(DetectionTrainer):
    """DetectionTrainer whose fitness is AP@0.5 from 16 px on the held-out pictures, and whose maths is bfloat16.

    dev: pictures scored after each epoch. bf16: autocast on the processor, which Ultralytics itself refuses there.
    """

    def __init__(
        self,
        overrides: dict[str, Any],
        *,
        folder: Path,
        dev: list[Scene],
        score_side_px: int,
        bf16: bool,
    ) -> None:
        self._folder, self._dev, self._score_side_px, self._bf16 = folder, dev, score_side_px, bf16
        self.model: Any
        self.best_fitness: float | None
        super().__init__(overrides=overrides)

    def check_resume(self, overrides: dict[str, Any]) -> None:
        """As the library's, but the recipe's number of epochs counts, whatever the run was begun with."""
        super().check_resume(overrides)
        if self.resume:
            self.args.epochs = overrides["epochs"]

    def get_dataset(self) -> dict[str, Any]:
        """The run's own folder. (The library's reader would fetch a font from the network.)"""
        images = self._folder / "images"
        return {
            "path": self._folder,
            "train": str(images / "train"),
            "val": str(images / "dev"),
            "nc": 1,
            "names": {0: "face"},
            "channels": 3,
        }

    def setup_model(self) -> Any:
        checkpoint = super().setup_model()
        self.model = self.model.to(memory_format=torch.channels_last)
        return checkpoint

    def _setup_train(self) -> None:
        super()._setup_train()
        self.model.criterion = FullPrecisionLoss(self.model.init_criterion())

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        batch = super().preprocess_batch(batch)
        batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
        if self._bf16:
            # We stand inside the trainer's own autocast block, which restores both when it ends.
            torch.set_autocast_dtype("cpu", torch.bfloat16)
            torch.set_autocast_enabled("cpu", True)
        return batch

    def validate(self) -> tuple[dict[str, float], float]:
        network = torch_network(self.ema.ema)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bf16):
            scores = summary(run_on_scenes(self._dev, network, sides_px=(self._score_side_px,)))
        fitness = scores["ap50_from_16px"]
        with (self.save_dir / "dev_scores.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps({"epoch": self.epoch + 1, **scores}) + "\n")
        if self.best_fitness is None or self.best_fitness < fitness:
            self.best_fitness = fitness
        return {f"dev/{name}": value for name, value in scores.items()}, fitness

    def save_model(self) -> bool:
        """Write the checkpoints beside their places and move them there: a kill never leaves half of one.

        The best goes first: a kill between the two costs an epoch, and no `last` ever tells of a better `best`.
        """
        places = {"best": Path(self.best), "last": Path(self.last)}
        for name, place in places.items():
            setattr(self, name, place.with_suffix(".partial"))
        try:
            saved = bool(super().save_model())
            for name, place in places.items():
                if (partial := Path(getattr(self, name))).is_file():
                    partial.replace(place)
        finally:
            for name, place in places.items():
                setattr(self, name, place)
        return saved

    def final_eval(self) -> None:
        """Nothing: the checkpoints keep their optimizer, and the scores of every epoch are written already."""


class FullPrecisionLoss:
    """An Ultralytics criterion on float32 predictions, outside of autocast."""

    def __init__(self, criterion: Any) -> None:
        self._criterion = criterion

    def __call__(self, predictions: Any, batch: dict[str, Any]) -> Any:
        with torch.autocast("cpu", enabled=False):
            return self._criterion(_float32(predictions), batch)


def torch_network(model: Any) -> RunNetwork:
    """A YOLO module in evaluation mode as the scorer's callable."""

    def run(images: Nchw) -> FloatArray:
        with torch.no_grad():
            output = model(torch.from_numpy(images).contiguous(memory_format=torch.channels_last))
        output = output[0] if isinstance(output, (tuple, list)) else output
        return np.asarray(output.float().numpy(), dtype=np.float32)

    return run


def _float32(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.float() if value.is_floating_point() else value
    if isinstance(value, dict):
        return {key: _float32(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_float32(item) for item in value)
    return value
