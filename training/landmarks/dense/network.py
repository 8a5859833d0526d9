"""The small hourglass for many points, see training.landmarks.small_hourglass.

Input (B, 3, 112, 112), RGB, (x - 127.5) / 127.5. Output: points (B, N, 2) in crop pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from training.landmarks.network import mean_position
from training.landmarks.small_hourglass import SmallHourglass


class DenseRead(NamedTuple):
    """`Maps` of N points; maps are logits."""

    points: torch.Tensor  # (B, N, 2) crop px, from `fine`
    fine: torch.Tensor  # (B, N, 28, 28)
    coarse: torch.Tensor  # (B, N, 14, 14)


class DenseHourglass(SmallHourglass):
    """`read` gives the maps too, for the loss."""

    def read(self, images: torch.Tensor) -> DenseRead:
        _, up_14, up_28 = self.features(images)
        fine = self.fine(up_28)
        points, _ = mean_position(fine)
        return DenseRead(points, fine, self.coarse(up_14))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, 112, 112) -> points (B, N, 2)."""
        return self.read(images).points
