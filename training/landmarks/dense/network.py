"""A small hourglass for many points: the shallow half of the shipped aligner's, read by integral regression.

    112 x 112 -> 56 -> 28 -> 14 -> 7 (YOLOv8n's layers 0 to 6), up to 14 (its 15), up to 28 (new)

One map a point at 14 x 14 (supervised between) and one at 28 x 28; a point is the expectation of its map. Names of the
layers are Ultralytics', so that a face detector's weights start them. Tensors only.

Input (B, 3, 112, 112), RGB, (x - 127.5) / 127.5. Output: points (B, N, 2) in crop pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from training.landmarks.network import mean_position
from training.landmarks.yolo_hourglass import Bottleneck, C2f, Convolution, load_layers

FINE_WIDTH: Final = 32


class DenseRead(NamedTuple):
    """What the network says of B crops; maps are logits."""

    points: torch.Tensor  # (B, N, 2) crop px, from `fine`
    fine: torch.Tensor  # (B, N, 28, 28)
    coarse: torch.Tensor  # (B, N, 14, 14)


class DenseHourglass(nn.Module):
    """See the module. `read` gives the maps too, for the loss."""

    def __init__(self, count: int, *, fine_width: int = FINE_WIDTH, start: Path | None = None) -> None:
        """count: of points. start: safetensors of a YOLOv8n. Raises Refused when it does not fit."""
        super().__init__()
        self.trunk = nn.ModuleDict(
            {
                "0": Convolution(3, 16, 3, 2),
                "1": Convolution(16, 32, 3, 2),
                "2": C2f(32, 32, 1, adds=True),
                "3": Convolution(32, 64, 3, 2),
                "4": C2f(64, 64, 2, adds=True),
                "5": Convolution(64, 128, 3, 2),
                "6": C2f(128, 128, 2, adds=True),
                "15": C2f(192, 64, 1, adds=False),
            }
        )
        if start is not None:
            load_layers(self.trunk, start)
        self.join = Convolution(64 + 32, fine_width)
        self.smooth = Bottleneck(fine_width, adds=True)
        self.coarse = nn.Conv2d(64, count, 1)
        self.fine = nn.Conv2d(fine_width, count, 1)
        for head in (self.coarse, self.fine):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)

    def read(self, images: torch.Tensor) -> DenseRead:
        layers = self.trunk
        at_28 = layers["2"](layers["1"](layers["0"](images * 0.5 + 0.5)))  # the start takes pixels as 0..1
        at_14 = layers["4"](layers["3"](at_28))
        at_7 = layers["6"](layers["5"](at_14))
        up_14 = layers["15"](torch.cat([functional.interpolate(at_7, scale_factor=2.0), at_14], dim=1))
        up_28 = self.smooth(self.join(torch.cat([functional.interpolate(up_14, scale_factor=2.0), at_28], dim=1)))
        fine = self.fine(up_28)
        points, _ = mean_position(fine)
        return DenseRead(points, fine, self.coarse(up_14))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, 112, 112) -> points (B, N, 2)."""
        return self.read(images).points
