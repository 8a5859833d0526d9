"""Draws a portrait: flat shapes in tones of one hue. The only place that knows what a drawn face looks like.

Shapes are those of portrait_shapes; everything is painted three times as large and averaged down: smooth edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from lookalike.cards import portrait_shapes as shapes
from lookalike.cards.face_shape import EYES_Y, FaceShape
from lookalike.cards.monogram_paint import paint_monogram
from lookalike.cards.portrait import Beard, Cut, HairColour, Portrait, Traits
from lookalike.cards.portrait_shapes import Curve, dropped, flatten, shifted
from lookalike.cards.theme import INK, WHITE, Color

SUPERSAMPLE: Final = 3
# One a person. None is a colour that skin has: in Lab each lies 60 degrees and more from skin's hues.
HUES: Final = tuple(
    Color.from_hex(text) for text in ("#3F9E5E", "#1E9C93", "#2394BD", "#3F7FD6", "#6468DB", "#8E5BD3", "#B450BE")
)
GREY: Final = Color.from_hex("#AEB4BD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The tones of one portrait, the same in both themes."""

    back: Color
    halo: Color
    face: Color
    shade: Color  # neck, ears, nose
    cloth: Color
    cloth_dark: Color
    hair: Color
    line: Color  # eyes, brows, glasses


def palette_of(portrait: Portrait) -> Palette:
    """Tones of the person's hue."""
    hue = HUES[portrait.hue]
    colour = HairColour.UNKNOWN if portrait.traits is None else portrait.traits.colour
    hair = {
        HairColour.BLACK: hue.mix(INK, 0.86),
        HairColour.BROWN: hue.mix(INK, 0.58),
        HairColour.BLOND: hue.mix(WHITE, 0.86),
        HairColour.GREY: GREY.mix(hue, 0.16),
        HairColour.UNKNOWN: hue.mix(INK, 0.14),
    }[colour]
    return Palette(
        back=hue.mix(WHITE, 0.66),
        halo=hue.mix(WHITE, 0.5),
        face=hue.mix(WHITE, 0.28),
        shade=hue.mix(WHITE, 0.06),
        cloth=hue.mix(INK, 0.34),
        cloth_dark=hue.mix(INK, 0.5),
        hair=hair,
        line=hue.mix(INK, 0.8),
    )


def paint_portrait(portrait: Portrait, width: int, height: int, *, zoom: float = 1.0) -> Image.Image:
    """Draw a portrait into a picture of its own, RGB. The eyes lie EYES_Y per cent down, whatever the zoom."""
    palette = palette_of(portrait)
    image = Image.new("RGB", (width * SUPERSAMPLE, height * SUPERSAMPLE), palette.back.rgb)
    if portrait.traits is None:
        paint_monogram(image, portrait, back=palette.back, halo=palette.halo, dark=palette.cloth_dark, rim=palette.face)
    else:
        _paint_bust(_Pen(image, zoom), portrait, portrait.traits, palette)
    return image.reduce(SUPERSAMPLE)


