"""What a run of the aligner is made of: the typed recipe. No networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from training.data.crop_augment import CropAugment
from training.landmarks.network import Head
from training.losses.wing import PointLoss


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRecipe:
    """What is trained and what it starts from."""

    # The first two are there to be compared, the third for the last, which ships, to go on from.
    model: Literal["regression", "hourglass", "yolo_hourglass", "small_hourglass"] = "regression"
    backbone: str = "edgenext_xx_small"  # timm name with four stages of stride 4 to 32
    head: Head = "integral"
    width: int = 64  # channels of the integral head, or of the hourglass
    stacks: int = 2  # of the hourglass
    depth: int = 4  # of each of its stacks
    start: Path | None = None  # safetensors of the backbone (of YOLOv8n), below the data folder


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRecipe:
    """How a wrong point is punished."""

    kind: PointLoss = "wing"
    width_px: float = 5.0  # Wing's w; the paper has 10 at 256 px
    curvature_px: float = 1.0  # Wing's epsilon; the paper has 2 at 256 px
    map_weight: float = 0.3  # of the maps' cross-entropy, where a model has maps to be read by regression
    coarse_weight: float = 0.5  # of what the smaller maps say, likewise
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

    goes_on_from: str = ""  # name of a finished run beside this one, whose layers of the same name and shape are taken
    network: NetworkRecipe = field(default_factory=NetworkRecipe)
    loss: LossRecipe = field(default_factory=LossRecipe)
    data: DataRecipe = field(default_factory=DataRecipe)
    run: RunRecipe = field(default_factory=RunRecipe)
