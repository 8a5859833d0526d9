"""The interval of a share that is counted, which no resampling can give where nothing was counted. NumPy only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from evaluation.metrics.bootstrap import Figure

NORMAL_95: Final = 1.959964  # two-sided


def share_figure(hits: Sequence[bool]) -> Figure:
    """The share of hits with Wilson's 95 % interval (JASA 1927); NaN throughout for nothing counted."""
    count = len(hits)
    if count == 0:
        return Figure(math.nan, math.nan, math.nan)
    share, z2 = sum(hits) / count, NORMAL_95**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    reach = NORMAL_95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return Figure(share, max(0.0, middle - reach), min(1.0, middle + reach))