class _Pen:
    """Draws shapes given in units onto one large image, in place."""

    def __init__(self, image: Image.Image, zoom: float) -> None:
        self.draw = ImageDraw.Draw(image)
        self.scale = image.height / 100 * zoom
        self.left = image.width / 2 - 50 * self.scale
        self.top = image.height * EYES_Y / 100 - EYES_Y * self.scale

    def at(self, x: float, y: float) -> tuple[float, float]:
        return (self.left + x * self.scale, self.top + y * self.scale)

    def curve(self, curve: Curve, color: Color) -> None:
        self.draw.polygon([self.at(x, y) for x, y in flatten(curve)], fill=color.rgb)

    def ellipse(self, x: float, y: float, rx: float, ry: float, *, color: Color) -> None:
        self.draw.ellipse((*self.at(x - rx, y - ry), *self.at(x + rx, y + ry)), fill=color.rgb)

    def frame(self, x: float, y: float, rx: float, ry: float, *, r: float, stroke: float, color: Color) -> None:
        self.draw.rounded_rectangle(
            (*self.at(x - rx, y - ry), *self.at(x + rx, y + ry)),
            radius=r * self.scale, outline=color.rgb, width=round(stroke * self.scale),
        )  # fmt: skip

    def rounded(self, x0: float, y0: float, x1: float, y1: float, *, r: float, color: Color) -> None:
        self.draw.rounded_rectangle((*self.at(x0, y0), *self.at(x1, y1)), radius=r * self.scale, fill=color.rgb)

    def stroke(self, curve: Curve, stroke: float, color: Color) -> None:
        """A line along a curve, with round ends."""
        points = [self.at(x, y) for x, y in flatten(curve)]
        width = stroke * self.scale
        self.draw.line(points, fill=color.rgb, width=round(width), joint="curve")
        for x, y in (points[0], points[-1]):
            self.draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=color.rgb)


def _paint_bust(pen: _Pen, portrait: Portrait, traits: Traits, palette: Palette) -> None:
    shape = portrait.shape
    _paint_ground(pen, portrait.ground, palette)
    _paint_hair_behind(pen, traits, palette)
    _paint_body(pen, portrait.collar, traits, shape, palette)
    for x in (32.2, 67.8):
        pen.ellipse(x, 48.5, 3.4, 5.0, color=palette.shade)
    pen.curve(dropped(shapes.FACE_BROAD if traits.broad else shapes.FACE, shape.drop), palette.face)
    beard = dropped(shapes.BEARD, shape.drop)
    if traits.beard is Beard.FULL:
        pen.curve(beard, palette.hair.mix(INK, 0.08))
    elif traits.beard is Beard.STUBBLE:
        pen.curve(dropped(shapes.BEARD, shape.drop * 0.8), palette.face.mix(palette.line, 0.16))
    if traits.lined:
        _paint_lines(pen, shape, palette)
    _paint_features(pen, traits, shape, palette)
    if traits.sideburns and not traits.hat:
        for side in (1, -1):
            pen.curve(tuple((50 + side * (50 - x), y) for x, y in shapes.SIDEBURN), palette.hair)
    _paint_hair_in_front(pen, traits, palette)
    if traits.glasses:
        _paint_glasses(pen, shape, palette)


def _paint_ground(pen: _Pen, ground: int, palette: Palette) -> None:
    """One of six."""
    match ground:
        case 0:
            pen.ellipse(50, 48, 44, 44, color=palette.halo)
        case 1:
            pen.draw.polygon([pen.at(*p) for p in ((-60, 160), (160, -60), (160, 160))], fill=palette.halo.rgb)
        case 2:
            pen.draw.polygon([pen.at(*p) for p in ((-60, -60), (160, 160), (-60, 160))], fill=palette.halo.rgb)
        case 3:
            pen.draw.rectangle((*pen.at(50, -60), *pen.at(160, 160)), fill=palette.halo.rgb)
        case 4:
            pen.ellipse(50, 48, 46, 46, color=palette.halo)
            pen.ellipse(50, 48, 39, 39, color=palette.back)
        case _:
            pen.draw.rectangle((*pen.at(-60, 52), *pen.at(160, 160)), fill=palette.halo.rgb)


