"""Points and rectangles of a card, in its own pixels: x to the right, y down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the canvas."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Rect:
    """An axis-parallel rectangle in whole pixels; `right` and `bottom` lie outside it."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def center(self) -> Point:
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    def inset(self, by: int) -> Rect:
        """Shrink by `by` pixels on every side."""
        return Rect(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)

    def contains(self, other: Rect) -> bool:
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom

    def overlaps(self, other: Rect) -> bool:
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


def row(rect: Rect, *, count: int, gap: int) -> tuple[Rect, ...]:
    """Split a rectangle into `count` columns with a gap between them; what is left over goes to the last one."""
    width = (rect.width - gap * (count - 1)) // count
    columns = [Rect(rect.x + i * (width + gap), rect.y, width, rect.height) for i in range(count)]
    last = columns[-1]
    columns[-1] = Rect(last.x, last.y, rect.right - last.x, last.height)
    return tuple(columns)
