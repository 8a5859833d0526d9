"""Placed items -> picture -> bytes. Pillow only; no faces, no wording, no global state."""

from __future__ import annotations

import io
import math
from functools import lru_cache
from typing import Final, Literal, assert_never

from PIL import Image, ImageDraw, ImageFilter

from lookalike.cards.fontfiles import Weight, load
from lookalike.cards.placed import Canvas, Drawn, Line, Outline, Panel, Picture, Placed, Ring, Text
from lookalike.cards.portrait_paint import paint_portrait
from lookalike.cards.runs import draw
from lookalike.cards.theme import Color

SUPERSAMPLE: Final = 4  # masks are drawn this much larger and averaged down: smooth corners
CAP_SHARE: Final = 0.727  # height of Inter's capitals over its size: text is centred by them
JPEG_QUALITY: Final = 92

FileFormat = Literal["JPEG", "PNG"]


def paint(canvas: Canvas) -> Image.Image:
    """Paint every item in order onto a new picture, RGB."""
    image = Image.new("RGB", (canvas.width, canvas.height), canvas.background.rgb)
    for item in canvas.items:
        _paint_onto(image, item)
    return image


def encode(image: Image.Image, file_format: FileFormat = "JPEG") -> bytes:
    """The bytes of a file. JPEG is without colour subsampling, which would smear coloured text; a card has some 400 kB.

    PNG is exact and several times as large, more than a messenger likes.
    """
    buffer = io.BytesIO()
    match file_format:
        case "JPEG":
            image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=False)
        case "PNG":
            image.save(buffer, "PNG")
        case _:
            assert_never(file_format)
    return buffer.getvalue()


def _paint_onto(image: Image.Image, item: Placed) -> None:
    """Paint one item, in place."""
    match item:
        case Panel():
            _panel(image, item)
        case Picture():
            photo = Image.fromarray(item.image)
            # A photo without round corners is pasted whole: its mask would be large and never used again.
            mask = _round_mask(photo.width, photo.height, item.radius) if item.radius else None
            image.paste(photo, (item.rect.x, item.rect.y), mask)
        case Drawn():
            drawn = paint_portrait(item.portrait, item.rect.width, item.rect.height, zoom=item.zoom)
            image.paste(drawn, (item.rect.x, item.rect.y), _round_mask(drawn.width, drawn.height, item.radius))
        case Text():
            _text(image, item)
        case Ring():
            ring = _ring_mask(item.rect.width, item.stroke_px, item.share)
            image.paste(item.color.rgb, (item.rect.x, item.rect.y), ring)
        case Outline():
            _outline(image, item)
        case Line():
            _line(image, item)
        case _:
            assert_never(item)


def _panel(image: Image.Image, item: Panel) -> None:
    rect = item.rect
    if item.shadow:
        spread = 24
        shade = _shadow_mask(rect.width, rect.height, item.radius, spread)
        image.paste(Color(60, 50, 40).rgb, (rect.x - spread, rect.y - spread + 6), shade)
    image.paste(item.fill.rgb, (rect.x, rect.y), _round_mask(rect.width, rect.height, item.radius))


@lru_cache(maxsize=64)
def _corner(radius: int) -> Image.Image:
    """The upper left corner of a round mask, radius x radius."""
    size = radius * SUPERSAMPLE
    large = Image.new("L", (size, size), 0)
    ImageDraw.Draw(large).ellipse((0, 0, 2 * size - 1, 2 * size - 1), fill=255)
    return large.reduce(SUPERSAMPLE)


