"""AdaDistill: the margin loss' class centres are made of the teacher's vectors and follow them, not trained."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from training.losses.softmax_over_people import cosines_to, cross_entropy_with, drawn_weights, with_arc_margin


class AdaDistillLoss(nn.Module):
    """ArcFace whose weights are moved to the teacher's vector t of each picture before every step, by no gradient.

        alpha  = clip(cos(student, t) * cos(centre, t), 0, 1)
        centre = alpha * centre + (1 - alpha) * t

    Boutros et al., ECCV 2024, sec. 3 (AdaArcDistill with its weighted alpha): while the student is far from the teacher
    the centre is nearly the picture's own target; as it comes near, the centre settles at its person's mean, but for
    hard pictures, which the teacher sees far from the centre and which pull it to themselves.

    Otherwise than there: t is carried into the student's space by the map that imitation uses, since the teacher has
    another dimension; centres begin at the teacher's means of their people, not as noise, since a person comes some
    seven times in a run; pictures of one person in one batch each move the centre and the mean of the results is kept,
    where the authors' code keeps the last. As there, centres are not scaled back to 1 between steps.
    """

    def __init__(self, people: int, dimension: int, *, scale: float, label_smoothing: float) -> None:
        super().__init__()
        self.scale = scale
        self.label_smoothing = label_smoothing
        self.register_buffer("W", functional.normalize(drawn_weights(people, dimension), dim=0))
        self.W: torch.Tensor

    def forward(
        self, embedding: torch.Tensor, person: torch.Tensor, taught: torch.Tensor, *, margin: float
    ) -> torch.Tensor:
        """embedding, taught: (B, D), unit length, in one space; person: (B,). Returns a scalar."""
        self._follow(embedding.detach(), person, taught)
        cosine = cosines_to(self.W, embedding)
        own = with_arc_margin(cosine.gather(1, person[:, None]).squeeze(1), margin)
        return cross_entropy_with(cosine, own, person, scale=self.scale, label_smoothing=self.label_smoothing)

    @torch.no_grad()
    def _follow(self, embedding: torch.Tensor, person: torch.Tensor, taught: torch.Tensor) -> None:
        centres = self.W.T[person]  # (B, D)
        near_centre = functional.cosine_similarity(centres, taught).clamp(0, 1)
        alpha = (functional.cosine_similarity(embedding, taught) * near_centre).clamp(0, 1)[:, None]
        moved = alpha * centres + (1 - alpha) * taught
        people, place, counts = person.unique(return_inverse=True, return_counts=True)
        means = torch.zeros(len(people), moved.shape[1], dtype=moved.dtype, device=moved.device)
        self.W[:, people] = (means.index_add_(0, place, moved) / counts[:, None]).T.to(self.W)
