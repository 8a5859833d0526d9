"""A small hourglass for many points: the shallow half of the shipped aligner's, read by integral regression.

    112 x 112 -> 56 -> 28 -> 14 -> 7 (YOLOv8n's layers 0 to 6), up to 14 (its 15), up to 28 (new)

One map a point at 14 x 14 (supervised between) and one at 28 x 28; a point is the expectation of its map. Names of the
layers are Ultralytics', so that a face detector's weights start them. Tensors only.

Input (B, 3, 112, 112), RGB, (x - 127.5) / 127.5. Output: points (B, N, 2) in crop pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from training.landmarks.network import mean_position
from training.landmarks.yolo_hourglass import (
    FINE_WIDTH,
    Bottleneck,
    C2f,
    Convolution,
    load_layers,
    map_head,
    shallow_layers,
    shallow_maps,
    up_and_beside,
)


class DenseRead(NamedTuple):
    """`Maps` of N points; maps are logits."""

    points: torch.Tensor  # (B, N, 2) crop px, from `fine`
    fine: torch.Tensor  # (B, N, 28, 28)
    coarse: torch.Tensor  # (B, N, 14, 14)


class DenseHourglass(nn.Module):
    """See the module. `read` gives the maps too, for the loss."""

    def __init__(self, count: int, *, fine_width: int = FINE_WIDTH, start: Path | None = None) -> None:
        """count: of points. start: safetensors of a YOLOv8n. Raises Refused when it does not fit."""
        super().__init__()
        self.trunk = nn.ModuleDict({**shallow_layers(), "15": C2f(192, 64, 1, adds=False)})
        if start is not None:
            load_layers(self.trunk, start)
        self.join = Convolution(64 + 32, fine_width)
        self.smooth = Bottleneck(fine_width, adds=True)
        self.coarse = map_head(64, count)
        self.fine = map_head(fine_width, count)

    def read(self, images: torch.Tensor) -> DenseRead:
        at_28, at_14, at_7 = shallow_maps(self.trunk, images)
        up_14 = self.trunk["15"](up_and_beside(at_7, at_14))
        fine = self.fine(self.smooth(self.join(up_and_beside(up_14, at_28))))
        points, _ = mean_position(fine)
        return DenseRead(points, fine, self.coarse(up_14))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, 112, 112) -> points (B, N, 2)."""
        return self.read(images).points
