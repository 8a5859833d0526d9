"""What our own margin losses share: cosines to one weight a person, an angle made larger, the softmax over people."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch.nn import functional

OFF_THE_END: Final = 1e-6  # at a cosine of exactly 1 or -1 the arc cosine has no finite slope
SEED: Final = 0


def drawn_weights(people: int, dimension: int) -> torch.Tensor:
    """A column a person, (D, P), the same every time and without torch's own generator, until means take its place."""
    return torch.randn(dimension, people, generator=torch.Generator().manual_seed(SEED))


def cosines_to(weight: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
    """weight: (D, P), columns of any length; embedding: (B, D), unit length. Returns (B, P)."""
    cosine: torch.Tensor = (embedding @ functional.normalize(weight, dim=0)).clamp(-1 + OFF_THE_END, 1 - OFF_THE_END)
    return cosine


def with_arc_margin(cosine: torch.Tensor, margin: torch.Tensor | float) -> torch.Tensor:
    """cos(angle + margin) of cosines (B,); margin: radians, one for all or (B,).

    Past pi, where that would rise again, cos - margin * sin(margin), as pytorch-metric-learning has it.
    """
    margins = torch.as_tensor(margin, dtype=cosine.dtype, device=cosine.device).expand_as(cosine)
    angle = torch.acos(cosine)
    return torch.where(angle <= math.pi - margins, torch.cos(angle + margins), cosine - margins * torch.sin(margins))


def cross_entropy_with(
    cosine: torch.Tensor, own: torch.Tensor, person: torch.Tensor, *, scale: float, label_smoothing: float
) -> torch.Tensor:
    """Mean cross-entropy over scale * cosine (B, P), in which own (B,) stands for each picture's own person (B,)."""
    logits = scale * cosine.scatter(1, person[:, None], own[:, None])
    return functional.cross_entropy(logits, person, label_smoothing=label_smoothing)
