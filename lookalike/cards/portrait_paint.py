"""Draws a portrait: flat shapes in one hue, hair in its own colour. The only place that knows what a face looks like.

Shapes are given in a frame 100 units high with x = 50 in the middle; curves are cubic Beziers. Everything is painted
three times as large and averaged down, which makes edges smooth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from lookalike.cards.fontfiles import Weight, load
from lookalike.cards.portrait import Beard, Cut, HairColour, Portrait, Traits
from lookalike.cards.runs import draw, ink, runs
from lookalike.cards.theme import INK, WHITE, Color, Theme

Curve = tuple[tuple[float, float], ...]  # start, then three points (two handles and an end) a segment

SUPERSAMPLE: Final = 3
MONOGRAM_REACH: Final = 24  # from the middle of its disc, which is 30 wide, to the corners of the letters
MONOGRAM_GROWTH: Final = 1.3  # a small letter is not blown up further
HUES: Final = tuple(
    Color.from_hex(text)
    for text in (
        "#E27D63",
        "#DDA03F",
        "#8EA955",
        "#45A08F",
        "#4F93CE",
        "#7578D2",
        "#A270C4",
        "#D46E97",
    )
)
IVORY: Final = Color.from_hex("#FFF5EA")  # faces are tinted by the hue, but keep warm
TAUPE: Final = Color.from_hex("#8B7E7A")  # hair of unknown colour on a dark ground
BLUSH: Final = Color.from_hex("#EF8478")
HAIR: Final = {
    HairColour.BLACK: Color.from_hex("#2A2630"),
    HairColour.BROWN: Color.from_hex("#6B4430"),
    HairColour.BLOND: Color.from_hex("#E3BE6C"),
    HairColour.GREY: Color.from_hex("#A3A6AE"),
}
FACE: Final[Curve] = (
    (50, 23), (61, 23), (67.5, 32), (67, 44), (66.5, 58), (58, 68), (50, 68),
    (42, 68), (33.5, 58), (33, 44), (32.5, 32), (39, 23), (50, 23),
)  # fmt: skip
FACE_BROAD: Final[Curve] = (
    (50, 23), (61, 23), (68, 31), (67.5, 44), (67.5, 60), (60, 69.5), (50, 69.5),
    (40, 69.5), (32.5, 60), (32.5, 44), (32, 31), (39, 23), (50, 23),
)  # fmt: skip
HAIR_BEHIND: Final[Curve] = (
    (50, 15), (68, 15), (75, 29), (74.5, 46), (74.5, 62), (79, 74), (77, 88),
    (70, 92), (58, 90), (50, 90), (42, 90), (30, 92), (23, 88),
    (21, 74), (25.5, 62), (25.5, 46), (25, 29), (32, 15), (50, 15),
)  # fmt: skip
HAIR_PARTED: Final[Curve] = (
    (31.5, 52), (28, 30), (36, 16.5), (50, 16.5), (64, 16.5), (72, 30), (68.5, 52),
    (68.5, 42), (62, 33), (45, 27), (42, 34), (33, 38), (31.5, 52),
)  # fmt: skip
HAIR_FRINGE: Final[Curve] = (
    (31.5, 52), (28, 30), (36, 16.5), (50, 16.5), (64, 16.5), (72, 30), (68.5, 52),
    (68, 46), (67.5, 42), (66, 38.5), (58, 40.5), (42, 40.5), (34, 38.5),
    (32.5, 42), (32, 46), (31.5, 52),
)  # fmt: skip
HAIR_SHORT: Final[Curve] = (
    (32.3, 46), (28, 24), (38, 14.5), (52, 14.5), (66, 14.5), (71.5, 27), (67.7, 46),
    (67, 42), (66.5, 36), (63, 32), (55, 33), (46, 31), (41, 27.5),
    (38, 31), (33.5, 34), (32.3, 46),
)  # fmt: skip
HAIR_FRINGE_SHORT: Final[Curve] = (
    (32.3, 46), (28, 24), (38, 14.5), (51, 14.5), (66, 14.5), (71.5, 27), (67.7, 46),
    (67.2, 42), (66.6, 39), (65, 37), (56, 34), (52, 40), (44, 38),
    (40, 37), (36, 38), (34.5, 38.5), (33.4, 41), (32.8, 43), (32.3, 46),
)  # fmt: skip
HAIR_RECEDING: Final[Curve] = (
    (32.3, 45), (29, 26), (38, 17), (50, 17), (62, 17), (71, 26), (67.7, 45),
    (67, 40), (66, 34), (62, 28), (56, 24), (54, 29), (50, 29),
    (46, 29), (44, 24), (38, 28), (34, 34), (33, 40), (32.3, 45),
)  # fmt: skip
HAT_DOME: Final[Curve] = (
    (29.5, 37), (29, 20), (38, 9), (50, 9), (62, 9), (71, 20), (70.5, 37),
    (60, 35), (40, 35), (29.5, 37),
)  # fmt: skip
BEARD_FULL: Final[Curve] = (
    (32.6, 46), (33.5, 53), (38, 54.5), (42, 54.8), (46, 53), (54, 53), (58, 54.8),
    (62, 54.5), (66.5, 53), (67.4, 46), (68.5, 62), (61, 72.5), (50, 72.5),
    (39, 72.5), (31.5, 62), (32.6, 46),
)  # fmt: skip
GOATEE: Final[Curve] = (
    (42.5, 63), (45, 64.5), (55, 64.5), (57.5, 63), (58.5, 68), (55, 73), (50, 73),
    (45, 73), (41.5, 68), (42.5, 63),
)  # fmt: skip
MOUSTACHE: Final[Curve] = (
    (50, 54.3), (46, 52.6), (41.5, 54.5), (40.5, 58.2), (44, 58.6), (48, 58), (50, 56.8),
    (52, 58), (56, 58.6), (59.5, 58.2), (58.5, 54.5), (54, 52.6), (50, 54.3),
)  # fmt: skip


CURLS_BEHIND: Final = ((23.5, 40, 7.0), (25, 52, 8.0), (25.5, 64, 8.5), (24.5, 76, 9.0), (20, 86, 7.0))
CURLS_LONG: Final = ((17.5, 30, 6.0), (20, 40, 5.2), (20, 50, 4.6))
CURLS_SHORT: Final = ((0.5, 15.8, 7.2), (8, 18, 7.0), (14.8, 24.4, 6.2))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Palette:
    """The tints of one portrait."""

    back: Color
    halo: Color
    face: Color
    shade: Color
    cloth: Color
    cloth_dark: Color
    hair: Color
    line: Color  # eyes, brows, glasses


def paint_portrait(portrait: Portrait, width: int, height: int, theme: Theme) -> Image.Image:
    """Draw a portrait into a picture of its own, RGB. The bust stands on the lower edge, in the middle."""
    palette = _palette(portrait, theme)
    image = Image.new("RGB", (width * SUPERSAMPLE, height * SUPERSAMPLE), palette.back.rgb)
    pen = _Pen(image)
    if portrait.traits is None:
        _paint_monogram(pen, portrait, palette)
    else:
        _paint_bust(pen, portrait.traits, palette)
    return image.reduce(SUPERSAMPLE)


def _palette(portrait: Portrait, theme: Theme) -> _Palette:
    hue = HUES[portrait.seed % len(HUES)]
    dark = theme.name == "dark"
    colour = HairColour.UNKNOWN if portrait.traits is None else portrait.traits.colour
    return _Palette(
        back=hue.mix(theme.panel, 0.62) if dark else hue.mix(WHITE, 0.62),
        halo=hue.mix(theme.panel, 0.46) if dark else hue.mix(WHITE, 0.46),
        face=hue.mix(IVORY, 0.8 if dark else 0.88),
        shade=hue.mix(IVORY, 0.56 if dark else 0.66),
        cloth=hue.mix(INK, 0.12) if dark else hue,
        cloth_dark=hue.mix(INK, 0.34 if dark else 0.22),
        hair=HAIR.get(colour, hue.mix(TAUPE, 0.65) if dark else hue.mix(INK, 0.55)),
        line=hue.mix(INK, 0.78),
    )


class _Pen:
    """Draws shapes given in units onto one large image, in place."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self.draw = ImageDraw.Draw(image)
        self.scale = image.height / 100
        self.left = image.width / 2 - 50 * self.scale

    @property
    def side_units(self) -> float:
        """How far the picture goes to the left and right of the frame's edges."""
        return self.left / self.scale

    def at(self, x: float, y: float) -> tuple[float, float]:
        return (self.left + x * self.scale, y * self.scale)

    def curve(self, curve: Curve, color: Color) -> None:
        points = [self.at(x, y) for x, y in _flatten(curve)]
        self.draw.polygon(points, fill=color.rgb)

    def ellipse(self, x: float, y: float, rx: float, ry: float, *, color: Color) -> None:
        self.draw.ellipse((*self.at(x - rx, y - ry), *self.at(x + rx, y + ry)), fill=color.rgb)

    def rounded(self, x0: float, y0: float, x1: float, y1: float, *, r: float, color: Color) -> None:
        self.draw.rounded_rectangle((*self.at(x0, y0), *self.at(x1, y1)), radius=r * self.scale, fill=color.rgb)

    def frame(self, x0: float, y0: float, x1: float, y1: float, *, r: float, stroke: float, color: Color) -> None:
        self.draw.rounded_rectangle(
            (*self.at(x0, y0), *self.at(x1, y1)),
            radius=r * self.scale,
            outline=color.rgb,
            width=round(stroke * self.scale),
        )

    def stroke(self, curve: Curve, stroke: float, color: Color) -> None:
        """A line along a curve, with round ends."""
        points = [self.at(x, y) for x, y in _flatten(curve)]
        width = stroke * self.scale
        self.draw.line(points, fill=color.rgb, width=round(width), joint="curve")
        for x, y in (points[0], points[-1]):
            self.draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=color.rgb)


