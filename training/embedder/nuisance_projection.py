"""Nuisance attribute projection: remove from an embedding what tells data collections apart, by one linear layer.

An embedding also encodes where its picture comes from: how it was photographed and stored, and, for a narrow
collection, which kind of people are in it. Strangers of one collection are alike by that much, and the narrower it is
the more: eight Korean singers passed for one another sixteen times as often as people do on the whole. The mean
embedding of every collection is brought to the origin by projecting out each direction in which these means differ.

Source: Solomonoff, Campbell and Boardman, "Advances in channel compensation for SVM speaker recognition", ICASSP 2005,
sec. 2, with every collection as a channel. Nothing in it is tuned.
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


class AffineProjection(NamedTuple):
    """(vector - origin) along K directions."""

    origin: FloatArray  # (D,)
    directions: FloatArray  # (K, D), rows orthonormal as far as the fitted vectors vary

    def apply(self, vectors: FloatArray) -> FloatArray:
        """Project (N, D) to (N, K), scaled to unit length."""
        projected = (vectors - self.origin) @ self.directions.T
        return np.asarray(projected / np.linalg.norm(projected, axis=1, keepdims=True), np.float32)


class ProjectedEmbedder(nn.Module):
    """A network whose unit vectors (B, D) go through an AffineProjection: (B, K), not of unit length."""

    def __init__(self, network: nn.Module, projection: AffineProjection) -> None:
        super().__init__()
        self.network = network
        directions = np.ascontiguousarray(projection.directions.T)
        self.register_buffer("directions", torch.from_numpy(directions))
        self.register_buffer("shift", torch.from_numpy(-(projection.origin @ directions)))
        self.directions: torch.Tensor
        self.shift: torch.Tensor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Embed aligned faces, (B, 3, S, S)."""
        return functional.normalize(self.network(images).float(), dim=1) @ self.directions + self.shift


def fit_projection(collections: Sequence[FloatArray], dimension: int) -> AffineProjection:
    """Fit the projection that gives all collections the same mean, with one channel per collection.

    collections: (N_c, D) unit vectors each. The result subtracts the mean of the collection means and projects out
    the directions in which those means differ (at most C - 1), then keeps the `dimension` leading principal directions
    of the rest, in order of variance. Where fewer carry variance, the trailing ones are near zero.
    """
    means = np.stack([vectors.mean(axis=0, dtype=np.float64) for vectors in collections])  # (C, D)
    origin = means.mean(axis=0)
    _, lengths, nuisance = np.linalg.svd(means - origin, full_matrices=False)
    nuisance = nuisance[lengths > LEAST_LENGTH]  # (<= C - 1, D), orthonormal
    rest = np.concatenate(collections) - origin.astype(np.float32)
    rest -= (rest @ nuisance.T.astype(np.float32)) @ nuisance.astype(np.float32)
    directions = principal_directions(rest, dimension)
    # Directions without variance could lie anywhere, in what was projected out too.
    directions -= (directions @ nuisance.T) @ nuisance
    return AffineProjection(np.asarray(origin, np.float32), np.asarray(directions, np.float32))


def principal_directions(vectors: NDArray[np.floating], count: int) -> FloatArray:
    """Return the `count` orthonormal directions (count, D) that keep most of the inner products of (N, D) vectors."""
    _, found = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))  # ascending
    return np.asarray(found[:, ::-1][:, :count].T, np.float32)
