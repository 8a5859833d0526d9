"""A line of text as runs of one font and one direction each: which font draws what, measured and painted.

Letters that Inter has are drawn with it in Pillow's basic layout, as they always were. Everything else goes, cluster by
cluster, to the first of Noto's fonts that has all of it, shaped by Raqm.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final, Literal

from PIL import ImageDraw, ImageFont

from lookalike.cards.bidi import RIGHT_TO_LEFT, levels, mirrored, visual_order
from lookalike.cards.clusters import clusters, invisible
from lookalike.cards.fontfiles import (
    Fallback,
    Weight,
    fallbacks,
    inter_covers,
    load,
    load_fallback,
    shapes_text,
    warn_of_missing_shaping,
)

EMOJI: Final = "NotoEmoji-Bold.ttf"
JAPANESE: Final = "NotoSansCJKjp-Kanji-Bold.otf"  # kanji of names with kana in them; Han is drawn as in China else
CACHED_LENGTH: Final = 160  # longer texts are measured anew: a cache of them could grow large
OVERRIDES: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # a name doesn't turn what is round it
REPLACEMENT: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one font in one direction; `fallback` is None where Inter draws them."""

    text: str
    fallback: Fallback | None
    right_to_left: bool

    def font(self, weight: Weight, size_px: int) -> ImageFont.FreeTypeFont:
        """The opened font."""
        if self.fallback is None:
            return load(weight, size_px)
        return load_fallback(self.fallback.file, max(1, round(size_px * self.fallback.scale)))

    @property
    def layout(self) -> dict[str, Any]:
        """What Pillow is told about the direction; the basic layout knows none."""
        if self.fallback is None or not shapes_text():
            return {}
        return {"direction": "rtl" if self.right_to_left else "ltr"}


def width(text: str, weight: Weight, size_px: int) -> int:
    """Advance width of a line, in whole pixels rounded up."""
    if len(text) > CACHED_LENGTH:
        return _measured(text, weight, size_px)
    return _width(text, weight, size_px)


def runs(text: str) -> tuple[Run, ...]:
    """The runs of a line, from left to right as they are drawn."""
    return _cached_runs(text) if len(text) <= CACHED_LENGTH else _runs(text)


@lru_cache(maxsize=1024)
def _cached_runs(text: str) -> tuple[Run, ...]:
    return _runs(text)


def _runs(text: str) -> tuple[Run, ...]:
    if text.isascii() and text.isprintable():
        return (Run(text, None, right_to_left=False),) if text else ()
    text = _drawable(text)
    parts = clusters(text)
    fonts = _fonts(parts)
    found = levels("".join(parts))
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + len(part))
    keyed = zip(parts, fonts, (found[at] for at in starts[:-1]), strict=True)
    logical: list[Run] = []
    depths: list[int] = []
    for (fallback, level), group in groupby(keyed, key=lambda item: item[1:]):
        run = _run([part for part, _, _ in group], fallback, right_to_left=level % 2 == 1)
        if run.text:
            logical.append(run)
            depths.append(level)
    return tuple(visual_order(logical, depths))


def draw(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    *,
    weight: Weight,
    size_px: int,
    fill: tuple[int, int, int],
) -> None:
    """Paint a line whose base line begins at `place`."""
    x, y = place
    for run in runs(text):
        font = run.font(weight, size_px)
        rise = 0.0 if run.fallback is None else run.fallback.rise * size_px
        pen.text((x, y - rise), run.text, font=font, fill=fill, anchor="ls", **run.layout)
        x += font.getlength(run.text, **run.layout)


def ink(text: str, *, weight: Weight, size_px: int) -> tuple[float, float, float, float]:
    """What a line that begins at (0, 0) covers with its ink: left, top, right, bottom, y down from the base line."""
    x = 0.0
    boxes = []
    for run in runs(text):
        font = run.font(weight, size_px)
        rise = 0.0 if run.fallback is None else run.fallback.rise * size_px
        left, top, right, bottom = font.getbbox(run.text, anchor="ls", **run.layout)
        boxes.append((x + left, top - rise, x + right, bottom - rise))
        x += font.getlength(run.text, **run.layout)
    if not boxes:
        return (0.0, 0.0, 0.0, 0.0)
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


@lru_cache(maxsize=8192)
def _width(text: str, weight: Weight, size_px: int) -> int:
    return _measured(text, weight, size_px)


def _measured(text: str, weight: Weight, size_px: int) -> int:
    return math.ceil(sum(run.font(weight, size_px).getlength(run.text, **run.layout) for run in runs(text)))


def _drawable(text: str) -> str:
    """Without what would turn the text round it, and without halves of UTF-16 pairs, which file names can hold."""
    text = text.translate(dict.fromkeys(map(ord, OVERRIDES)))
    return "".join(REPLACEMENT if 0xD800 <= ord(char) <= 0xDFFF else char for char in text)


def _run(parts: list[str], fallback: Fallback | None, *, right_to_left: bool) -> Run:
    """One run as its font wants it: the basic layout knows no direction and draws what should be invisible."""
    if fallback is not None:  # marks that the font of their letter lacks would be boxes
        parts = ["".join(char for char in part if not _lacks_mark(fallback, char)) for part in parts]
        if shapes_text():
            return Run("".join(parts), fallback, right_to_left=right_to_left)
    shown = ["".join(char for char in part if not invisible(char)) for part in parts]
    if right_to_left:
        shown = [mirrored(part) for part in reversed(shown)]
    return Run("".join(shown), fallback, right_to_left=right_to_left)


def _lacks_mark(font: Fallback, char: str) -> bool:
    return unicodedata.category(char)[0] == "M" and not invisible(char) and ord(char) not in font.covers


def _fonts(parts: tuple[str, ...]) -> list[Fallback | None]:
    """A font for each cluster; a space stays with the letters before it, so that a name is shaped as a whole."""
    japanese = any("\u3041" <= char <= "\u30ff" for part in parts for char in part)
    fonts: list[Fallback | None] = []
    for part in parts:
        before = fonts[-1] if fonts else None
        if part == " " and before is not None and before.file != EMOJI and 0x20 in before.covers:
            fonts.append(before)
        else:
            fonts.append(_font(part, "japanese" if japanese else "other"))
    return fonts


@lru_cache(maxsize=4096)
def _font(part: str, kanji: Literal["japanese", "other"]) -> Fallback | None:
    """The first font that has every letter of a cluster; else the one that has the first letter; None is Inter."""
    points = [ord(char) for char in part if not invisible(char)]
    if not points or (len(points) == len(part) == 1 and points[0] in inter_covers()):
        return None
    usable = [font for font in fallbacks() if kanji == "japanese" or font.file != JAPANESE]
    if "\ufe0f" in part or "\u20e3" in part:  # "as an emoji", and what makes a key of a digit
        usable.sort(key=lambda font: font.file != EMOJI)
    found = next((font for font in usable if all(point in font.covers for point in points)), None)
    found = found or next((font for font in usable if points[0] in font.covers), None)
    if found is not None and not shapes_text() and _needs_shaping(part):
        warn_of_missing_shaping()
    return found


def _needs_shaping(part: str) -> bool:
    return len(part) > 1 or unicodedata.bidirectional(part) in RIGHT_TO_LEFT
