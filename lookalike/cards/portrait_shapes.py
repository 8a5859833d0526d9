"""The outlines of drawn portraits: cubic Beziers in a frame 100 units high with x = 50 in the middle. Numbers only."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from lookalike.cards.face_shape import EYES_Y
from lookalike.cards.portrait import Cut, Portrait, Traits

Curve = tuple[tuple[float, float], ...]  # start, then three points (two handles and an end) a segment

CHEEKS_Y: Final = 50.0  # below it a longer face is stretched
CHIN_Y: Final = 77.0
AIR: Final = 1.6  # units left above a head


def mirrored(right: Curve) -> Curve:
    """A closed outline from its right half, which runs from the middle line to the middle line."""
    return (*right, *((100 - x, y) for x, y in reversed(right[:-1])))


def dropped(curve: Curve, drop: float) -> Curve:
    """The curve of a face whose chin lies `drop` units lower: the more, the nearer a point is to the chin."""
    return tuple((x, y + drop * min(max((y - CHEEKS_Y) / (CHIN_Y - CHEEKS_Y), 0.0), 1.0)) for x, y in curve)


def shifted(curve: Curve, down: float) -> Curve:
    """The curve, moved down."""
    return tuple((x, y + down) for x, y in curve)


@lru_cache(maxsize=512)
def flatten(curve: Curve, steps: int = 14) -> tuple[tuple[float, float], ...]:
    """Points along a chain of cubic Beziers."""
    t = np.linspace(0, 1, steps + 1)[1:, None]
    points = [curve[0]]
    for i in range(0, len(curve) - 1, 3):
        a, b, c, d = (np.asarray(p, dtype=float) for p in curve[i : i + 4])
        along = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
        points += [(float(x), float(y)) for x, y in along]
    return tuple(points)


FACE: Final = mirrored(
    ((50, 21), (62, 21), (68, 31), (67.6, 46), (67.3, 61), (60, 77), (50, 77)),
)  # fmt: skip
FACE_BROAD: Final = mirrored(
    ((50, 21), (62, 21), (68.6, 30), (68.2, 46), (68.2, 65), (61.5, 78.4), (50, 78.4)),
)  # fmt: skip
# Hair behind the head, by curl.
BEHIND_STRAIGHT: Final = mirrored(
    ((50, 13), (69, 13), (75, 29), (74.5, 46), (74.2, 64), (77, 80), (75, 94), (68, 95.5), (58, 94), (50, 94)),
)
BEHIND_WAVY: Final = mirrored(
    ((50, 12), (69, 12), (77, 25), (75.5, 38), (81, 42), (81, 51), (77.5, 55), (83, 60), (83, 70), (78.5, 74),
     (83.5, 79), (82, 91), (74, 93), (66, 95.5), (58, 94), (50, 94)),
)  # fmt: skip
BEHIND_PLAIN: Final = mirrored(
    ((50, 13), (69, 13), (75.5, 29), (75, 46), (75, 58), (77, 68), (73.5, 77), (66, 81), (58, 79), (50, 79)),
)
BEHIND: Final = {Cut.WAVY: BEHIND_WAVY, Cut.STRAIGHT: BEHIND_STRAIGHT, Cut.PLAIN: BEHIND_PLAIN}
# Hair over the forehead of a woman: parted, with bangs, drawn back.
PARTED: Final[Curve] = (
    (30.8, 53), (26.5, 30), (35, 14.5), (50, 14.5), (65, 14.5), (73.5, 30), (69.2, 53),
    (69.2, 43), (63, 33), (45, 26.5), (42, 34), (33, 38), (30.8, 53),
)  # fmt: skip
PARTED_WAVY: Final[Curve] = (
    (30.8, 55), (23, 48), (24.5, 35), (29, 30), (30, 18), (40, 13), (50, 13.5), (62, 12), (72, 20), (71.5, 30),
    (76, 36), (77, 48), (69.2, 55), (70, 46), (66, 42), (64, 36), (58, 36), (50, 31), (47, 25.5),
    (45, 32), (39, 34), (36, 39), (32, 42), (31, 48), (30.8, 55),
)  # fmt: skip
BANGS: Final[Curve] = (
    (30.8, 54), (26.5, 30), (35, 14.5), (50, 14.5), (65, 14.5), (73.5, 30), (69.2, 54),
    (68.6, 47), (68, 42), (66.5, 38.2), (58, 40), (42, 40), (33.5, 38.2),
    (32, 42), (31.4, 47), (30.8, 54),
)  # fmt: skip
DRAWN_BACK: Final[Curve] = (
    (31, 50), (27, 29), (35.5, 14.5), (50, 14.5), (64.5, 14.5), (73, 29), (69, 50),
    (68.6, 40), (64, 25.5), (50, 25), (36, 25.5), (31.4, 40), (31, 50),
)  # fmt: skip
# A man's hair, by curl and hairline.
SHORT: Final[Curve] = (
    (31.8, 46), (27.5, 24), (38, 12.5), (52, 12.5), (66, 12.5), (72.5, 26), (68.2, 46),
    (67.6, 41), (66.8, 36), (64, 32), (56, 30.5), (46, 30), (40, 30.5),
    (36, 31), (33.2, 36), (31.8, 46),
)  # fmt: skip
SHORT_STRAIGHT: Final[Curve] = (
    (31.8, 46), (26.5, 22), (36, 11.5), (50, 11.5), (66, 10.5), (74.5, 25), (68.2, 46),
    (67.4, 41), (66.8, 35), (63, 31), (55, 34), (46, 31), (41, 25),
    (38, 31), (33.5, 34), (31.8, 46),
)  # fmt: skip
SHORT_WAVY: Final[Curve] = (
    (31.8, 46), (25.5, 40), (26, 30), (29.5, 27), (27, 19), (35, 13), (41, 15), (44, 8.5), (55, 8.5), (58, 13.5),
    (65, 11), (73, 18), (70.5, 26), (75, 31), (74.5, 40), (68.2, 46), (67.8, 41), (67, 35), (63, 33),
    (59, 36.5), (54, 36), (51, 31.5), (48, 36), (42, 36.5), (38, 32.5), (35, 33), (33, 38), (31.8, 46),
)  # fmt: skip
SHORT_BANGS: Final[Curve] = (
    (31.8, 46), (27.5, 24), (38, 12.5), (51, 12.5), (66, 12.5), (72.5, 26), (68.2, 46),
    (67.7, 42), (67.1, 39), (65.5, 37), (57, 35), (52, 40), (44, 38),
    (40, 37), (36, 38), (34.5, 38.5), (33, 41), (32.2, 43), (31.8, 46),
)  # fmt: skip
RECEDING: Final[Curve] = (
    (31.8, 47), (28, 27), (37, 15.5), (50, 15.5), (63, 15.5), (72, 27), (68.2, 47),
    (67.5, 40), (66.5, 33), (62, 27), (56, 22.5), (54, 27), (50, 27),
    (46, 27), (44, 22.5), (38, 27), (33.5, 33), (32.5, 40), (31.8, 47),
)  # fmt: skip
RIM: Final[Curve] = (  # the hair that a bald head keeps at its sides
    (31.8, 54), (28.5, 48), (29, 40), (32.2, 37), (33.5, 42), (33, 49), (31.8, 54),
)  # fmt: skip
SIDEBURN: Final[Curve] = (
    (32, 42), (34.8, 43), (35.8, 47), (35.6, 59), (34.6, 60.5), (33, 59), (32.4, 57), (31.6, 52), (31.8, 46), (32, 42),
)  # fmt: skip
HAT_DOME: Final = mirrored(((50, 7.5), (64, 7.5), (69, 15), (70, 31), (63, 33), (57, 33.5), (50, 33.5)))
HAT_BRIM: Final = mirrored(((50, 27.5), (62, 27.5), (74, 28.5), (82, 33), (74, 36.5), (62, 37.5), (50, 37.5)))
BEARD: Final = mirrored(
    (
        (50, 58.6),
        (54, 57.6),
        (58, 60),
        (61.5, 60),
        (66, 59.4),
        (67.6, 53),
        (68.2, 47),
        (70.5, 66),
        (63, 82.5),
        (50, 82.5),
    ),
)
GOATEE: Final = mirrored(((50, 68), (53, 68), (56, 68.4), (57.6, 66.4), (59, 73), (55.5, 81), (50, 81)))
MOUSTACHE: Final = mirrored(((50, 58.8), (54, 57), (58.6, 59.2), (59.8, 63), (56, 63.6), (52, 62.6), (50, 61.4)))
BODY: Final = mirrored(
    ((50, 78), (56, 78), (59, 81), (70, 84), (82, 87), (85, 93), (86, 108), (74, 108), (62, 108), (50, 108))
)
BODY_BROAD: Final = mirrored(
    ((50, 78), (57, 78), (60, 81), (73, 83.5), (87, 86.5), (90.5, 93), (91, 108), (77, 108), (63, 108), (50, 108)),
)
FRONTS: Final = {
    Cut.SHORT: SHORT,
    Cut.SHORT_WAVY: SHORT_WAVY,
    Cut.SHORT_STRAIGHT: SHORT_STRAIGHT,
    Cut.RECEDING: RECEDING,
    Cut.WAVY: PARTED_WAVY,
}


def front_of(traits: Traits) -> Curve:
    """The hair over the forehead of somebody who has some, and no hat."""
    if traits.bangs and traits.cut is not Cut.RECEDING:
        return SHORT_BANGS if traits.broad else BANGS
    return DRAWN_BACK if traits.receding else FRONTS.get(traits.cut, PARTED)


def whole_head_zoom(portrait: Portrait) -> float:
    """The largest zoom round the eyes at which a portrait shows the head up to its top."""
    traits = portrait.traits
    if traits is None:
        return 1.0
    outlines = [HAT_DOME if traits.hat else FACE if traits.cut is Cut.BALD else front_of(traits)]
    outlines += [BEHIND[traits.cut]] if traits.cut in BEHIND else []
    top = min(y for outline in outlines for _, y in flatten(outline))
    return (EYES_Y - AIR) / (EYES_Y - top)
