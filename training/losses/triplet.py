"""Triplets with semi-hard negatives, chosen inside the batch."""

from __future__ import annotations

import torch
from torch import nn


class SemiHardTripletLoss(nn.Module):
    """Every pair of one person in the batch against its hardest semi-hard negative.

    Schroff et al. (FaceNet), CVPR 2015, sec. 3.2: squared distances of unit vectors; the negative lies farther from
    the anchor than the positive but inside the margin; where there is none, the pair counts nothing.
    """

    def __init__(self, margin: float = 0.2) -> None:
        super().__init__()
        self.margin = margin  # squared distance of unit vectors, 0..4; 0.2 in the paper

    def forward(self, embedding: torch.Tensor, person: torch.Tensor) -> torch.Tensor:
        """embedding: (B, D), unit length; person: (B,). Returns a scalar, 0 when no triplet is semi-hard."""
        distance = 2 - 2 * embedding @ embedding.T  # (B, B), squared
        same = person[:, None] == person[None, :]
        anchor, positive = torch.nonzero(same & ~torch.eye(len(person), dtype=torch.bool, device=person.device)).T
        to_positive = distance[anchor, positive][:, None]  # (K, 1)
        to_others = distance[anchor]  # (K, B)
        usable = ~same[anchor] & (to_others > to_positive) & (to_others < to_positive + self.margin)
        nearest = to_others.masked_fill(~usable, torch.inf).amin(dim=1)
        found = torch.isfinite(nearest)
        if not bool(found.any()):
            return embedding.sum() * 0
        return (to_positive[found, 0] - nearest[found] + self.margin).mean()
