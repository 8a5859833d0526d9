"""Two embedders as one network: both look at the same face, their unit vectors stand side by side.

The cosine of two such vectors is the weighted mean of the two networks' cosines. Networks that learned from other
people err on other pairs, so the mean is right oftener than either.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from pipeline.types import FloatArray


class SideBySide(nn.Module):
    """(B, 3, 112, 112) -> (B, D1 + D2), unit length; `share` of each cosine is the second network's."""

    def __init__(self, first: nn.Module, second: nn.Module, share: float) -> None:
        super().__init__()
        self.first = first
        self.second = second
        self.share = share

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Embed straightened faces."""
        first, second = (functional.normalize(network(images).float(), dim=1) for network in (self.first, self.second))
        return torch.cat([first * math.sqrt(1 - self.share), second * math.sqrt(self.share)], dim=1)


def with_share(vectors: FloatArray, share: float, *, was: float, first: int) -> FloatArray:
    """What SideBySide's vectors (N, first + D2) would be with another share of the second network, both in 0..1."""
    wanted = vectors.copy()
    wanted[:, :first] *= math.sqrt((1 - share) / (1 - was))
    wanted[:, first:] *= math.sqrt(share / was)
    return wanted
