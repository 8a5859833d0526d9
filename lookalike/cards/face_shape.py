"""Where a drawn face has its eyes, nose and mouth: a person's own mean landmarks, as a caricaturist would take them.

A build keeps the mean shape of a person's five points. Between people they differ by a few hundredths of the face's
width, which nobody sees on a tile: the difference from everybody's mean is drawn EXAGGERATION times as large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

UNITS: Final = 10.2  # of the drawing, 100 units high, a unit of index.shape: half of 16 units lies between the eyes
EXAGGERATION: Final = 3.8
EYES_Y: Final = 46.2  # units; the middle of the eyes stays here, so that all faces have one eye line
# The mean of 9,324 people in units of index.shape: half of the eyes' distance, eyes to nose, eyes to mouth, half the
# mouth's width.
MEAN: Final = (0.784, 0.954, 1.665, 0.658)
LIMITS: Final = (2.6, 5.4, 4.3, 3.4)  # units that a part may leave its mean place


@dataclass(frozen=True, slots=True)
class FaceShape:
    """Half distances and heights, in units of the drawing; the face is drawn symmetric."""

    eye_x: float = MEAN[0] * UNITS  # from the middle line to an eye
    nose_y: float = EYES_Y + MEAN[1] * UNITS
    mouth_y: float = EYES_Y + MEAN[2] * UNITS
    mouth_x: float = MEAN[3] * UNITS  # from the middle line to a corner of the mouth

    @property
    def drop(self) -> float:
        """How far chin and jaw lie below those of the mean face."""
        return self.mouth_y - FaceShape().mouth_y

    def parts(self) -> tuple[tuple[float, float], ...]:
        """The five points in units: eyes, nose, mouth corners, left to right as seen."""
        return (
            (50 - self.eye_x, EYES_Y), (50 + self.eye_x, EYES_Y), (50, self.nose_y),
            (50 - self.mouth_x, self.mouth_y), (50 + self.mouth_x, self.mouth_y),
        )  # fmt: skip


def shape_of(mean_shape: Sequence[float] | None) -> FaceShape:
    """The shape to draw for x and y of a person's mean shape (index.shape); the mean face where none was kept.

    A turned head moves the nose and shortens one side; the mean of both sides takes most of that out.
    """
    if mean_shape is None:
        return FaceShape()
    lx, ly, rx, ry, _, ny, mlx, mly, mrx, mry = mean_shape
    eyes = (ly + ry) / 2
    measured = ((rx - lx) / 2, ny - eyes, (mly + mry) / 2 - eyes, (mrx - mlx) / 2)
    eye_x, nose, mouth_y, mouth_x = (
        min(max((value - mean) * UNITS * EXAGGERATION, -limit), limit)
        for value, mean, limit in zip(measured, MEAN, LIMITS, strict=True)
    )
    plain = FaceShape()
    mouth = plain.mouth_y + mouth_y
    return FaceShape(
        eye_x=plain.eye_x + eye_x,
        nose_y=min(plain.nose_y + nose, mouth - 3.6),  # above the mouth, whatever the pictures say
        mouth_y=mouth,
        mouth_x=plain.mouth_x + mouth_x,
    )