def _paint_body(pen: _Pen, collar: int, traits: Traits, shape: FaceShape, palette: Palette) -> None:
    pen.curve(shapes.BODY_BROAD if traits.broad else shapes.BODY, palette.cloth)
    reach = 8.6 if traits.broad else 7.4
    chin = shapes.CHIN_Y + shape.drop
    pen.rounded(50 - reach, 60, 50 + reach, 86, r=6, color=palette.shade)
    pen.ellipse(50, chin + 0.5, reach, 3.2, color=palette.shade.mix(INK, 0.14))  # the chin's shadow
    match collar:
        case 0:
            pen.ellipse(50, 83.5, reach + 3.5, 6.5, color=palette.shade)
        case 1:
            pen.draw.polygon([pen.at(50 + x, y) for x, y in ((-reach - 2, 80), (0, 97), (reach + 2, 80))],
                             fill=palette.shade.rgb)  # fmt: skip
        case 2:
            pen.rounded(50 - reach - 1.5, 78.5, 50 + reach + 1.5, 87, r=3, color=palette.cloth_dark)
        case 3:
            pen.ellipse(50, 84, reach + 10, 10, color=palette.shade)
        case _:
            for side in (-1, 1):
                flap = ((side * reach, 77.5), (side * (reach + 7), 83), (side * 4.5, 93), (0, 88.5))
                pen.draw.polygon([pen.at(50 + x, y) for x, y in flap], fill=palette.cloth_dark.rgb)


def _paint_hair_behind(pen: _Pen, traits: Traits, palette: Palette) -> None:
    if traits.cut in shapes.BEHIND:
        pen.curve(shapes.BEHIND[traits.cut], palette.hair.mix(INK, 0.2))


def _paint_hair_in_front(pen: _Pen, traits: Traits, palette: Palette) -> None:
    if traits.hat:
        pen.curve(shapes.HAT_DOME, palette.cloth)
        pen.curve(shapes.HAT_BRIM, palette.cloth_dark)
        return
    if traits.cut is Cut.BALD:
        for side in (1, -1):
            pen.curve(tuple((50 + side * (50 - x), y) for x, y in shapes.RIM), palette.hair)
        pen.stroke(((58, 25), (61, 26.4), (63.2, 29), (64, 32)), 1.6, palette.face.mix(WHITE, 0.55))
        return
    pen.curve(shapes.front_of(traits), palette.hair)
    if traits.colour is HairColour.GREY:
        for x in (41, 47, 56):
            pen.stroke(((x, 16.5), (x - 1.5, 19), (x - 2.2, 21), (x - 2.4, 24)), 0.9, palette.hair.mix(WHITE, 0.6))


def _paint_lines(pen: _Pen, shape: FaceShape, palette: Palette) -> None:
    """Forehead and cheeks of somebody who is labelled as not young."""
    crease = palette.face.mix(palette.line, 0.34)
    pen.stroke(((43, 33.6), (47, 32.8), (53, 32.8), (57, 33.6)), 0.7, crease)
    for side in (-1, 1):
        x, top, bottom = shape.mouth_x + 1.2, shape.nose_y + 0.5, shape.mouth_y - 0.5
        pen.stroke(
            ((50 + side * 3.8, top), (50 + side * (x - 0.6), top + 2), (50 + side * (x + 0.7), bottom - 3),
             (50 + side * (x + 1.2), bottom)), 0.8, crease,
        )  # fmt: skip
        bag = ((-3.0, 4.4), (-1.0, 5.8), (1.4, 5.8), (3.0, 4.6))  # below the eye
        pen.stroke(tuple((50 + side * (shape.eye_x + dx), EYES_Y + dy) for dx, dy in bag), 0.7, crease)


