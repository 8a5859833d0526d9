"""What a detector run is made of: the typed recipe. No training code, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How often each kind of picture comes; they need not sum to one. A source at 0 is left out of the tuning."""

    wider: float = 0.36
    mask: float = 0.16
    portrait: float = 0.13
    celeba: float = 0.08
    empty: float = 0.10
    pasted: float = 0.05  # faces pasted onto pictures without people
    sheet: float = 0.03  # contact sheets
    close_up: float = 0.09  # a face that fills the frame


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecipe:
    """How one picture of a batch is made of a scene."""

    sides_px: tuple[int, ...] = (416, 480)  # of the square canvas, one a batch
    # Side of the square that is cut out, over the scene's shorter side, log-uniform: over 1 there is grey around.
    # The range is SCRFD's (Guo et al., ICLR 2022): with it more small faces are large, and large ones cut.
    crop: tuple[float, float] = (0.4, 2.0)
    on_face: float = 0.5  # share of the crops that hold a face, chosen alike among the scene's
    smallest_px: float = 5.0  # a face below this on the canvas is not asked for
    # A cut face is asked for from this share of its box on, and below the second one it is background. In between
    # nobody could say, and such a crop is drawn anew.
    seen: float = 0.45
    unseen: float = 0.15
    flip: float = 0.5
    turned: float = 0.03  # share of the scenes that are turned by one to three quarters
    gain: tuple[float, float] = (0.6, 1.4)  # brightness
    saturation: tuple[float, float] = (0.5, 1.5)
    grey: float = 0.05
    blur: float = 0.1  # share with a Gaussian of up to 1.5 px
    jpeg: float = 0.25  # share stored once more as JPEG of quality 35 to 90
    enlarged_most: float = 3.0  # a crop is not blown up further


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorRecipe:
    """One run. Values without a source were chosen on the held-out part of train."""

    start: Path = Path("init/yolov8n_face_wider_fused_fp16.safetensors")  # under data; mixes are counted from it
    goes_on_from: str = ""  # name of a finished run beside this one: the tuning begins at its average, not at the start
    dev_every: int = 12  # every twelfth picture of each source of train chooses steps, mix and threshold
    steps: int = 160
    batch: int = 8
    rate: float = 3e-4  # AdamW's peak
    warmup_steps: int = 15
    weight_decay: float = 0.0
    average_decay: float = 0.97
    frozen_layers: int = 10  # from the picture on: YOLOv8's backbone keeps what all of WIDER FACE taught it
    box: float = 7.5  # weights of the losses, Ultralytics' own but for the points'
    score: float = 0.5
    distribution: float = 1.5
    points: float = 2.0
    mixes: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)  # of the way from the start to the average that are compared
    mix: float = 0.5  # the one that ships, chosen by a source left out of the tuning
    seed: int = 8
    threads: int = 1
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    side_px: int = 640  # longer side of the canvas that the held-out part is scored on
    shares: Shares = field(default_factory=Shares)
    sample: SampleRecipe = field(default_factory=SampleRecipe)
