"""Wing loss against the paper's formula, written out number by number."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from training.losses.wing import WingLoss, point_loss

pytestmark = pytest.mark.train


def slow_wing(x: float, width: float, curvature: float) -> float:
    """Feng et al., CVPR 2018, eq. 5."""
    if abs(x) < width:
        return width * math.log(1 + abs(x) / curvature)
    return abs(x) - (width - width * math.log(1 + width / curvature))


def test_wing_is_the_papers_formula_point_by_point() -> None:
    rng = np.random.default_rng(3)
    predicted, true = rng.normal(50, 6, (2, 4, 5, 2))
    got = WingLoss(width_px=5.0, curvature_px=1.0)(torch.tensor(predicted), torch.tensor(true))
    want = [
        np.mean([slow_wing(float(x), 5.0, 1.0) for x in (a - b).ravel()]) for a, b in zip(predicted, true, strict=True)
    ]
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)


def test_wing_does_not_jump_where_its_halves_meet() -> None:
    loss = WingLoss(width_px=5.0, curvature_px=1.0)
    below, above = (
        loss(torch.full((1, 1, 2), x, dtype=torch.float64), torch.zeros(1, 1, 2)) for x in (5 - 1e-6, 5 + 1e-6)
    )
    assert abs(float(above - below)) < 1e-4


def test_wing_pulls_harder_on_small_errors_than_l1_does() -> None:
    """The point of it: the gradient near zero is width / curvature, not 1."""
    x = torch.full((1, 1, 2), 0.1, requires_grad=True)
    WingLoss(width_px=5.0, curvature_px=1.0)(x, torch.zeros(1, 1, 2)).sum().backward()
    assert x.grad is not None
    assert float(x.grad[0, 0, 0]) * 2 == pytest.approx(5 / 1.1, rel=1e-4)


@pytest.mark.parametrize(("kind", "want"), [("l1", 2.0), ("mse", 4.0)])
def test_the_baselines_are_means_of_distances_and_of_squares(kind: str, want: float) -> None:
    got = point_loss(kind, torch.full((3, 5, 2), 2.0), torch.zeros(3, 5, 2), width_px=5, curvature_px=1)  # type: ignore[arg-type]
    assert got.tolist() == [want] * 3


@pytest.mark.parametrize("scales", [(0.0, 1.0), (5.0, -1.0)])
def test_wing_refuses_scales_that_are_not_above_zero(scales: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        WingLoss(width_px=scales[0], curvature_px=scales[1])
