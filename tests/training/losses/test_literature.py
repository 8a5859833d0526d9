"""AdaFace, MagFace, AdaDistill and the memory of pairs against numbers worked out by hand from their papers."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from training.losses.adadistill import AdaDistillLoss
from training.losses.adaface import AdaFaceLoss, AdaFaceSettings
from training.losses.magface import MagFaceLoss, MagFaceSettings, least_pull
from training.losses.margin import MarginLoss, MarginSettings
from training.losses.pair_memory import PairMemoryLoss, PairMemorySettings

# Two people whose weights are the axes; a picture at 60 degrees from its own, 30 from the other's.
AXES = torch.eye(2, dtype=torch.float64)
PICTURE = torch.tensor([[0.5, math.sqrt(0.75)]], dtype=torch.float64)
OWN = torch.tensor([0])
ANGLE = math.pi / 3


def two_way(own: float, other: float, scale: float) -> float:
    """Cross-entropy of two logits, the own one first."""
    return math.log1p(math.exp(scale * (other - own)))


@pytest.mark.parametrize(
    ("length", "quality"), [(10.0, 0.0), (16.0, 1.0), (4.0, -1.0), (13.0, 0.5)], ids=["mean", "long", "short", "half"]
)
def test_adaface_turns_by_quality_and_takes_off_by_it(length: float, quality: float) -> None:
    """Mean 10, deviation 2, a third of the margin a deviation: 16 is at the end of it, 13 half way."""
    settings = AdaFaceSettings(concentration=1 / 3, average_rate=0.0)
    loss = AdaFaceLoss(2, 2, scale=4.0, label_smoothing=0.0, settings=settings).double()
    loss.W.data = AXES.clone()
    loss.mean.fill_(10.0)
    loss.deviation.fill_(2.0 - 1e-3)
    loss.batches.fill_(1)
    lengths = torch.tensor([length, length], dtype=torch.float64)
    found = loss(PICTURE.repeat(2, 1), OWN.repeat(2), lengths, margin=0.4)
    own = math.cos(ANGLE - 0.4 * quality) - (0.4 * quality + 0.4)
    assert float(found.detach()) == pytest.approx(two_way(own, math.sqrt(0.75), 4.0), rel=1e-6)


def test_adaface_begins_with_the_first_batch_and_moves_slowly_then() -> None:
    loss = AdaFaceLoss(2, 2, scale=4.0, label_smoothing=0.0, settings=AdaFaceSettings(average_rate=0.1))
    for lengths in ([2.0, 4.0], [12.0, 14.0]):
        loss(functional.normalize(torch.ones(2, 2), dim=1), torch.tensor([0, 1]), torch.tensor(lengths), margin=0.4)
    assert float(loss.mean) == pytest.approx(3 + 0.1 * (13 - 3))
    assert float(loss.deviation) == pytest.approx(math.sqrt(2))


def test_adaface_trains_directions_and_not_lengths() -> None:
    loss = AdaFaceLoss(2, 2, scale=4.0, label_smoothing=0.0, settings=AdaFaceSettings())
    raw = torch.tensor([[3.0, 1.0], [1.0, 5.0]], requires_grad=True)
    loss(functional.normalize(raw, dim=1), torch.tensor([0, 1]), raw.norm(dim=1), margin=0.4).backward()
    assert raw.grad is not None
    along = (raw.grad * functional.normalize(raw.detach(), dim=1)).sum(dim=1)
    assert along.tolist() == pytest.approx([0, 0], abs=1e-6)
    assert float(raw.grad.abs().max()) > 1e-3


@pytest.mark.parametrize(("length", "margin"), [(2.0, 0.3), (5.0, 0.45), (8.0, 0.6), (1.0, 0.3), (99.0, 0.6)])
def test_magface_gives_longer_vectors_a_larger_margin_within_bounds(length: float, margin: float) -> None:
    settings = MagFaceSettings(least_length=2.0, most_length=8.0, growth=1.0, pull=5.0)
    loss = MagFaceLoss(2, 2, scale=4.0, label_smoothing=0.0, settings=settings).double()
    loss.W.data = AXES.clone()
    found = float(loss(PICTURE, OWN, torch.tensor([length], dtype=torch.float64), margin=0.3).detach())
    bounded = min(max(length, 2.0), 8.0)
    drawn_out = bounded / 64 + 1 / bounded
    expected = two_way(math.cos(ANGLE + margin), math.sqrt(0.75), 4.0) + 5.0 * drawn_out
    assert found == pytest.approx(expected, rel=1e-6)


def test_magface_draws_out_what_is_sure_and_leaves_short_what_is_not() -> None:
    """The gradient along the length; a larger pull than `least_pull` has one best length between the bounds."""
    settings = MagFaceSettings(least_length=2.0, most_length=8.0, growth=1.0)
    pull = 1.5 * least_pull(settings, margin=0.3, scale=32.0)
    settings = MagFaceSettings(least_length=2.0, most_length=8.0, growth=1.0, pull=pull)
    loss = MagFaceLoss(2, 2, scale=32.0, label_smoothing=0.0, settings=settings).double()
    loss.W.data = AXES.clone()
    slopes = {}
    for name, picture in (("sure", [0.9999, 0.0141]), ("unsure", [0.6, 0.8])):
        length = torch.tensor([5.0], dtype=torch.float64, requires_grad=True)
        loss(torch.tensor([picture], dtype=torch.float64), OWN, length, margin=0.3).backward()
        assert length.grad is not None
        slopes[name] = float(length.grad)
    assert slopes["sure"] < 0 < slopes["unsure"]


def test_the_least_pull_of_the_paper_is_below_what_it_takes() -> None:
    assert least_pull(MagFaceSettings(), margin=0.45, scale=64.0) == pytest.approx(22.6, abs=0.4)


def test_adadistill_moves_a_centre_to_the_teacher_by_how_far_the_student_is() -> None:
    """Student at 60 degrees from the teacher, the teacher at 60 from the centre: alpha is a quarter."""
    loss = AdaDistillLoss(2, 2, scale=4.0, label_smoothing=0.0).double()
    loss.W.copy_(AXES)
    taught = torch.tensor([[0.5, math.sqrt(0.75)]], dtype=torch.float64)  # 60 degrees from the centre
    student = torch.tensor([[1.0, 0.0]], dtype=torch.float64, requires_grad=True)
    found = loss(student, OWN, taught, margin=0.3)
    moved = 0.25 * AXES[0] + 0.75 * taught[0]
    assert torch.allclose(loss.W[:, 0], moved)
    assert torch.equal(loss.W[:, 1], AXES[1])  # nobody of theirs came
    angle = math.acos(float(moved[0] / moved.norm()))
    assert float(found.detach()) == pytest.approx(two_way(math.cos(angle + 0.3), 0.0, 4.0), rel=1e-5)
    found.backward()
    assert student.grad is not None
    assert float(student.grad.abs().max()) > 0


def test_adadistill_leaves_the_centre_where_student_and_teacher_agree_with_it() -> None:
    loss = AdaDistillLoss(2, 2, scale=4.0, label_smoothing=0.0).double()
    loss.W.copy_(AXES)
    loss(AXES, torch.tensor([0, 1]), AXES, margin=0.3)
    assert torch.allclose(loss.W, AXES)


def test_two_pictures_of_one_person_move_the_centre_to_the_mean_of_both() -> None:
    pictures = torch.tensor([[0.5, math.sqrt(0.75)], [0.5, -math.sqrt(0.75)]], dtype=torch.float64)
    loss = AdaDistillLoss(2, 2, scale=4.0, label_smoothing=0.0).double()
    loss.W.copy_(AXES)
    loss(AXES[[0, 0]], torch.tensor([0, 0]), pictures, margin=0.3)
    assert torch.allclose(loss.W[:, 0], torch.tensor([0.25 + 0.75 * 0.5, 0.0], dtype=torch.float64), atol=1e-12)


def unit(count: int, seed: int) -> torch.Tensor:
    rows = torch.randn(count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return functional.normalize(rows, dim=1)


def test_pairs_are_made_with_the_steps_before_until_the_bank_is_full() -> None:
    loss = PairMemoryLoss(3, PairMemorySettings(pictures=6, strangers_above=0.2)).double()
    batches = [(unit(4, seed), torch.tensor([0, 0, 1, 1 + seed])) for seed in range(3)]
    for step, (vectors, person) in enumerate(batches):
        known = torch.cat([rows for rows, _ in batches[: step + 1]])[-6:]  # the last six pictures are remembered
        owners = torch.cat([who for _, who in batches[: step + 1]])[-6:]
        near: list[float] = []
        far: list[float] = []
        for k, row in enumerate(vectors):
            for other, owner, place in zip(known, owners, range(len(known)), strict=True):
                if place == len(known) - 4 + k:
                    continue  # itself
                cosine = float(row @ other)
                (near if owner == person[k] else far).append(1 - cosine if owner == person[k] else cosine - 0.2)
        passing = [value for value in far if value > 0]
        expected = sum(near) / len(near) + (sum(passing) / len(passing) if passing else 0)
        assert float(loss(vectors, person)) == pytest.approx(expected, rel=1e-5), step


def test_a_bank_that_was_stored_goes_on_as_the_one_that_was_not() -> None:
    settings = PairMemorySettings(pictures=6)
    one, other = (PairMemoryLoss(3, settings).double() for _ in range(2))
    person = torch.tensor([0, 1, 0, 1])
    for seed in (1, 2):
        one(unit(4, seed), person)
    other.load_state_dict({name: value.clone() for name, value in one.state_dict().items()})
    for seed in (3, 4):
        assert float(other(unit(4, seed), person)) == float(one(unit(4, seed), person))


@pytest.mark.parametrize("kind", ["adaface", "magface", "adadistill"])
def test_the_first_steps_of_the_newer_margins_are_cross_entropy_too(kind: str) -> None:
    """MagFace's regulariser stays."""
    settings = MarginSettings(
        kind=kind,  # type: ignore[arg-type]  # of the three above
        scale=8.0,
        margin=0.4,
        cross_entropy_steps=1,
        magface=MagFaceSettings(pull=0.0),
    )
    loss = MarginLoss(2, 2, settings).double()
    loss.start_at(AXES)
    seen = {"length": torch.tensor([20.0, 30.0], dtype=torch.float64), "taught": AXES}
    pictures = functional.normalize(torch.tensor([[0.8, 0.6], [0.5, 0.7]], dtype=torch.float64), dim=1)
    plain = float(functional.cross_entropy(8.0 * pictures, torch.tensor([0, 1])))
    first, second = (float(loss(pictures, torch.tensor([0, 1]), step, **seen).detach()) for step in (0, 1))
    assert first == pytest.approx(plain, rel=1e-5)
    assert second > plain + 0.05


@pytest.mark.parametrize("kind", ["adaface", "magface", "adadistill"])
def test_the_newer_margins_take_nothing_from_torchs_own_generator(kind: str) -> None:
    torch.manual_seed(4)
    wanted = torch.rand(1)
    torch.manual_seed(4)
    loss = MarginLoss(3, 4, MarginSettings(kind=kind))  # type: ignore[arg-type]  # of the three above
    pictures = functional.normalize(torch.arange(1.0, 9).reshape(2, 4), dim=1)
    loss(pictures, torch.tensor([0, 2]), 0, length=torch.tensor([3.0, 4.0]), taught=pictures)
    assert torch.equal(torch.rand(1), wanted)
