"""Each loss against a slow version written pair by pair from its paper."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from training.losses.imitation import ImitationLoss, procrustes
from training.losses.margin import MarginLoss, MarginSettings
from training.losses.relational import RelationalLoss
from training.losses.triplet import SemiHardTripletLoss


def unit(count: int, dimension: int, seed: int) -> torch.Tensor:
    rows = torch.randn(count, dimension, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(rows, dim=1)


def test_relational_loss_is_the_mean_squared_difference_of_all_pairs_cosines() -> None:
    student, teacher = unit(7, 5, seed=0), unit(7, 3, seed=1)
    s, t = student.numpy(), teacher.numpy()
    pairs = [(s[i] @ s[j] - t[i] @ t[j]) ** 2 for i in range(7) for j in range(7) if i != j]
    assert float(RelationalLoss()(student, teacher)) == pytest.approx(np.mean(pairs))


def test_relational_loss_does_not_see_a_rotation_of_the_student() -> None:
    teacher = unit(9, 6, seed=2)
    rotation = torch.linalg.qr(unit(6, 6, seed=3))[0]
    assert float(RelationalLoss()(teacher @ rotation, teacher)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kind", ["ce", "cosface", "arcface"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_margin_losses_follow_their_papers(kind: Literal["ce", "cosface", "arcface"], smoothing: float) -> None:
    """With arccos and exp written out; person 2's picture lies opposite its weight, past pi - m."""
    settings = MarginSettings(kind=kind, scale=16.0, margin=0.4, label_smoothing=smoothing)
    loss = MarginLoss(people=4, dimension=6, settings=settings).double()
    embedding = unit(5, 6, seed=4)
    embedding[2] = -torch.nn.functional.normalize(loss.weight.detach()[:, 2], dim=0)
    person = torch.tensor([0, 1, 2, 3, 1])
    expected = slow_margin(embedding.numpy(), loss.weight.detach().T.numpy(), person.numpy(), settings)
    assert float(loss(embedding, person, 0).detach()) == pytest.approx(expected, rel=1e-5)


def slow_margin(
    embedding: NDArray[np.float64], weight: NDArray[np.float64], person: NDArray[np.int64], settings: MarginSettings
) -> float:
    total = 0.0
    for row, own in zip(embedding, person, strict=True):
        logits = []
        for k, column in enumerate(weight):
            cosine = float(np.clip(row @ column / np.linalg.norm(column), -1 + 1e-6, 1 - 1e-6))
            if k == own and settings.kind == "cosface":
                cosine -= settings.margin
            if k == own and settings.kind == "arcface":
                angle = math.acos(cosine)
                past = angle + settings.margin > math.pi
                eased = cosine - settings.margin * math.sin(settings.margin)
                cosine = eased if past else math.cos(angle + settings.margin)
            logits.append(settings.scale * cosine)
        logarithm = math.log(sum(math.exp(x) for x in logits))
        share = settings.label_smoothing / len(weight)
        targets = [share + (1 - settings.label_smoothing) * (k == own) for k in range(len(weight))]
        total -= sum(target * (x - logarithm) for target, x in zip(targets, logits, strict=True))
    return total / len(embedding)


def test_a_margin_makes_the_same_embedding_cost_more() -> None:
    embedding, person = unit(6, 8, seed=5), torch.tensor([0, 1, 2, 0, 1, 2])
    costs = []
    for margin in (0.0, 0.2, 0.4):
        loss = MarginLoss(people=3, dimension=8, settings=MarginSettings(margin=margin)).double()
        loss.start_at(unit(3, 8, seed=6))
        costs.append(float(loss(embedding, person, 0).detach()))
    assert costs == sorted(costs)
    assert costs[2] > costs[0]


@pytest.mark.parametrize("kind", ["cosface", "arcface"])
def test_the_first_steps_are_plain_cross_entropy(kind: Literal["cosface", "arcface"]) -> None:
    embedding, person = unit(6, 8, seed=5), torch.tensor([0, 1, 2, 0, 1, 2])
    plain, warmed = (
        MarginLoss(people=3, dimension=8, settings=MarginSettings(kind=name, margin=0.4, cross_entropy_steps=10))
        for name in ("ce", kind)
    )
    for loss in (plain, warmed):
        loss.double().start_at(unit(3, 8, seed=6))
    wanted = float(plain(embedding, person, 0).detach())
    for step in (0, 9):
        assert float(warmed(embedding, person, step).detach()) == pytest.approx(wanted, rel=1e-6)
    assert float(warmed(embedding, person, 10).detach()) > wanted + 0.1


def test_a_picture_right_on_its_persons_weight_leaves_the_slope_finite() -> None:
    loss = MarginLoss(people=2, dimension=4, settings=MarginSettings())
    embedding = torch.tensor([[1.0, 0, 0, 0], [0, -1.0, 0, 0]], requires_grad=True)
    loss.start_at(torch.tensor([[1.0, 0, 0, 0], [0, 1.0, 0, 0]]))
    loss(embedding, torch.tensor([0, 1]), 0).backward()
    assert embedding.grad is not None
    assert bool(torch.isfinite(embedding.grad).all())
    assert bool(torch.isfinite(loss.weight.grad).all())


def test_triplets_are_all_semi_hard_ones() -> None:
    embedding, person = unit(12, 4, seed=7), torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
    margin = 0.6
    x, terms = embedding.numpy(), []
    for a in range(12):
        for p in range(12):
            if a == p or person[a] != person[p]:
                continue
            near = ((x[a] - x[p]) ** 2).sum()
            far = [((x[a] - x[n]) ** 2).sum() for n in range(12) if person[n] != person[a]]
            terms += [near - d + margin for d in far if near < d < near + margin]
    assert terms
    assert float(SemiHardTripletLoss(margin)(embedding, person)) == pytest.approx(np.mean(terms))


def test_a_batch_without_triplets_costs_nothing_and_still_has_a_gradient() -> None:
    embedding = unit(3, 4, seed=8).requires_grad_()
    loss = SemiHardTripletLoss()(embedding, torch.tensor([0, 1, 2]))
    loss.backward()
    assert float(loss.detach()) == 0
    assert embedding.grad is not None


def test_imitation_is_zero_exactly_when_every_teacher_cosine_is_kept() -> None:
    teacher = unit(20, 6, seed=9)
    carry = torch.linalg.qr(unit(9, 6, seed=10))[0].T
    reached = teacher @ carry
    assert float(ImitationLoss(carry)(reached, teacher)) == pytest.approx(0, abs=1e-12)
    assert torch.allclose(reached @ reached.T, teacher @ teacher.T)
    assert float(ImitationLoss(carry)(-reached, teacher)) == pytest.approx(2)


def test_procrustes_finds_the_rotation_the_student_was_made_with() -> None:
    """And no other orthonormal map lies nearer when the student is noisy."""
    teacher = unit(40, 5, seed=11)
    true = torch.linalg.qr(unit(8, 5, seed=12))[0].T
    found = procrustes(teacher, teacher @ true)
    assert torch.allclose(found, true, atol=1e-8)
    noisy = teacher @ true + 0.1 * unit(40, 8, seed=13)
    best = procrustes(teacher, noisy)
    assert torch.allclose(best @ best.T, torch.eye(5, dtype=torch.float64), atol=1e-8)
    for seed in range(20):
        other = torch.linalg.qr((best + 0.05 * unit(5, 8, seed=seed)).T)[0].T
        assert ((teacher @ best - noisy) ** 2).sum() <= ((teacher @ other - noisy) ** 2).sum()
