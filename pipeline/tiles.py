"""Where a large photo is looked at a second time, closer: in which parts, at which scale. Numbers only.

A first look at the whole photo leaves faces that are a few pixels wide on its canvas, and boxes that it is not sure of.
Where the photo has more pixels than the canvas, parts of it (tiles) that hold such faces are looked at again, each on a
canvas of its own. The closer look then decides there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.candidates import Candidates, concatenate
from pipeline.types import FloatArray

# A face of the first look calls for a second one from this score on, if it is tiny, or small and not sure. Of 204 train
# scenes held out of training, as large photos, 15 do, no portrait among them.
HINT_SCORE: Final = 0.2
SMALL_PX: Final = 16.0  # larger side on the first canvas, under which faces are missed and points are rough
DOUBT_PX: Final = 32.0  # likewise, under which a closer look settles doubt; larger faces have pixels enough
AIM_PX: Final = 40.0  # larger side on a tile's canvas that small faces are brought to
CLOSER: Final = (1.5, 4.0)  # least and most times that the second look is closer than the first
MOST_TILES: Final = 12  # bounds the time of one photo: each takes as long as a first look at a square photo
OVERLAP_RATIO: Final = 0.2  # of a tile's side that neighbours share: a face at the edge of one lies inside the other
HELD_RATIO: Final = 0.05  # of a tile's side: rough boxes nearer to its edge may be cut there
LARGE_RATIO: Final = 0.5  # of a tile's side: larger faces are left to the first look


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the photo, whole pixels."""

    x0: int
    y0: int
    x1: int
    y1: int


def tiles_for(found: Candidates, *, width: int, height: int, side_px: int, scale: float, sure: float) -> list[Tile]:
    """Choose the tiles of a photo of width x height, those with the most small or doubtful boxes first.

    found: the first look's boxes in the photo's pixels, from HINT_SCORE on, one a face. side_px: longer side of a
    tile's canvas. scale: pixels of the first canvas a pixel of the photo.
    Nothing where the photo has no pixels to spare or no box needs them.
    """
    if scale * CLOSER[0] > 1.0:
        return []
    sides = found.larger_sides
    wanted = (found.scores >= HINT_SCORE) & (
        (sides * scale < SMALL_PX) | ((found.scores < sure) & (sides * scale < DOUBT_PX))
    )
    if not wanted.any():
        return []
    small = float(np.quantile(sides[wanted], 0.25))
    closer = min(1.0, scale * float(np.clip(AIM_PX / max(small * scale, 1.0), *CLOSER)))
    while True:
        tiles = _holding(found.boxes[wanted], _grid(width, height, edge=side_px / closer), width, height)
        if len(tiles) <= MOST_TILES or closer <= scale * CLOSER[0]:
            return tiles[:MOST_TILES]
        closer *= 0.85


def joined(first: Candidates, closer: Sequence[tuple[Tile, Candidates]], *, width: int, height: int) -> Candidates:
    """Join the first look with the closer ones, all in the photo's pixels: inside of a tile the closer look decides.

    Boxes cut by a tile's edge inside of the photo, and first boxes too large for the tiles, are left to the others.
    """
    kept = np.ones(len(first.scores), np.bool_)
    parts = []
    for tile, found in closer:
        edge = max(tile.x1 - tile.x0, tile.y1 - tile.y0)
        kept &= ~(_inside(first.boxes, tile, width, height) & (first.larger_sides <= LARGE_RATIO * edge))
        parts.append(found.where(_inside(found.boxes, tile, width, height)))
    return concatenate([first.where(kept), *parts])


def _grid(width: int, height: int, *, edge: float) -> list[Tile]:
    """Square tiles of `edge` (smaller where the photo is) over the whole photo, evenly spread."""
    columns, rows = (_spread(side, round(edge)) for side in (width, height))
    return [Tile(x0, y0, x1, y1) for y0, y1 in rows for x0, x1 in columns]


def _spread(side: int, edge: int) -> list[tuple[int, int]]:
    if side <= edge:
        return [(0, side)]
    count = 1 + int(np.ceil((side - edge) / (edge * (1.0 - OVERLAP_RATIO))))
    starts = np.linspace(0, side - edge, count).round().astype(int)
    return [(int(start), int(start) + edge) for start in starts]


def _holding(boxes: FloatArray, grid: Sequence[Tile], width: int, height: int) -> list[Tile]:
    """Few tiles that hold all boxes (N, 4) together, each time the one that holds most of what is left."""
    inset = HELD_RATIO * max(grid[0].x1 - grid[0].x0, grid[0].y1 - grid[0].y0)
    held = np.stack([_inside(boxes, tile, width, height, inset_px=inset) for tile in grid])  # (T, N)
    chosen: list[Tile] = []
    while held.any():
        best = int(held.sum(axis=1).argmax())
        chosen.append(grid[best])
        held &= ~held[best]
    return chosen


def _inside(boxes: FloatArray, tile: Tile, width: int, height: int, *, inset_px: float = 1.0) -> NDArray[np.bool_]:
    """Which boxes (M, 4) lie in the tile and stay inset_px away from its edges, the photo's own edges aside."""
    low = np.array([tile.x0 + inset_px if tile.x0 > 0 else -np.inf, tile.y0 + inset_px if tile.y0 > 0 else -np.inf])
    high = np.array(
        [tile.x1 - inset_px if tile.x1 < width else np.inf, tile.y1 - inset_px if tile.y1 < height else np.inf]
    )
    return np.asarray((boxes[:, :2] >= low).all(axis=1) & (boxes[:, 2:] <= high).all(axis=1))
