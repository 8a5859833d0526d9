"""Classification with a margin: cross-entropy, CosFace and ArcFace over cosines to one weight a person."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from pytorch_metric_learning.losses import ArcFaceLoss, CosFaceLoss, NormalizedSoftmaxLoss
from torch import nn
from torch.nn import functional


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginSettings:
    """One family, three names: what is done to the cosine of a picture and its own person's weight."""

    kind: Literal["ce", "cosface", "arcface"] = "arcface"
    scale: float = 32.0  # of all cosines before the softmax; 64 in both papers, gentler here: few pictures a person
    margin: float = 0.3  # arcface: radians (paper 0.5, sec. 3.1); cosface: cosine (paper 0.35, sec. 4.2); ce: unused
    label_smoothing: float = 0.0  # share of the target spread over all people
    cross_entropy_steps: int = 0  # first steps of a run without the margin, until weights and pictures have met


class MarginLoss(nn.Module):
    """Softmax cross-entropy over scale * cos, the own class's cosine made harder by the margin.

    ArcFace: Deng et al., CVPR 2019, eq. 3; CosFace: Wang et al., CVPR 2018, eq. 4, both as pytorch-metric-learning has
    them; added here are the smoothing of labels and the first steps without a margin.
    """

    def __init__(self, people: int, dimension: int, settings: MarginSettings) -> None:
        super().__init__()
        self.settings = settings
        self.loss: NormalizedSoftmaxLoss | CosFaceLoss | ArcFaceLoss
        match settings.kind:
            case "ce":
                self.loss = NormalizedSoftmaxLoss(people, dimension, temperature=1 / settings.scale)
            case "cosface":
                self.loss = CosFaceLoss(people, dimension, margin=settings.margin, scale=settings.scale)
            case "arcface":
                self.loss = _ArcFace(people, dimension, margin=math.degrees(settings.margin), scale=settings.scale)
        self.loss.cross_entropy = nn.CrossEntropyLoss(reduction="none", label_smoothing=settings.label_smoothing)

    @property
    def weight(self) -> nn.Parameter:
        """A column a person, (D, P); its length does not count."""
        weight: nn.Parameter = self.loss.W
        return weight

    def start_at(self, person_means: torch.Tensor) -> None:
        """Put each person's weight at the mean of their pictures, (P, D)."""
        self.weight.data = functional.normalize(person_means, dim=1).T.contiguous()

    def forward(self, embedding: torch.Tensor, person: torch.Tensor, step: int) -> torch.Tensor:
        """embedding: (B, D), unit length; person: (B,) row of the means; step: of the run, from 0. Returns a scalar."""
        if self.settings.kind != "ce":
            self.loss.margin = 0.0 if step < self.settings.cross_entropy_steps else self.settings.margin
        loss: torch.Tensor = self.loss(embedding, person)
        return loss


class _ArcFace(ArcFaceLoss):
    """The library's, kept off the cosines of exactly 1 and -1, where the arc cosine has no finite slope."""

    def get_cosine(self, embeddings: torch.Tensor) -> torch.Tensor:
        cosine: torch.Tensor = super().get_cosine(embeddings)
        return cosine.clamp(-1 + 1e-6, 1 - 1e-6)
