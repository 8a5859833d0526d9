"""The photo with its faces marked: numbers to choose from, and what was seen but can't be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from lookalike.cards.fontfiles import Weight
from lookalike.cards.geometry import Rect
from lookalike.cards.placed import Canvas, Outline, Panel, Picture, Placed, Text
from lookalike.cards.text import Font
from lookalike.cards.theme import INK, Color, Style
from pipeline.types import Box, Face, FloatArray, PhotoFaces, Rgb8

MAX_SIDE_PX: Final = 1280
MIN_SIDE_PX: Final = 720  # a small photo is enlarged to this, at most four times, so that numbers can be read
MAX_ASPECT: Final = 8.0  # a longer strip gets bars; Telegram takes no photo beyond 20
ACCENT: Final = Color.from_hex("#FFCB3D")
QUIET: Final = Color.from_hex("#E9E9EE")
STROKE_PX: Final = (2, 6)  # round the smallest faces and the largest
AIR_SHARE: Final = 0.06  # of the box's side lies between a face and its line
BADGE_SHARE: Final = 0.36  # of the box's smaller side
BADGE_PX: Final = (38, 72)  # least and largest


def layout(photo: PhotoFaces, *, style: Style, points: Sequence[FloatArray] = ()) -> Canvas:
    """Scale the photo and place its marks: refused faces first, so that numbers lie above them.

    points: (N, 2) arrays of pixels of the photo's working picture, a dot each.
    """
    image, scale = _scaled(photo.image)
    height, width = image.shape[:2]
    canvas_width = max(width, round(height / MAX_ASPECT))
    canvas_height = max(height, round(width / MAX_ASPECT))
    dx, dy = (canvas_width - width) // 2, (canvas_height - height) // 2
    whole = Rect(0, 0, canvas_width, canvas_height)
    items: list[Placed] = [Picture(rect=Rect(dx, dy, width, height), radius=0, image=image)]

    def place(face: Face) -> Rect:
        return _rect(face.box, scale, dx=dx, dy=dy, whole=whole)

    for face in photo.faces:
        if not face.usable:
            items += _outline(place(face), color=QUIET, dashed=True)
    boxes = [place(face) for face in photo.usable]
    for box in sorted(boxes, key=lambda box: box.width * box.height):  # the largest on top
        items += _outline(box, color=ACCENT, dashed=False)
    for x, y in (place for face in points for place in np.nan_to_num(face) * scale):
        dot = Rect(round(float(x)) + dx - 2, round(float(y)) + dy - 2, 5, 5)
        items += [Panel(rect=dot, radius=2, fill=INK), Panel(rect=dot.inset(1), radius=1, fill=ACCENT)]
    taken: list[Rect] = []
    for number, box in enumerate(boxes, start=1):
        plate, marks = _number(number, box, taken, boxes, whole)
        taken.append(plate)
        items += marks
    return Canvas(width=canvas_width, height=canvas_height, background=style.colors.page, items=tuple(items))


def _scaled(image: Rgb8) -> tuple[Rgb8, float]:
    height, width = image.shape[:2]
    longest = max(height, width)
    scale = min(1.0, MAX_SIDE_PX / longest)
    if longest < MIN_SIDE_PX:
        scale = min(4.0, MIN_SIDE_PX / longest)
    if scale == 1.0:
        return image, scale
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=mode), dtype=np.uint8), scale


def _rect(box: Box, scale: float, *, dx: int, dy: int, whole: Rect) -> Rect:
    """A box on the canvas with some air round it, cut at its edges, at least a few pixels large."""
    air = AIR_SHARE * box.smaller_side
    x0 = min(max(round((box.x0 - air) * scale) + dx, 0), whole.right - 8)
    y0 = min(max(round((box.y0 - air) * scale) + dy, 0), whole.bottom - 8)
    x1 = max(min(round((box.x1 + air) * scale) + dx, whole.right), x0 + 8)
    y1 = max(min(round((box.y1 + air) * scale) + dy, whole.bottom), y0 + 8)
    return Rect(x0, y0, x1 - x0, y1 - y0)


def _outline(rect: Rect, *, color: Color, dashed: bool) -> list[Placed]:
    """A bright line with a dark one round it, so that it shows on any photo; thinner round small faces."""
    side = min(rect.width, rect.height)
    thin, thick = STROKE_PX
    stroke = 2 if dashed else min(max(round(side / 24), thin), thick)
    radius = max(4, side // 7)
    dash = max(6, side // 12) if dashed else 0
    return [
        Outline(rect=rect.inset(-1), radius=radius + 1, stroke_px=stroke + 2, color=INK, dash_px=dash),
        Outline(rect=rect, radius=radius, stroke_px=stroke, color=color, dash_px=dash),
    ]


def _number(number: int, box: Rect, taken: list[Rect], boxes: list[Rect], whole: Rect) -> tuple[Rect, list[Placed]]:
    """A round plate at a corner of the box, the first one that hides no other number and as little face as can be."""
    least, largest = BADGE_PX
    side = min(max(round(min(box.width, box.height) * BADGE_SHARE), least), largest)
    font = Font(Weight.BOLD, round(side * (0.62 if number < 10 else 0.54)))
    plate = min(
        (_inside(place, whole) for place in _places(box, side)),
        key=lambda rect: (
            sum(rect.overlaps(other) for other in taken),
            round(sum(_shared(rect, other) for other in boxes if other is not box) / side**2, 1),
        ),
    )
    width = font.width(str(number))
    text = Rect(plate.x + (side - width) // 2, plate.y + (side - font.line_px) // 2, width, font.line_px)
    return plate, [
        Panel(rect=plate, radius=side // 2, fill=INK),
        Panel(rect=plate.inset(2), radius=side // 2, fill=ACCENT),
        Text(rect=text, text=str(number), font=font, color=INK, over=ACCENT),
    ]


def _places(box: Rect, side: int) -> list[Rect]:
    """The corners, the middles of the edges, and places just outside, in order of preference."""
    out, keep = round(side * 0.68), round(side * 0.32)  # a third of the plate lies inside the box
    middle = box.x + (box.width - side) // 2
    return [
        Rect(x, y, side, side)
        for x, y in (
            (box.x - out, box.y - out),
            (box.right - keep, box.y - out),
            (middle, box.y - out - 2),
            (box.x - out, box.bottom - keep),
            (box.right - keep, box.bottom - keep),
            (middle, box.bottom - keep + 2),
            (box.x - out - 2, box.y + (box.height - side) // 2),
            (box.right - keep + 2, box.y + (box.height - side) // 2),
        )
    ]


def _inside(rect: Rect, whole: Rect) -> Rect:
    """Pushed back into the canvas."""
    x = min(max(rect.x, 2), whole.right - rect.width - 2)
    y = min(max(rect.y, 2), whole.bottom - rect.height - 2)
    return Rect(x, y, rect.width, rect.height)


def _shared(a: Rect, b: Rect) -> int:
    """The area two rectangles share."""
    width = min(a.right, b.right) - max(a.x, b.x)
    height = min(a.bottom, b.bottom) - max(a.y, b.y)
    return max(width, 0) * max(height, 0)
