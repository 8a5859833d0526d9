"""Text as readers count it: grapheme clusters, so that no accent, joiner or part of an emoji is cut from its letter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

LONGEST_CLUSTER: Final = 16  # code points; an emoji of two people with colours of skin has ten
DRAWN_FORMATS: Final = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}  # round numbers
TIES: Final = "\u200d\u17d2\u1039"  # zero width joiner, Khmer coeng, Myanmar stacking sign
# Latin, Greek and Cyrillic letters and the signs of sentences: each is a cluster of its own, there are no marks.
SIMPLE: Final = re.compile(
    "[\u0020-\u007e\u00a0-\u02ff\u0370-\u0482\u048a-\u052f\u1e00-\u1fff\u2010-\u2027\u2030-\u205e\u20a0-\u20c0]*"
)


def clusters(text: str) -> tuple[str, ...]:
    """Split text into extended grapheme clusters (UAX #29); a heap of marks on one letter is cut off.

    What a joiner or a stacking sign ties to the next letter stays with it, also in scripts whose conjuncts the
    standard doesn't count as one (Sinhala, Khmer, Myanmar). Joined again they are the text itself, but for heaps.
    """
    if SIMPLE.fullmatch(text):
        return tuple(text)
    parts: list[str] = []
    for part in _graphemes(text):
        if parts and parts[-1][-1] in TIES and unicodedata.category(part[0]) == "Lo":
            parts[-1] += part
        else:
            parts.append(part)
    return tuple(part[:LONGEST_CLUSTER] for part in parts)


def prefixes(parts: Iterable[str]) -> list[str]:
    """What the first one, two, ... clusters are together."""
    done, joined = "", []
    for part in parts:
        done += part
        joined.append(done)
    return joined


@lru_cache(maxsize=4096)
def invisible(char: str) -> bool:
    """Whether a character is never drawn: joiners, variation selectors, marks of direction, controls, line ends."""
    point = ord(char)
    if unicodedata.category(char) in {"Cf", "Cc", "Zl", "Zp"}:
        return point not in DRAWN_FORMATS
    return (
        0xFE00 <= point <= 0xFE0F
        or 0xE0000 <= point <= 0xE0FFF
        or point in {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}
        or 0x180B <= point <= 0x180F
    )


def _graphemes(text: str) -> Iterable[str]:
    from wcwidth import iter_graphemes  # its tables are only opened by names that need them

    return iter_graphemes(text)