@lru_cache(maxsize=128)
def _flatten(curve: Curve, steps: int = 14) -> tuple[tuple[float, float], ...]:
    """Points along a chain of cubic Beziers."""
    t = np.linspace(0, 1, steps + 1)[1:, None]
    points = [curve[0]]
    for i in range(0, len(curve) - 1, 3):
        a, b, c, d = (np.asarray(p, dtype=float) for p in curve[i : i + 4])
        along = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
        points += [(float(x), float(y)) for x, y in along]
    return tuple(points)


def _paint_bust(pen: _Pen, traits: Traits, palette: _Palette) -> None:
    pen.ellipse(50, 48, 42, 42, color=palette.halo)
    if traits.cut is Cut.LONG:
        _paint_hair_behind(pen, traits, palette)
    _paint_body(pen, traits, palette)
    for x in (32.8, 67.2):
        pen.ellipse(x, 47, 3.6, 4.8, color=palette.shade)
    pen.curve(FACE_BROAD if traits.broad else FACE, palette.face)
    if traits.beard is Beard.FULL:
        pen.curve(BEARD_FULL, palette.hair.mix(INK, 0.06))
    elif traits.beard is Beard.STUBBLE:
        pen.curve(BEARD_FULL, palette.face.mix(palette.hair, 0.2))
    _paint_features(pen, traits, palette)
    if traits.beard in {Beard.GOATEE, Beard.MOUSTACHE}:
        _paint_trimmed_beard(pen, traits, palette)
    _paint_hair_in_front(pen, traits, palette)
    if traits.glasses:
        _paint_glasses(pen, palette)
    if traits.earrings:
        for x in (31.4, 68.6):
            pen.ellipse(x, 53.6, 1.7, 1.7, color=Color.from_hex("#F1C04B"))


