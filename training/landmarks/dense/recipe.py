"""What a run for many points is made of: the typed recipe. No networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from training.data.crop_augment import CropAugment
from training.landmarks.recipe import LossRecipe, RunRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseNetworkRecipe:
    """What is trained and what it starts from."""

    points: Literal["ibug68", "eyes12"]  # a name of training.data.faces_with_points.Schema
    fine_width: int = 32  # channels at 28 x 28
    start: Path | None = None  # safetensors of YOLOv8n, below the data folder; noise without it


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseDataRecipe:
    """Where faces come from and how often. Of `augment`, what concerns boxes and cut photos is not used."""

    helen_afw: float = 0.6  # human points, precise
    ytf68: float = 0.4  # a tracker's points, loose on turned heads
    with_dev: bool = False  # True once choices are made: train on the held-out part, too
    augment: CropAugment = field(default_factory=CropAugment)


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseRecipe:
    """A run for many points."""

    network: DenseNetworkRecipe
    loss: LossRecipe = field(default_factory=LossRecipe)  # without its terms for the expected error and turned faces
    data: DenseDataRecipe = field(default_factory=DenseDataRecipe)
    run: RunRecipe = field(default_factory=RunRecipe)
