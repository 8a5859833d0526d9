"""Draws the stand-in for somebody of whom nothing is known: initials or a number over a pattern of the seed."""

from __future__ import annotations

import math
from typing import Final

from PIL import Image, ImageDraw

from lookalike.cards.fontfiles import Weight, load
from lookalike.cards.portrait import Portrait
from lookalike.cards.runs import draw, ink, runs
from lookalike.cards.theme import INK, WHITE, Color

REACH: Final = 24  # units from the middle of the disc, which is 30 wide, to the corners of the letters
GROWTH: Final = 1.3  # a small letter is not blown up further
CELLS: Final = 4


def paint_monogram(
    image: Image.Image, portrait: Portrait, *, back: Color, halo: Color, dark: Color, rim: Color
) -> None:
    """Paint over the whole image, in place. The frame is 100 units high, its middle column in the image's middle."""
    scale = image.height / 100
    left = image.width / 2 - 50 * scale
    pen = ImageDraw.Draw(image)

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * scale, y * scale

    side = 100 / CELLS
    first = -int(-(-(left / scale) // side))
    tints = (halo, back.mix(halo, 0.5), back, back.mix(rim, 0.3))
    for column in range(first, CELLS - first):
        for line in range(CELLS):
            value = (portrait.seed >> ((column * 5 + line * 7) % 23)) + column * 3 + line * 5
            x, y = column * side, line * side
            pen.rectangle((*at(x, y), *at(x + side, y + side)), fill=tints[value % 4].rgb)
            corner = (value // 4) % 4
            cx, cy = x + side * (corner % 2), y + side * (corner // 2)
            start = (0, 90, 270, 180)[corner]
            pen.pieslice(
                (*at(cx - side, cy - side), *at(cx + side, cy + side)),
                start, start + 90, fill=tints[(value + 1 + value // 16 % 2) % 4].rgb,
            )  # fmt: skip
    disc = dark
    while disc.contrast(WHITE) < 5.5:
        disc = disc.mix(INK, 0.08)
    for radius, color in ((33, rim), (30, disc)):
        pen.ellipse((*at(50 - radius, 50 - radius), *at(50 + radius, 50 + radius)), fill=color.rgb)
    _letters(pen, portrait.monogram, at(50, 50), scale)


def _letters(pen: ImageDraw.ImageDraw, text: str, middle: tuple[float, float], scale: float) -> None:
    units = {1: 34, 2: 27, 3: 22, 4: 18}.get(len(text), 15)
    size_px = max(1, round(units * scale))
    if all(run.fallback is None for run in runs(text)):
        pen.text(middle, text, font=load(Weight.BOLD, size_px), fill=WHITE.rgb, anchor="mm")
        return
    # Letters of other scripts are as tall and wide as they like: they fill the disc, centred by their ink.
    left, top, right, bottom = ink(text, weight=Weight.BOLD, size_px=size_px)
    fits = REACH * scale / max(math.hypot(right - left, bottom - top) / 2, 1.0)
    size_px = max(1, round(size_px * min(fits, GROWTH)))
    left, top, right, bottom = ink(text, weight=Weight.BOLD, size_px=size_px)
    place = middle[0] - (left + right) / 2, middle[1] - (top + bottom) / 2
    draw(pen, place, text, weight=Weight.BOLD, size_px=size_px, fill=WHITE.rgb)
