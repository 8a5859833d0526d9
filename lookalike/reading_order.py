"""The order in which the faces of a photo are numbered: row by row, from left to right, as one reads. Boxes only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pipeline.types import Face, PhotoFaces

FIRST: Final = 20  # the largest faces of a crowd; they have the first numbers, since only they may get a button
ROW_SHARE: Final = 0.7  # of the faces' mean size: who lies no further above or below a row's middle stands in it


def in_reading_order(photo: PhotoFaces) -> PhotoFaces:
    """The same photo with its usable faces as one reads them, then the refused ones, the largest first.

    In a crowd the FIRST largest faces come before all others, both parts in reading order.
    """
    usable = photo.usable  # the largest first
    ordered = (*_read(usable[:FIRST]), *_read(usable[FIRST:]))
    return replace(photo, faces=(*ordered, *(face for face in photo.faces if not face.usable)))


def _read(faces: Sequence[Face]) -> list[Face]:
    """Row by row."""
    rows: list[list[Face]] = []
    for face in sorted(faces, key=_middle_y):
        near = [row for row in rows if _beside(row, face)]
        if near:
            near[-1].append(face)
        else:
            rows.append([face])
    rows.sort(key=lambda row: sum(map(_middle_y, row)) / len(row))
    return [face for row in rows for face in sorted(row, key=lambda face: face.box.x0 + face.box.x1)]


def _beside(row: Sequence[Face], face: Face) -> bool:
    """Whether a face stands about as high as those of a row."""
    heights = [one.box.y1 - one.box.y0 for one in (*row, face)]
    level = sum(map(_middle_y, row)) / len(row)
    return abs(_middle_y(face) - level) <= ROW_SHARE * sum(heights) / len(heights)


def _middle_y(face: Face) -> float:
    return (face.box.y0 + face.box.y1) / 2
