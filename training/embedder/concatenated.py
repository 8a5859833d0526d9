"""Two embedders as one network: their unit vectors of the same face are scaled and concatenated.

The cosine of two such vectors is the weighted mean of the two networks' cosines. Networks that were trained on other
people are wrong on other pairs, so that the mean is right more often than either.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from pipeline.types import FloatArray


class ConcatenatedEmbedders(nn.Module):
    """(B, 3, 112, 112) -> (B, D1 + D2), unit length. `weight`, 0..1: the second network's part in each cosine."""

    def __init__(self, first: nn.Module, second: nn.Module, weight: float) -> None:
        super().__init__()
        self.first = first
        self.second = second
        self.weight = weight

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Embed aligned faces."""
        first, second = (functional.normalize(network(images).float(), dim=1) for network in (self.first, self.second))
        return torch.cat([first * math.sqrt(1 - self.weight), second * math.sqrt(self.weight)], dim=1)


def reweighted(vectors: FloatArray, weight: float, *, was: float, first: int) -> FloatArray:
    """Return ConcatenatedEmbedders' vectors (N, first + D2) as they would be with another weight of the second."""
    wanted = vectors.copy()
    wanted[:, :first] *= math.sqrt((1 - weight) / (1 - was))
    wanted[:, first:] *= math.sqrt(weight / was)
    return wanted