def _paint_body(pen: _Pen, traits: Traits, palette: _Palette) -> None:
    reach = 40 if traits.broad else 34
    shoulders: Curve = (
        (50 - reach, 101), (50 - reach + 1, 86), (50 - 22, 82), (41, 77),
        (44, 76), (56, 76), (59, 77),
        (50 + 22, 82), (50 + reach - 1, 86), (50 + reach, 101),
    )  # fmt: skip
    pen.curve(shoulders, palette.cloth)
    pen.rounded(42.5, 56, 57.5, 83, r=6, color=palette.shade)
    if not traits.broad:
        pen.ellipse(50, 77.5, 10.5, 7.5, color=palette.shade)
        return
    pen.curve(((41.5, 76), (44, 82), (47, 86), (50, 88), (53, 86), (56, 82), (58.5, 76)), palette.shade)
    for side in (-1, 1):
        collar: Curve = (
            (50 + side * 8.5, 74.5), (50 + side * 9.5, 76), (50 + side * 13, 79), (50 + side * 13.5, 80.5),
            (50 + side * 10, 84), (50 + side * 7, 88), (50 + side * 5.5, 91),
            (50 + side * 4, 89), (50 + side * 2, 88), (50, 87.2),
            (50 + side * 4, 84), (50 + side * 7, 80), (50 + side * 8.5, 74.5),
        )  # fmt: skip
        pen.curve(collar, WHITE if traits.tie else palette.cloth_dark)
    if traits.tie:
        pen.draw.polygon([pen.at(*p) for p in ((47, 88), (53, 88), (51.8, 92), (55, 101), (45, 101), (48.2, 92))],
                         fill=palette.cloth_dark.rgb)  # fmt: skip


