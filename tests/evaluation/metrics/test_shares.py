"""shares: Wilson's interval, which is there where nothing was counted."""

from __future__ import annotations

import math

import pytest

from evaluation.metrics.shares import share_figure


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (1, 100, 0.0018, 0.0545)],
)
def test_the_interval_is_wilsons(hits: int, count: int, low: float, high: float) -> None:
    """Worked out by hand from the score test's quadratic."""
    figure = share_figure([True] * hits + [False] * (count - hits))
    assert figure.value == pytest.approx(hits / count)
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-3)


def test_nothing_counted_has_no_share() -> None:
    assert math.isnan(share_figure([]).value)