@lru_cache(maxsize=24)
def _round_mask(width: int, height: int, radius: int) -> Image.Image:
    mask = Image.new("L", (width, height), 255)
    radius = min(radius, width // 2, height // 2)
    if radius == 0:
        return mask
    corner = _corner(radius)
    flip, turn = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM
    mask.paste(corner, (0, 0))
    mask.paste(corner.transpose(flip), (width - radius, 0))
    mask.paste(corner.transpose(turn), (0, height - radius))
    mask.paste(corner.transpose(flip).transpose(turn), (width - radius, height - radius))
    return mask


@lru_cache(maxsize=8)
def _shadow_mask(width: int, height: int, radius: int, spread: int) -> Image.Image:
    mask = Image.new("L", (width + 2 * spread, height + 2 * spread), 0)
    mask.paste(_round_mask(width, height, radius), (spread, spread))
    return mask.filter(ImageFilter.GaussianBlur(spread / 2.2)).point(lambda value: value * 0.13)


@lru_cache(maxsize=32)
def _ring_mask(size: int, stroke: int, share: float) -> Image.Image:
    large = Image.new("L", (size * SUPERSAMPLE, size * SUPERSAMPLE), 0)
    edge = size * SUPERSAMPLE - 1
    pen = ImageDraw.Draw(large)
    pen.arc((0, 0, edge, edge), -90, -90 + 360 * share, fill=255, width=stroke * SUPERSAMPLE)
    if 0 < share < 1:  # round ends
        r = stroke * SUPERSAMPLE / 2
        for turn in (0.0, share):
            angle = math.tau * turn - math.pi / 2
            x, y = edge / 2 + (edge / 2 - r) * math.cos(angle), edge / 2 + (edge / 2 - r) * math.sin(angle)
            pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return large.reduce(SUPERSAMPLE)


def _text(image: Image.Image, item: Text) -> None:
    pen = ImageDraw.Draw(image)
    if item.font.weight is Weight.SYMBOLS:  # centred by its ink: the glyphs of this font sit unevenly
        font = load(item.font.weight, item.font.size_px)
        x0, y0, x1, y1 = font.getbbox(item.text)
        center = item.rect.center
        pen.text((center.x - (x0 + x1) / 2, center.y - (y0 + y1) / 2), item.text, font=font, fill=item.color.rgb)
        return
    baseline = item.rect.y + round((item.rect.height + CAP_SHARE * item.font.size_px) / 2)
    draw(
        pen,
        (item.rect.x, baseline),
        item.text,
        weight=item.font.weight,
        size_px=item.font.size_px,
        fill=item.color.rgb,
    )


def _outline(image: Image.Image, item: Outline) -> None:
    rect = item.rect
    finer = SUPERSAMPLE if max(rect.width, rect.height) < 400 else 2  # a large mask costs memory and gains nothing
    size = (rect.width * finer, rect.height * finer)
    mask = Image.new("L", size, 0)
    pen = ImageDraw.Draw(mask)
    stroke = item.stroke_px * finer
    bounds = (0, 0, size[0] - 1, size[1] - 1)
    pen.rounded_rectangle(bounds, radius=item.radius * finer, outline=255, width=stroke)
    if item.dash_px:
        period = 2 * item.dash_px * finer
        for start in range(period // 2, max(size), period):  # cut gaps out of both directions
            pen.rectangle((start, 0, start + period // 2, stroke), fill=0)
            pen.rectangle((start, size[1] - stroke - 1, start + period // 2, size[1]), fill=0)
            pen.rectangle((0, start, stroke, start + period // 2), fill=0)
            pen.rectangle((size[0] - stroke - 1, start, size[0], start + period // 2), fill=0)
    image.paste(item.color.rgb, (rect.x, rect.y), mask.reduce(finer))


def _line(image: Image.Image, item: Line) -> None:
    x0, y0 = min(item.start.x, item.end.x), min(item.start.y, item.end.y)
    pad = item.stroke_px
    left, top = math.floor(x0) - pad, math.floor(y0) - pad
    width = math.ceil(abs(item.end.x - item.start.x)) + 2 * pad + 1
    height = math.ceil(abs(item.end.y - item.start.y)) + 2 * pad + 1
    mask = Image.new("L", (width * SUPERSAMPLE, height * SUPERSAMPLE), 0)
    ends = [((p.x - left) * SUPERSAMPLE, (p.y - top) * SUPERSAMPLE) for p in (item.start, item.end)]
    ImageDraw.Draw(mask).line(ends, fill=255, width=item.stroke_px * SUPERSAMPLE)
    image.paste(item.color.rgb, (left, top), mask.reduce(SUPERSAMPLE))
