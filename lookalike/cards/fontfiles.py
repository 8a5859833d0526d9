"""The shipped fonts: Inter for what most names need, subsets of Noto for all other scripts. Files, not text.

Noto's files are opened when a text first needs them. Which one a character is drawn with is read from
`fonts/coverage.json`, which has the cmap of each file, so that nothing has to be opened to find out.
"""

from __future__ import annotations

import json
import logging
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from PIL import ImageFont, features

FONTS: Final = Path(__file__).parent / "fonts"

UNSHAPED: Final = "libfribidi is missing, so names in Arabic, Hebrew and Indic scripts are drawn letter by letter"
REMEDY: Final = "Install it: apt install libfribidi0, or brew install fribidi"

log = logging.getLogger(__name__)


class Weight(StrEnum):
    """The files of the cards' own two families."""

    MEDIUM = "Inter-Medium.otf"
    SEMIBOLD = "Inter-SemiBold.otf"
    BOLD = "Inter-Bold.otf"
    SYMBOLS = "DejaVuSans-Symbols.ttf"


@dataclass(frozen=True, slots=True)
class Ranges:
    """A set of code points as ranges in rising order: `starts` and, at the same place, the ends, which are included."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def read(cls, text: str) -> Ranges:
        """Read "41-5a 61": hexadecimal, ends included."""
        pairs = [part.partition("-") for part in text.split()]
        return cls(tuple(int(a, 16) for a, _, _ in pairs), tuple(int(b or a, 16) for a, _, b in pairs))

    def __contains__(self, point: int) -> bool:
        at = bisect_right(self.starts, point) - 1
        return at >= 0 and point <= self.ends[at]


@dataclass(frozen=True, slots=True)
class Fallback:
    """One of Noto's files. Script fonts are drawn at `scale` of the text's size, `rise` of it above the base line."""

    file: str
    scale: float
    rise: float
    covers: Ranges


@cache
def inter_covers() -> Ranges:
    """What Inter has letters for, in all its weights."""
    return Ranges.read(_table()["inter"])


@cache
def fallbacks() -> tuple[Fallback, ...]:
    """Noto's files; the first one that has a letter draws it."""
    return tuple(
        Fallback(entry["file"], entry["scale"], entry["rise"], Ranges.read(entry["covers"]))
        for entry in _table()["fallbacks"]
    )


def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((FONTS / "coverage.json").read_text(encoding="utf-8"))
    return table


@lru_cache(maxsize=64)
def load(weight: Weight, size_px: int) -> ImageFont.FreeTypeFont:
    """Open one of the cards' own fonts once per size. Basic layout: the same advance widths on every machine."""
    return ImageFont.truetype(FONTS / weight.value, size_px, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=32)
def load_fallback(file: str, size_px: int) -> ImageFont.FreeTypeFont:
    """Open one of Noto's fonts once per size, with Raqm where this machine can: see `shapes_text`."""
    engine = ImageFont.Layout.RAQM if shapes_text() else ImageFont.Layout.BASIC
    return ImageFont.truetype(FONTS / "noto" / file, size_px, layout_engine=engine)


@cache
def shapes_text() -> bool:
    """Whether letters can be joined, stacked and ordered as scripts like Arabic or Devanagari want it.

    Pillow's wheels bring Raqm and HarfBuzz; the bidirectional algorithm is in the system's libfribidi, which Raqm
    opens when it is there. Without it such names are drawn letter by letter from the left, and this is logged once.
    """
    return bool(features.check_feature("raqm") and features.check_feature("fribidi"))


@cache
def warn_of_missing_shaping() -> None:
    """Log, once, that a name needed what is missing."""
    log.warning("%s. %s", UNSHAPED, REMEDY)
