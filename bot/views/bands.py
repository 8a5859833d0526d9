"""The bands' words stand in weights/calibration.json; here they are marked for translation. A test compares the two."""

from __future__ import annotations

from typing import Final

from lookalike.wording import N_

BAND_WORDS: Final = (
    N_("same person?"),
    N_("striking"),
    N_("strong"),
    N_("fair"),
    N_("faint"),
    N_("could be one person"),
    N_("very alike"),
    N_("alike"),
    N_("a little alike"),
    N_("not alike"),
)
