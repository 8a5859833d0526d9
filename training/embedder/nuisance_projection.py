"""What tells collections of pictures apart is taken out of a face's vector, by one linear layer after the network.

A vector also says where its picture comes from: how it was photographed and stored, and, of a narrow collection, which
kind of people are in it. Strangers of one collection are alike by that much, and the narrower it is the more: eight
Korean singers passed for one another sixteen times as often as people do on the whole. So the mean of every
collection's vectors is brought to one point, the origin, by projecting out each direction in which these means differ.
Nuisance attribute projection: Solomonoff, Campbell and Boardman, "Advances in channel compensation for SVM speaker
recognition", ICASSP 2005, sec. 2, with every collection as a channel. Nothing in it is tuned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from pipeline.types import FloatArray

LEAST_LENGTH: Final = 1e-4  # of a difference between collections, in vectors of unit length: less is rounding


class Reading(NamedTuple):
    """How vectors (B, D) are read: (vector - origin) along the directions."""

    origin: FloatArray  # (D,)
    directions: FloatArray  # (K, D), rows orthonormal as long as there is anything left to say

    def read(self, vectors: FloatArray) -> FloatArray:
        """(N, D) -> (N, K), unit length."""
        read = (vectors - self.origin) @ self.directions.T
        return np.asarray(read / np.linalg.norm(read, axis=1, keepdims=True), np.float32)


class Levelled(nn.Module):
    """A network whose unit vectors (B, D) are read from an origin along K directions: (B, K), not of unit length."""

    def __init__(self, network: nn.Module, reading: Reading) -> None:
        super().__init__()
        self.network = network
        directions = np.ascontiguousarray(reading.directions.T)
        self.register_buffer("directions", torch.from_numpy(directions))
        self.register_buffer("shift", torch.from_numpy(-(reading.origin @ directions)))
        self.directions: torch.Tensor
        self.shift: torch.Tensor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Embed straightened faces."""
        return functional.normalize(self.network(images).float(), dim=1) @ self.directions + self.shift


def level(collections: Sequence[FloatArray], count: int) -> Reading:
    """The reading in which all collections have the same mean, nought, and `count` numbers say all that is left.

    collections: each (N, D), unit vectors of its pictures. Directions come in the order of how much they say; where
    fewer than `count` of D say anything, the last ones say nothing.
    """
    means = np.stack([vectors.mean(axis=0, dtype=np.float64) for vectors in collections])  # (C, D)
    origin = means.mean(axis=0)
    _, lengths, apart = np.linalg.svd(means - origin, full_matrices=False)
    apart = apart[lengths > LEAST_LENGTH]  # (<= C - 1, D), orthonormal
    left = np.concatenate(collections) - origin.astype(np.float32)
    left -= (left @ apart.T.astype(np.float32)) @ apart.astype(np.float32)
    directions = principal_directions(left, count)
    directions -= (directions @ apart.T) @ apart  # those that say nothing could lie anywhere, in what was taken out too
    return Reading(np.asarray(origin, np.float32), np.asarray(directions, np.float32))


def principal_directions(vectors: NDArray[np.floating], count: int) -> FloatArray:
    """The `count` orthonormal directions (count, D) that keep most of (N, D) vectors: inner products hardly change."""
    _, found = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))  # ascending
    return np.asarray(found[:, ::-1][:, :count].T, np.float32)
