"""Wing loss for landmark coordinates (Feng et al., CVPR 2018, eq. 5), and its two baselines."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import nn

PointLoss = Literal["wing", "l1", "mse"]


class WingLoss(nn.Module):
    """Like a logarithm below `width_px`, where most errors of a good network lie, like L1 above.

        wing(x) = width * ln(1 + |x| / curvature)    for |x| < width
                  |x| - C                            otherwise, C = width - width * ln(1 + width / curvature)

    The paper has width 10 and curvature 2 for faces of 256 px; ours are 112 px, so half of both.
    """

    def __init__(self, *, width_px: float = 5.0, curvature_px: float = 1.0) -> None:
        super().__init__()
        if width_px <= 0 or curvature_px <= 0:
            raise ValueError(f"width and curvature are above 0, got {width_px} and {curvature_px}")
        self.width_px = width_px
        self.curvature_px = curvature_px
        self.offset_px = width_px - width_px * math.log1p(width_px / curvature_px)

    def forward(self, predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
        """(B, N, 2) pixels twice -> (B,), the mean over points and both coordinates."""
        distance = (predicted - true).abs()
        near = self.width_px * torch.log1p(distance / self.curvature_px)
        return torch.where(distance < self.width_px, near, distance - self.offset_px).mean(dim=(1, 2))


def point_loss(
    kind: PointLoss, predicted: torch.Tensor, true: torch.Tensor, *, width_px: float, curvature_px: float
) -> torch.Tensor:
    """One number a face, (B,): Wing, L1 or MSE over (B, N, 2) pixels. The scales are Wing's alone."""
    match kind:
        case "wing":
            return WingLoss(width_px=width_px, curvature_px=curvature_px)(predicted, true)
        case "l1":
            return (predicted - true).abs().mean(dim=(1, 2))
        case "mse":
            return (predicted - true).square().mean(dim=(1, 2))
