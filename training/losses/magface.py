"""MagFace: longer vectors have larger margins and every vector is drawn out, so that length comes to tell quality."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from training.losses.softmax_over_people import cosines_to, cross_entropy_with, drawn_weights, with_arc_margin


@dataclass(frozen=True, slots=True, kw_only=True)
class MagFaceSettings:
    """Lengths of vectors before they are scaled to 1, in the network's own units."""

    least_length: float = 10.0  # l_a; shorter counts as this
    most_length: float = 110.0  # u_a; longer counts as this
    growth: float = 0.78  # of the margin from the least length to the most (paper: from 0.45 to 0.8)
    pull: float = 35.0  # lambda_g, weight of the regulariser; see `least_pull`


class MagFaceLoss(nn.Module):
    """Softmax over people with cos(angle + m(a)) for the own one, and pull * g(a); a is the vector's length.

        m(a) = margin * (1 + growth * (a - least) / (most - least))
        g(a) = a / most ** 2 + 1 / a

    Meng et al., CVPR 2021, sec. 3.2. Gradients flow through a: what the classifier is sure of is
    drawn out by g at little cost, what it is unsure of costs more with every unit of margin and stays short.
    Otherwise than the authors' code, past pi the cosine is eased as in our ArcFace, not left as it is.
    """

    def __init__(
        self, people: int, dimension: int, *, scale: float, label_smoothing: float, settings: MagFaceSettings
    ) -> None:
        super().__init__()
        if not 0 < settings.least_length < settings.most_length:
            raise ValueError(f"lengths: want 0 < least < most, got {settings.least_length} and {settings.most_length}")
        self.scale = scale
        self.label_smoothing = label_smoothing
        self.settings = settings
        self.W = nn.Parameter(drawn_weights(people, dimension))

    def forward(
        self, embedding: torch.Tensor, person: torch.Tensor, length: torch.Tensor, *, margin: float
    ) -> torch.Tensor:
        """embedding: (B, D), unit length; person: (B,); length: (B,) before scaling. Returns a scalar.

        margin: radians, of the shortest vectors.
        """
        least, most = self.settings.least_length, self.settings.most_length
        length = length.clamp(least, most)
        margins = margin * (1 + self.settings.growth * (length - least) / (most - least))
        cosine = cosines_to(self.W, embedding)
        own = with_arc_margin(cosine.gather(1, person[:, None]).squeeze(1), margins)
        drawn_out = (length / most**2 + 1 / length).mean()
        entropy = cross_entropy_with(cosine, own, person, scale=self.scale, label_smoothing=self.label_smoothing)
        return entropy + self.settings.pull * drawn_out


def least_pull(settings: MagFaceSettings, *, margin: float, scale: float) -> float:
    """Weight of the regulariser from which on every picture has one best length within the bounds.

    The paper's appendix: with its numbers (10 to 110, 0.45 to 0.8, scale 64) it is 22.8, and it takes 35.
    """
    least, most = settings.least_length, settings.most_length
    slope = margin * settings.growth / (most - least)  # of the margin over the length
    return scale * slope * (least * most) ** 2 / (most**2 - least**2)
