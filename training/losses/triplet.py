"""Triplets with semi-hard negatives, chosen inside the batch."""

from __future__ import annotations

import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import TripletMarginMiner
from torch import nn


class SemiHardTripletLoss(nn.Module):
    """The mean over every semi-hard triplet of a batch.

    Schroff et al. (FaceNet), CVPR 2015, sec. 3.2: squared distances of unit vectors; the negative lies farther from
    the anchor than the positive but inside the margin.
    """

    def __init__(self, margin: float = 0.2) -> None:
        """margin: squared distance of unit vectors, 0..4; 0.2 in the paper."""
        super().__init__()
        distance = LpDistance(power=2)
        self._miner = TripletMarginMiner(margin, type_of_triplets="semihard", distance=distance)
        self._loss = TripletMarginLoss(margin, distance=distance)

    def forward(self, embedding: torch.Tensor, person: torch.Tensor) -> torch.Tensor:
        """embedding: (B, D), unit length; person: (B,). Returns a scalar, 0 when no triplet is semi-hard."""
        loss: torch.Tensor = self._loss(embedding, person, self._miner(embedding, person))
        return loss
