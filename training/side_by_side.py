"""Two embedders as one network: both look at the same face, their unit vectors stand side by side.

The cosine of two such vectors is the weighted mean of the two networks' cosines. Networks that learned from other
people err on other pairs, so the mean is right oftener than either.
"""

from __future__ import annotations

import math

import numpy as np
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


class Turned(nn.Module):
    """A network whose vectors (B, D) are read along fixed directions (K, D): (B, K)."""

    def __init__(self, network: nn.Module, directions: FloatArray) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("directions", torch.from_numpy(np.ascontiguousarray(directions.T)))
        self.directions: torch.Tensor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Embed straightened faces."""
        return self.network(images).float() @ self.directions


def principal_directions(embedding: FloatArray, count: int) -> FloatArray:
    """The `count` orthonormal directions (count, D) that keep most of (N, D) unit vectors: cosines hardly change."""
    _, vectors = np.linalg.eigh((embedding.T @ embedding).astype(np.float64))  # ascending
    return np.asarray(vectors[:, ::-1][:, :count].T, np.float32)
