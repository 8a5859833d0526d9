"""Direct distillation: every picture's embedding moves to where the teacher's vector lies in the student's space."""

from __future__ import annotations

import torch
from torch import nn


class ImitationLoss(nn.Module):
    """Mean of 1 - cos(student, teacher carried into the student's space).

    The teacher (T dimensions) is carried by a fixed map with orthonormal rows, so all its cosines are kept: a student
    that reaches every target has exactly the teacher's verification scores. A learned head in between would not
    promise that. The map is the orthogonal Procrustes solution between the start network's embeddings and the
    teacher's vectors of the same pictures (Schoenemann, Psychometrika 1966), the least that has to be unlearned.
    """

    def __init__(self, carry: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("carry", carry)  # (T, D)

    def forward(self, student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
        """student: (B, D), teacher: (B, T), unit length. Returns a scalar, 0..2."""
        return (1 - (student * (teacher @ self.carry)).sum(dim=1)).mean()


def procrustes(teacher: torch.Tensor, student: torch.Tensor) -> torch.Tensor:
    """Find (T, D), T <= D, orthonormal rows, that carries teacher (N, T) nearest to student (N, D) in squares."""
    u, _, vt = torch.linalg.svd((teacher.T @ student).double(), full_matrices=False)
    return (u @ vt).to(student.dtype)