def _paint_hair_behind(pen: _Pen, traits: Traits, palette: _Palette) -> None:
    shade = palette.hair.mix(INK, 0.2)
    pen.curve(HAIR_BEHIND, shade)
    _paint_curls(pen, CURLS_BEHIND if traits.wavy else (), shade)


def _paint_curls(pen: _Pen, curls: tuple[tuple[float, float, float], ...], color: Color) -> None:
    """Round strands: x from the middle, y, radius, each on both sides."""
    for x, y, r in curls:
        for side in (-1, 1):
            pen.ellipse(50 + side * x, y, r, r, color=color)


def _paint_hair_in_front(pen: _Pen, traits: Traits, palette: _Palette) -> None:
    if traits.hat:
        hat = palette.cloth_dark
        pen.curve(HAT_DOME, hat)
        pen.rounded(28, 30.5, 72, 39.5, r=4.2, color=hat.mix(WHITE, 0.22))
        pen.ellipse(50, 9, 4.6, 4.6, color=hat.mix(WHITE, 0.22))
        return
    match traits.cut:
        case Cut.BALD:
            pen.stroke(((58, 27.5), (61, 29), (63, 31.5), (63.8, 34)), 1.6, WHITE)
        case Cut.LONG:
            pen.curve(HAIR_FRINGE if traits.bangs else HAIR_PARTED, palette.hair)
            _paint_curls(pen, CURLS_LONG if traits.wavy else (), palette.hair)
        case Cut.SHORT:
            pen.curve(HAIR_FRINGE_SHORT if traits.bangs else HAIR_SHORT, palette.hair)
            _paint_curls(pen, CURLS_SHORT if traits.wavy else (), palette.hair)
        case Cut.RECEDING:
            pen.curve(HAIR_RECEDING, palette.hair)


def _paint_trimmed_beard(pen: _Pen, traits: Traits, palette: _Palette) -> None:
    hair = palette.hair.mix(INK, 0.06)
    pen.curve(MOUSTACHE, hair)
    if traits.beard is Beard.GOATEE:
        pen.curve(GOATEE, hair)


def _paint_features(pen: _Pen, traits: Traits, palette: _Palette) -> None:
    brow = palette.hair.mix(INK, 0.25)
    for side in (-1, 1):
        pen.ellipse(50 + side * 8, 46.2, 1.9, 2.3, color=palette.line)
        pen.stroke(
            ((50 + side * 4.8, 41.2), (50 + side * 7, 39.6), (50 + side * 9.5, 39.4), (50 + side * 12, 41)),
            1.9 if traits.broad else 1.3,
            brow,
        )
        if traits.smiling:
            pen.ellipse(50 + side * 11.5, 53, 3.2, 2.2, color=palette.face.mix(BLUSH, 0.3))
    pen.stroke(((50.3, 47.5), (49.4, 50), (48.2, 52.4), (50.6, 52.8)), 1.2, palette.shade.mix(INK, 0.12))
    _paint_mouth(pen, traits, palette)


