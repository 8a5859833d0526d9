"""Classification over cosines to one weight a person: cross-entropy, and every kind of margin."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import torch
from pytorch_metric_learning.losses import ArcFaceLoss, CosFaceLoss, NormalizedSoftmaxLoss
from torch import nn
from torch.nn import functional

from training.losses.adadistill import AdaDistillLoss
from training.losses.adaface import AdaFaceLoss, AdaFaceSettings
from training.losses.magface import MagFaceLoss, MagFaceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginSettings:
    """One family: what is done to the cosine of a picture and its own person's weight, and where the weight is from."""

    kind: Literal["ce", "cosface", "arcface", "adaface", "magface", "adadistill"] = "arcface"
    scale: float = 32.0  # of all cosines before the softmax; 64 in both papers, gentler here: few pictures a person
    # arcface: radians (paper 0.5, sec. 3.1); cosface: cosine (paper 0.35, sec. 4.2); adaface: both (paper 0.4);
    # magface: radians, of the shortest vectors (paper 0.45); adadistill: radians (paper 0.45); ce: unused
    margin: float = 0.3
    label_smoothing: float = 0.0  # share of the target spread over all people
    cross_entropy_steps: int = 0  # first steps of a run without the margin, until weights and pictures have met
    adaface: AdaFaceSettings = field(default_factory=AdaFaceSettings)
    magface: MagFaceSettings = field(default_factory=MagFaceSettings)


class MarginLoss(nn.Module):
    """Softmax cross-entropy over scale * cos, the own class's cosine made harder by the margin.

    ArcFace: Deng et al., CVPR 2019, eq. 3; CosFace: Wang et al., CVPR 2018, eq. 4, both as pytorch-metric-learning has
    them; added here are the smoothing of labels and the first steps without a margin. AdaFace, MagFace and AdaDistill
    are ours, a file each.
    """

    def __init__(self, people: int, dimension: int, settings: MarginSettings) -> None:
        super().__init__()
        self.settings = settings
        self.loss: NormalizedSoftmaxLoss | CosFaceLoss | ArcFaceLoss | AdaFaceLoss | MagFaceLoss | AdaDistillLoss
        shared = {"scale": settings.scale, "label_smoothing": settings.label_smoothing}
        match settings.kind:
            case "ce":
                self.loss = NormalizedSoftmaxLoss(people, dimension, temperature=1 / settings.scale)
            case "cosface":
                self.loss = CosFaceLoss(people, dimension, margin=settings.margin, scale=settings.scale)
            case "arcface":
                self.loss = _ArcFace(people, dimension, margin=math.degrees(settings.margin), scale=settings.scale)
            case "adaface":
                self.loss = AdaFaceLoss(people, dimension, **shared, settings=settings.adaface)
            case "magface":
                self.loss = MagFaceLoss(people, dimension, **shared, settings=settings.magface)
            case "adadistill":
                self.loss = AdaDistillLoss(people, dimension, **shared)
        if settings.kind in {"ce", "cosface", "arcface"}:
            self.loss.cross_entropy = nn.CrossEntropyLoss(reduction="none", label_smoothing=settings.label_smoothing)

    @property
    def weight(self) -> torch.Tensor:
        """A column a person, (D, P); its length does not count. AdaDistill's is no parameter."""
        weight: torch.Tensor = self.loss.W
        return weight

    def start_at(self, person_means: torch.Tensor) -> None:
        """Put each person's weight at the mean of their pictures, (P, D)."""
        self.weight.data = functional.normalize(person_means, dim=1).T.contiguous()

    def forward(
        self,
        embedding: torch.Tensor,
        person: torch.Tensor,
        step: int,
        *,
        length: torch.Tensor | None = None,
        taught: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """embedding: (B, D), unit length; person: (B,) row of the means; step: of the run, from 0. Returns a scalar.

        length: (B,) of the vectors before scaling, for AdaFace and MagFace. taught: (B, D), the teacher's vectors in
        the embedding's space, for AdaDistill.
        """
        margin = 0.0 if step < self.settings.cross_entropy_steps else self.settings.margin
        loss: torch.Tensor
        match self.settings.kind:
            case "adaface" | "magface":
                loss = self.loss(embedding, person, length, margin=margin)
            case "adadistill":
                loss = self.loss(embedding, person, taught, margin=margin)
            case "ce":
                loss = self.loss(embedding, person)
            case "cosface" | "arcface":
                self.loss.margin = margin
                loss = self.loss(embedding, person)
        return loss


class _ArcFace(ArcFaceLoss):
    """The library's, kept off the cosines of exactly 1 and -1, where the arc cosine has no finite slope."""

    def get_cosine(self, embeddings: torch.Tensor) -> torch.Tensor:
        cosine: torch.Tensor = super().get_cosine(embeddings)
        return cosine.clamp(-1 + 1e-6, 1 - 1e-6)
