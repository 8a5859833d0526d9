"""Shipped fonts, measured text, wrapping. Numbers in, numbers out: nothing is drawn here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

FONTS: Final = Path(__file__).parent / "fonts"
ELLIPSIS: Final = "…"
MIN_TEXT_PX: Final = 30  # on a 1080 px canvas: 10 px where a phone shows it 360 px wide
LINE_SHARE: Final = 1.26  # line height over font size


class Weight(StrEnum):
    """The shipped files."""

    MEDIUM = "Inter-Medium.otf"
    SEMIBOLD = "Inter-SemiBold.otf"
    BOLD = "Inter-Bold.otf"
    SYMBOLS = "DejaVuSans-Symbols.ttf"


@dataclass(frozen=True, slots=True)
class Font:
    """A weight at a size in pixels."""

    weight: Weight
    size_px: int

    @property
    def line_px(self) -> int:
        """Distance of two base lines."""
        return round(self.size_px * LINE_SHARE)

    def width(self, text: str) -> int:
        """Advance width, in whole pixels rounded up."""
        return _width(self.weight, self.size_px, text)


@lru_cache(maxsize=64)
def load(weight: Weight, size_px: int) -> ImageFont.FreeTypeFont:
    """Open a shipped font once per size. Basic layout: the same advance widths on every machine."""
    return ImageFont.truetype(FONTS / weight.value, size_px, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=8192)
def _width(weight: Weight, size_px: int, text: str) -> int:
    return math.ceil(load(weight, size_px).getlength(text))


def ellipsise(text: str, font: Font, width_px: int) -> str:
    """The text itself if it fits, else as many of its characters as fit before an ellipsis."""
    if font.width(text) <= width_px:
        return text
    for end in range(len(text) - 1, 0, -1):
        short = text[:end].rstrip(" ,-·") + ELLIPSIS
        if font.width(short) <= width_px:
            return short
    return ELLIPSIS


def wrap(text: str, font: Font, width_px: int, *, lines: int) -> tuple[str, ...]:
    """Break text into at most `lines` lines of at most `width_px`: at spaces, after hyphens, or within a word that
    is wider than a line; what does not fit ends in an ellipsis.
    """
    rest = text.strip()
    done: list[str] = []
    while rest:
        if font.width(rest) <= width_px or len(done) == lines - 1:
            return (*done, ellipsise(rest, font, width_px))
        end = _break(rest, font, width_px)
        done.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return tuple(done)


def wrap_evenly(text: str, font: Font, width_px: int, *, lines: int) -> tuple[str, ...]:
    """Like `wrap`, with lines of like length: no single word is left on the last one."""
    best = wrap(text, font, width_px, lines=lines)
    if len(best) < 2 or best[-1].endswith(ELLIPSIS):
        return best
    for width in range(width_px - 20, width_px // len(best), -20):
        narrower = wrap(text, font, width, lines=len(best) + 1)
        if len(narrower) > len(best):
            break
        best = narrower
    return best


def _break(text: str, font: Font, width_px: int) -> int:
    """Where a text that is too wide breaks: at least one character stays on the line."""
    fits = 1
    while fits < len(text) and font.width(text[: fits + 1].rstrip()) <= width_px:
        fits += 1
    at = max(text.rfind(" ", 0, fits + 1), text.rfind("-", 0, fits) + 1)
    return at if at > 0 else fits
