"""How what "Why these?" names is checked by a way to cover that it does not use."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.suites.regions import _group
from lookalike.regions import REGIONS, USUAL

NAMES = list(REGIONS)
MEAN = np.array([USUAL[name][0][0] for name in NAMES])
DEVIATION = np.array([USUAL[name][0][1] for name in NAMES])


def asker(by_both: str, by_third: str) -> list[list[float]]:
    """(3, regions): what is lost where one part stands out by the two ways and one by the third; "" for none."""
    rows = []
    for way, name in ((0, by_both), (1, by_both), (0, by_third)):
        usual = np.array([USUAL[region][way][0] for region in NAMES])
        rows.append((usual + (0.5 * (np.array(NAMES) == name))).tolist())
    return rows


def test_a_named_part_is_confirmed_where_the_third_way_puts_it_first() -> None:
    lost = np.array([asker("mouth", "mouth"), asker("nose", "mouth"), asker("", "chin"), asker("chin", "chin")])
    group = _group(["a", "b", "c", "d"], lost, MEAN, DEVIATION, resamples=20)
    assert group.silent.value == pytest.approx(1 / 4)
    assert group.confirmed.value == pytest.approx(2 / 3)
    assert group.named["mouth"] == group.named["nose"] == group.named["chin"] == 1 / 4
    assert group.named["eyes"] == 0
    assert (group.pictures, group.people) == (4, 4)
