"""Relational distillation: the student's cosines between the pictures of a batch follow the teacher's."""

from __future__ import annotations

import torch
from torch import nn


class RelationalLoss(nn.Module):
    """Mean squared difference of the two cosine matrices, without their diagonals.

    The teacher's space may have another dimension and any rotation: only what verification looks at is taught.
    After Park et al., "Relational Knowledge Distillation", CVPR 2019, eq. 3, with the cosine as the relation and the
    square in place of Huber's loss (cosines are bounded, so no pair can run away).
    """

    def forward(self, student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
        """student: (B, D), teacher: (B, T), rows of unit length. Returns a scalar, 0..4."""
        count = len(student)
        difference = student @ student.T - teacher @ teacher.T  # (B, B)
        own = torch.eye(count, dtype=torch.bool, device=student.device)
        return difference.masked_fill(own, 0).square().sum() / (count * (count - 1))
