"""AdaFace: the margin stresses hard pictures where the vector is long, easy ones where it is short."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from training.losses.softmax_over_people import OFF_THE_END, cosines_to, cross_entropy_with, drawn_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaFaceSettings:
    """How a vector's length becomes a share of the margin, -1..1."""

    concentration: float = 0.333  # share of the margin for one standard deviation of the lengths (paper's h)
    average_rate: float = 0.01  # of a batch's mean and deviation in the running ones (1 - alpha of the paper)


class AdaFaceLoss(nn.Module):
    """Softmax over people with cos(angle + g_angle) - g_add for the own one.

        z       = clip((length - mean) / deviation * concentration, -1, 1)
        g_angle = -margin * z
        g_add   = margin * z + margin

    Kim et al., CVPR 2022, sec. 3.3: the length of the vector before it is scaled to 1 stands for the
    picture's quality. It is a measure here, not trained: no gradient flows through z. A long vector (z = 1) has the
    margin of ArcFace turned round, -margin, and 2 * margin off the cosine, so that hard pictures weigh more; a short
    one (z = -1) has ArcFace's alone, so that easy ones do; between them (z = 0) it is CosFace.

    Otherwise than the authors' code: mean and deviation begin as those of the first batch, not as 20 and 100, which a
    run of some hundred steps would not leave behind, and lengths are not cut at 100.
    """

    def __init__(
        self, people: int, dimension: int, *, scale: float, label_smoothing: float, settings: AdaFaceSettings
    ) -> None:
        super().__init__()
        self.scale = scale
        self.label_smoothing = label_smoothing
        self.settings = settings
        self.W = nn.Parameter(drawn_weights(people, dimension))
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("deviation", torch.ones(()))
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64))
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.batches: torch.Tensor

    def forward(
        self, embedding: torch.Tensor, person: torch.Tensor, length: torch.Tensor, *, margin: float
    ) -> torch.Tensor:
        """embedding: (B, D), unit length; person: (B,); length: (B,) before scaling. Returns a scalar."""
        quality = self._quality(length.detach())
        cosine = cosines_to(self.W, embedding)
        angle = torch.acos(cosine.gather(1, person[:, None]).squeeze(1)) - margin * quality
        own = torch.cos(angle.clamp(OFF_THE_END, math.pi - OFF_THE_END)) - (margin * quality + margin)
        return cross_entropy_with(cosine, own, person, scale=self.scale, label_smoothing=self.label_smoothing)

    def _quality(self, length: torch.Tensor) -> torch.Tensor:
        """Lengths (B,) in running standard deviations from the running mean, this batch's counted in: (B,), -1..1."""
        rate = torch.where(self.batches == 0, 1.0, self.settings.average_rate).to(length)
        self.mean.lerp_(length.mean().to(self.mean), rate.to(self.mean))
        self.deviation.lerp_(length.std().to(self.deviation), rate.to(self.deviation))
        self.batches += 1
        share = (length - self.mean) / (self.deviation + 1e-3) * self.settings.concentration
        return share.clamp(-1, 1)
