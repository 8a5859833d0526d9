"""Classification with a margin: cross-entropy, CosFace and ArcFace over cosines to one weight a person."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginSettings:
    """One family, three names: what is done to the cosine of a picture and its own person's weight."""

    kind: Literal["ce", "cosface", "arcface"] = "arcface"
    scale: float = 32.0  # of all cosines before the softmax; 64 in both papers, gentler here: few pictures a person
    margin: float = 0.3  # arcface: radians (paper 0.5, sec. 3.1); cosface: cosine (paper 0.35, sec. 4.2); ce: unused
    label_smoothing: float = 0.0  # share of the target spread over all people


class MarginLoss(nn.Module):
    """Softmax cross-entropy over scale * cos, the own class's cosine made harder by the margin.

    ArcFace: Deng et al., CVPR 2019, eq. 3: cos(theta + m), and past pi - m, where that would rise again, its tangent's
    cheap stand-in cos(theta) - m sin(m) as the authors' code has it. CosFace: Wang et al., CVPR 2018, eq. 4.
    """

    def __init__(self, people: int, dimension: int, settings: MarginSettings) -> None:
        super().__init__()
        self.settings = settings
        self.weight = nn.Parameter(functional.normalize(torch.randn(people, dimension), dim=1))  # (P, D)

    def forward(self, embedding: torch.Tensor, person: torch.Tensor) -> torch.Tensor:
        """embedding: (B, D), unit length; person: (B,) row of the weight. Returns a scalar."""
        cosine = (embedding @ functional.normalize(self.weight, dim=1).T).clamp(-1 + 1e-6, 1 - 1e-6)  # (B, P)
        own = cosine.gather(1, person[:, None])
        logits = cosine.scatter(1, person[:, None], self._harder(own)) * self.settings.scale
        return functional.cross_entropy(logits, person, label_smoothing=self.settings.label_smoothing)

    def _harder(self, cosine: torch.Tensor) -> torch.Tensor:
        margin = self.settings.margin
        match self.settings.kind:
            case "ce":
                return cosine
            case "cosface":
                return cosine - margin
            case "arcface":
                shifted = cosine * math.cos(margin) - (1 - cosine.square()).sqrt() * math.sin(margin)
                return torch.where(cosine > math.cos(math.pi - margin), shifted, cosine - margin * math.sin(margin))
