"""Measured text: shortening and wrapping. Numbers in, numbers out: nothing is drawn here."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from lookalike.cards.clusters import clusters, prefixes
from lookalike.cards.fontfiles import Weight
from lookalike.cards.runs import width

ELLIPSIS: Final = "…"
MIN_TEXT_PX: Final = 34  # on a 1080 px canvas: 9.3 px in a chat, which shows it 296 px wide
LINE_SHARE: Final = 1.26  # line height over font size
LONGEST_TEXT: Final = 600  # characters that are looked at: twice as many as the largest box of a card has room for
LOOSE_ENDS: Final = " ,-·"  # not left hanging before an ellipsis


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
        return width(text, self.weight, self.size_px)


def ellipsise(text: str, font: Font, width_px: int) -> str:
    """The text itself if it fits, else as many of its clusters as fit before an ellipsis."""
    kept = text[:LONGEST_TEXT]
    if kept == text and font.width(text) <= width_px:
        return text
    shorter = [prefix.rstrip(LOOSE_ENDS) + ELLIPSIS for prefix in prefixes(clusters(kept))]
    fits = bisect_right(shorter, width_px, key=font.width)
    return shorter[fits - 1] if fits else ELLIPSIS


def wrap(text: str, font: Font, width_px: int, *, lines: int) -> tuple[str, ...]:
    """Break text into at most `lines` lines of at most `width_px`: at spaces, after hyphens, or between two clusters of
    a word that is wider than a line; what does not fit ends in an ellipsis.
    """
    text = text.strip()
    rest = "".join(clusters(text[:LONGEST_TEXT]))
    if len(text) > LONGEST_TEXT:
        rest = rest.rstrip(LOOSE_ENDS) + ELLIPSIS
    done: list[str] = []
    while rest:
        if font.width(rest) <= width_px or len(done) == lines - 1:
            return (*done, ellipsise(rest, font, width_px))
        end = _break(rest, font, width_px)
        done.append(ellipsise(rest[:end].rstrip(), font, width_px))  # one cluster may be wider than a line
        rest = rest[end:].lstrip()
    return tuple(done)


def ellipsised(text: str, font: Font, width_px: int, *, lines: int) -> bool:
    """Whether `wrap` has to leave something out, or to break a word."""
    parts = wrap(text, font, width_px, lines=lines)
    return "".join(parts).replace(" ", "") != text.replace(" ", "") or any(
        font.width(word) > width_px for word in text.split()
    )


def wrap_evenly(text: str, font: Font, width_px: int, *, lines: int) -> tuple[str, ...]:
    """Like `wrap`, with lines of like length: no single word is left on the last one."""
    best = wrap(text, font, width_px, lines=lines)
    if len(best) < 2 or best[-1].endswith(ELLIPSIS):
        return best
    for tried_px in range(width_px - 20, width_px // len(best), -20):
        narrower = wrap(text, font, tried_px, lines=len(best) + 1)
        if len(narrower) > len(best):
            break
        best = narrower
    return best


def _break(text: str, font: Font, width_px: int) -> int:
    """Where a text that is too wide breaks: at least one cluster stays on the line."""
    starts = prefixes(clusters(text))
    fits = max(1, bisect_right(starts, width_px, key=lambda start: font.width(start.rstrip())))
    end = len(starts[fits - 1])
    at = max(text.rfind(" ", 0, end + 1), text.rfind("-", 0, end) + 1)
    return at if at > 0 else end