def _paint_features(pen: _Pen, traits: Traits, shape: FaceShape, palette: Palette) -> None:
    brow = palette.line if traits.colour in {HairColour.UNKNOWN, HairColour.BLOND} else palette.hair.mix(INK, 0.3)
    for side in (-1, 1):
        x = 50 + side * shape.eye_x
        pen.ellipse(x, EYES_Y, 3.5, 2.3, color=palette.face.mix(WHITE, 0.72))
        pen.ellipse(x, EYES_Y, 2.0, 2.2, color=palette.line)
        pen.ellipse(x + 0.7, EYES_Y - 0.8, 0.6, 0.6, color=palette.face.mix(WHITE, 0.8))
        lid = ((x - 3.7, EYES_Y + 0.3), (x - 2.2, EYES_Y - 3.1), (x + 2.2, EYES_Y - 3.1), (x + 3.7, EYES_Y + 0.3))
        pen.stroke(lid, 0.8, palette.line)
        pen.stroke(
            ((x - side * 3.4, EYES_Y - 5.0), (x - side * 1, EYES_Y - 6.6), (x + side * 1.6, EYES_Y - 6.7),
             (x + side * 4.2, EYES_Y - 5.2)), 1.9 if traits.broad else 1.3, brow,
        )  # fmt: skip
    nose, under = shape.nose_y, palette.shade.mix(INK, 0.16)
    pen.stroke(((50.5, EYES_Y + 2.5), (49.6, (EYES_Y + nose) / 2), (47.2, nose - 0.6), (47.6, nose + 0.6)), 1.1, under)
    pen.stroke(((47.6, nose + 0.6), (49, nose + 1.9), (51.4, nose + 1.7), (52.4, nose + 0.5)), 1.1, under)
    mouth = shape.mouth_y
    if traits.beard in {Beard.MOUSTACHE, Beard.GOATEE, Beard.FULL}:
        hair, down = palette.hair.mix(INK, 0.08), mouth - FaceShape().mouth_y
        pen.curve(shifted(shapes.MOUSTACHE, down), hair)
        if traits.beard is Beard.GOATEE:
            pen.curve(shifted(shapes.GOATEE, down), hair)
    _paint_mouth(pen, traits, shape, palette)


def _paint_mouth(pen: _Pen, traits: Traits, shape: FaceShape, palette: Palette) -> None:
    """Closed lips at rest, which neither smile nor sulk: nobody knows which the person does."""
    mouth, reach = shape.mouth_y, shape.mouth_x
    full = (0.85 if traits.broad else 1.1) * min(0.55 + reach / 13, 1.0)  # a narrow mouth is not pursed
    if traits.beard is Beard.FULL:
        upper, lower, between = palette.shade, palette.face, palette.line
    else:
        upper, lower = palette.shade.mix(palette.line, 0.44), palette.shade.mix(palette.line, 0.27)
        between = palette.line.mix(palette.face, 0.12)
    left, right = (50 - reach, mouth - 0.4), (50 + reach, mouth - 0.4)
    line = (left, (50 - reach * 0.5, mouth + 0.4), (50 + reach * 0.5, mouth + 0.4), right)
    bow = ((50 + reach * 0.6, mouth - 1.2 * full), (50 + 2.2, mouth - 2.6 * full), (50, mouth - 1.6 * full),
           (50 - 2.2, mouth - 2.6 * full), (50 - reach * 0.6, mouth - 1.2 * full), left)  # fmt: skip
    under = ((50 + reach * 0.55, mouth + 3.7 * full), (50 - reach * 0.55, mouth + 3.7 * full), left)
    pen.curve((*line, *under), lower)
    pen.curve((*line, *bow), upper)
    pen.stroke(line, 0.9, between)


def _paint_glasses(pen: _Pen, shape: FaceShape, palette: Palette) -> None:
    half = min(7.0, shape.eye_x - 1.0)
    for side in (-1, 1):
        x = 50 + side * (shape.eye_x + 0.3)
        pen.frame(x, EYES_Y + 0.4, half, 5.6, r=4.2, stroke=1.5, color=palette.line)
        end = 50 + side * 18
        arm = ((x + side * half, -1.2), (end - side, -1.4), (end, -1.4), (end, -1.2))
        pen.stroke(tuple((at, EYES_Y + dy) for at, dy in arm), 1.2, palette.line)
    gap = shape.eye_x + 0.3 - half
    pen.stroke(((50 - gap, EYES_Y - 0.6), (50 - gap / 2, EYES_Y - 1.6), (50 + gap / 2, EYES_Y - 1.6),
                (50 + gap, EYES_Y - 0.6)), 1.3, palette.line)  # fmt: skip