def _paint_mouth(pen: _Pen, traits: Traits, palette: _Palette) -> None:
    lips = Color.from_hex("#C8455F") if traits.lipstick else palette.line.mix(palette.face, 0.25)
    if traits.beard is Beard.FULL:
        lips = palette.face
    if traits.smiling:
        pen.curve(
            ((43.6, 58), (46, 59), (54, 59), (56.4, 58), (55.6, 62.6), (53, 64.4), (50, 64.4),
             (47, 64.4), (44.4, 62.6), (43.6, 58)),
            lips,
        )  # fmt: skip
        if traits.beard is not Beard.FULL:
            pen.curve(
                ((44.9, 59), (47, 59.6), (53, 59.6), (55.1, 59), (54.4, 61), (52.6, 61.6), (50, 61.6),
                 (47.4, 61.6), (45.6, 61), (44.9, 59)),
                WHITE,
            )  # fmt: skip
        return
    if traits.lipstick:
        pen.curve(
            ((45, 60), (47, 57.8), (49, 58), (50, 58.8), (51, 58), (53, 57.8), (55, 60),
             (53, 62.6), (47, 62.6), (45, 60)),
            lips,
        )  # fmt: skip
        return
    pen.stroke(((45, 60), (48, 61.2), (52, 61.2), (55, 60)), 1.5, lips)


def _paint_glasses(pen: _Pen, palette: _Palette) -> None:
    for side in (-1, 1):
        x = 50 + side * 8.4
        pen.frame(x - 6.6, 41.2, x + 6.6, 51.6, r=4.2, stroke=1.5, color=palette.line)
        pen.stroke(((50 + side * 15, 45), (50 + side * 15.6, 45), (50 + side * 16, 45), (50 + side * 16.4, 45.2)), 1.3,
                   palette.line)  # fmt: skip
    pen.stroke(((48.2, 45.4), (49, 44.4), (51, 44.4), (51.8, 45.4)), 1.4, palette.line)


def _paint_monogram(pen: _Pen, portrait: Portrait, palette: _Palette) -> None:
    """A pattern of quarter discs drawn from the seed, and the initials or the number on a disc of its own."""
    cells = 4
    side = 100 / cells
    first = -int(-(-pen.side_units // side))
    bits = portrait.seed
    tints = (palette.halo, palette.back.mix(palette.cloth, 0.5), palette.back, palette.back.mix(palette.face, 0.2))
    for column in range(first, cells - first):
        for line in range(cells):
            value = (bits >> ((column * 5 + line * 7) % 23)) + column * 3 + line * 5
            x, y = column * side, line * side
            pen.draw.rectangle((*pen.at(x, y), *pen.at(x + side, y + side)), fill=tints[value % 4].rgb)
            corner = (value // 4) % 4
            cx, cy = x + side * (corner % 2), y + side * (corner // 2)
            start = (0, 90, 270, 180)[corner]
            pen.draw.pieslice(
                (*pen.at(cx - side, cy - side), *pen.at(cx + side, cy + side)),
                start, start + 90, fill=tints[(value + 1 + value // 16 % 2) % 4].rgb,
            )  # fmt: skip
    disc = palette.cloth_dark
    while disc.contrast(WHITE) < 5.5:
        disc = disc.mix(INK, 0.08)
    pen.ellipse(50, 50, 33, 33, color=palette.face)
    pen.ellipse(50, 50, 30, 30, color=disc)
    units = {1: 34, 2: 27, 3: 22, 4: 18}.get(len(portrait.monogram), 15)
    size_px = max(1, round(units * pen.scale))
    if all(run.fallback is None for run in runs(portrait.monogram)):
        font = load(Weight.BOLD, size_px)
        pen.draw.text(pen.at(50, 50), portrait.monogram, font=font, fill=WHITE.rgb, anchor="mm")
        return
    # Letters of other scripts are as tall and wide as they like: they fill the disc, centred by their ink.
    left, top, right, bottom = ink(portrait.monogram, weight=Weight.BOLD, size_px=size_px)
    fits = MONOGRAM_REACH * pen.scale / max(math.hypot(right - left, bottom - top) / 2, 1.0)
    size_px = max(1, round(size_px * min(fits, MONOGRAM_GROWTH)))
    left, top, right, bottom = ink(portrait.monogram, weight=Weight.BOLD, size_px=size_px)
    x, y = pen.at(50, 50)
    place = x - (left + right) / 2, y - (top + bottom) / 2
    draw(pen.draw, place, portrait.monogram, weight=Weight.BOLD, size_px=size_px, fill=WHITE.rgb)
