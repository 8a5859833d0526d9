"""The aligner that ships: a small hourglass, the shallow half of the deep one's, read by integral regression.

    112 x 112 -> 56 -> 28 -> 14 -> 7 (YOLOv8n's layers 0 to 6), up to 14 (its 15), up to 28 (new)

There are no maps of 4 x 4 cells: at 7 x 7 every cell sees the whole crop already. One map a point at 14 x 14
(supervised between, not computed where the network ships) and one at 28 x 28; a point is the expectation of its map.
Names of the layers are Ultralytics', so that a face detector's weights start them. The many points' networks
(dense.network) are of the same kind. Tensors only.

Input (B, 3, 112, 112), RGB, (x - 127.5) / 127.5. Output: points (B, 5, 2) in crop pixels, log_error (B, 1).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from training.landmarks.network import EXPECTED_LOG_ERROR, POINTS, mean_position
from training.landmarks.yolo_hourglass import (
    ERROR_WIDTH,
    FINE_WIDTH,
    Bottleneck,
    C2f,
    Convolution,
    Read,
    load_layers,
    map_head,
    shallow_layers,
    shallow_maps,
)


class SmallHourglass(nn.Module):
    """Layers and features for any number of points."""

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

    def features(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(B, 3, 112, 112) -> (B, 128, 7, 7) on the way down, (B, 64, 14, 14) and (B, fine_width, 28, 28) up again."""
        at_28, at_14, at_7 = shallow_maps(self.trunk, images)
        up_14 = self.trunk["15"].joined(at_7, at_14)
        return at_7, up_14, self.smooth(self.join.joined(up_14, at_28))


class SmallAligner(SmallHourglass):
    """Five points and how far off they may be. `read` gives the maps too, for the loss."""

    def __init__(self, *, start: Path | None = None) -> None:
        super().__init__(POINTS, start=start)
        described = 128 + 64 + POINTS
        self.error = nn.Sequential(nn.Linear(described, ERROR_WIDTH), nn.SiLU(), nn.Linear(ERROR_WIDTH, 1))
        nn.init.constant_(self.error[-1].bias, EXPECTED_LOG_ERROR)

    def read(self, images: torch.Tensor) -> Read:
        at_7, up_14, up_28 = self.features(images)
        fine = self.fine(up_28)
        points, spreads = mean_position(fine)
        described = torch.cat([*(x.mean(dim=(2, 3)) for x in (at_7, up_14)), spreads], dim=1)
        return Read(points, self.error(described), fine, self.coarse(up_14))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, 3, 112, 112) -> points (B, 5, 2), log_error (B, 1)."""
        points, log_error, *_ = self.read(images)
        return points, log_error
