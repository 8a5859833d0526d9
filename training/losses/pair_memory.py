"""A memory bank of pairs: every picture is compared with those of the last steps, not with its batch alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import ContrastiveLoss, CrossBatchMemory
from torch import nn


@dataclass(frozen=True, slots=True, kw_only=True)
class PairMemorySettings:
    """How much is remembered, and which pairs of strangers count."""

    pictures: int = 8192  # 64 steps of 128; a gentle run moves a vector little in that time, which the method rests on
    # Cosine above which two strangers are pushed apart. Paper 0.5, for objects in a space trained from ImageNet; in
    # this one a hundredth of all strangers lies above 0.203 and hardly any above 0.5.
    strangers_above: float = 0.3


class PairMemoryLoss(nn.Module):
    """Contrastive loss of a batch against the bank: mean of 1 - cos over pairs of one person, plus the mean of
    cos - strangers_above over pairs of strangers that pass it.

    Wang et al., "Cross-Batch Memory for Embedding Learning", CVPR 2020, sec. 3, as pytorch-metric-learning has
    it; the batch itself is put in first, so the bank is useful from the first step, and no picture is its own pair.
    There the bank is begun after a thousand steps, when vectors have become slow; here the start is trained already.
    The bank, its place and whether it has been filled are in the state dict. On several devices each keeps its own.
    """

    def __init__(self, dimension: int, settings: PairMemorySettings) -> None:
        super().__init__()
        contrastive = ContrastiveLoss(pos_margin=1.0, neg_margin=settings.strangers_above, distance=CosineSimilarity())
        self.bank = CrossBatchMemory(contrastive, dimension, memory_size=settings.pictures)

    def forward(self, embedding: torch.Tensor, person: torch.Tensor) -> torch.Tensor:
        """embedding: (B, D), unit length; person: (B,). Returns a scalar. Remembers the batch."""
        loss: torch.Tensor = self.bank(embedding, person)
        return loss

    def get_extra_state(self) -> torch.Tensor:
        """Where the next picture goes, and whether the bank has been filled: what the library keeps in no buffer."""
        return torch.tensor([self.bank.queue_idx, int(self.bank.has_been_filled)])

    def set_extra_state(self, state: torch.Tensor) -> None:
        """Take both back."""
        place, filled = state.tolist()
        self.bank.queue_idx, self.bank.has_been_filled = int(place), bool(filled)
