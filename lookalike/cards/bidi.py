"""Which way each character of a line runs: the Unicode bidirectional algorithm (UAX #9) of the system's libfribidi.

Pillow shapes a run of one font with the same library, and can't order runs of several fonts: that is done here.
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final, TypeVar

NAMES: Final = ("libfribidi.so.0", "libfribidi.so", "libfribidi.0.dylib", "libfribidi.dylib")  # as Raqm asks for them
RIGHT_TO_LEFT: Final = {"R", "AL", "AN"}
BY_FIRST_LETTER: Final = 0x40  # FRIBIDI_PAR_ON: the first letter says which way the line runs
BRACKETS: Final = str.maketrans("()[]{}<>\u00ab\u00bb\u2039\u203a", ")(][}{><\u00bb\u00ab\u203a\u2039")

Item = TypeVar("Item")


def levels(text: str) -> tuple[int, ...]:
    """The embedding level of each character: even from left to right, odd from right to left.

    All 0 where nothing runs from the right, or where the library is missing.
    """
    if not any(unicodedata.bidirectional(char) in RIGHT_TO_LEFT for char in text):
        return (0,) * len(text)
    library = _library()
    if library is None:
        return (0,) * len(text)
    size = len(text)
    points = (ctypes.c_uint32 * size)(*map(ord, text))
    types = (ctypes.c_uint32 * size)()
    brackets = (ctypes.c_uint32 * size)()
    found = (ctypes.c_int8 * size)()
    base = ctypes.c_uint32(BY_FIRST_LETTER)
    library.fribidi_get_bidi_types(points, size, types)
    library.fribidi_get_bracket_types(points, size, types, brackets)
    if not library.fribidi_get_par_embedding_levels_ex(types, brackets, size, ctypes.byref(base), found):
        return (0,) * size
    return tuple(found)


def visual_order(items: Sequence[Item], levels: Sequence[int]) -> list[Item]:
    """Items in the order in which they stand from left to right (UAX #9, rule L2)."""
    order = list(range(len(items)))
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[start:end] = reversed(order[start:end])
            start = end + 1
    return [items[at] for at in order]


def mirrored(text: str) -> str:
    """Brackets turned round, as they are drawn from right to left (rule L4)."""
    return text.translate(BRACKETS)


@cache
def _library() -> ctypes.CDLL | None:
    for name in NAMES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        numbers = ctypes.POINTER(ctypes.c_uint32)
        try:
            library.fribidi_get_bidi_types.argtypes = [numbers, ctypes.c_int, numbers]
            library.fribidi_get_bidi_types.restype = None
            library.fribidi_get_bracket_types.argtypes = [numbers, ctypes.c_int, numbers, numbers]
            library.fribidi_get_bracket_types.restype = None
            library.fribidi_get_par_embedding_levels_ex.argtypes = [
                numbers, numbers, ctypes.c_int, numbers, ctypes.POINTER(ctypes.c_int8),
            ]  # fmt: skip
            library.fribidi_get_par_embedding_levels_ex.restype = ctypes.c_int8
        except AttributeError:  # before 1.0, which knew no brackets
            continue
        return library
    return None
