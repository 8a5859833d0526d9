"""What a detector run is made of: the typed recipe. No training code, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """How often each source's pictures come in one epoch; WIDER and the masks hold the faces that are hard."""

    wider: int = 1
    celeba: int = 1
    portrait: int = 1
    mask: int = 1
    empty: int = 1

    def of(self, source: str) -> int:
        """Raises AttributeError for a source that no recipe knows."""
        return int(getattr(self, source))


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """Pictures composed once before the run."""

    pasted_per_empty: int = 2  # pictures with pasted faces for each empty one
    pasted_faces_max: int = 6  # faces on one of them, 1 to this, uniform
    pasted_smallest_px: float = 14.0  # smaller side of a pasted face, in the empty picture's own pixels
    close_ups: int = 350  # crops around a face, so that it fills the frame
    close_up_smallest_px: float = 80.0  # faces below this are too coarse to fill a frame
    sheets: int = 80  # contact sheets of 2x2 to 5x5 faces
    cutout_smallest_px: float = 48.0  # faces below this are not cut out for pasting or sheets


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorRecipe:
    """One Ultralytics run. Values without a source were chosen on the held-out part of train."""

    start: Path = Path("init/yolov8n_pose_coco_fused_fp16.safetensors")  # under data
    from_noise: bool = False  # leave `start` aside, to see what it is worth
    refit_pictures: int = 200  # pictures whose activations the norms are fitted to
    dev_every: int = 12  # every twelfth picture of each source of train chooses epochs and thresholds
    epochs: int = 6
    batch: int = 16  # pictures a step; no accumulation
    side_px: int = 480  # side of the training square
    multi_scale: float = 0.33  # each batch is resized to (1 +- this) of it, a multiple of 32
    learning_rate: float = 1e-3  # AdamW's peak
    final_share: float = 0.01  # of it at the end of the cosine
    weight_decay: float = 5e-4
    warmup_epochs: float = 0.5
    mosaic: float = 0.75  # share of pictures shown as mosaics of four
    close_mosaic: int = 1  # last epochs without mosaics
    scale: tuple[float, float] = (0.55, 1.6)  # zoom, uniform; 1: the longer side is side_px
    translate: float = 0.15  # share of the side
    flip: float = 0.5
    hue: float = 0.015  # hue, saturation and value gains, shares (Ultralytics' own defaults)
    saturation: float = 0.7
    value: float = 0.4
    bf16: bool = True  # forward and backward in bfloat16, channels last: three times as fast where AMX is there
    threads: int = 1
    seed: int = 8
    score_side_px: int = 640  # side at which the held-out part is scored after each epoch
    repeats: Repeats = field(default_factory=Repeats)
    synthesis: Synthesis = field(default_factory=Synthesis)
