"""The values that pass between the stages: boxes, points, faces. No engines, no files, no wording.

Every coordinate is a pixel of the decoded working image (after EXIF orientation), x to the right, y down, unless a
name says otherwise. Five points come in the order: the eye on the left of the picture, the eye on the right, nose tip,
the mouth corner on the left, the one on the right, for a face that stands upright.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Rgb8 = NDArray[np.uint8]  # (H, W, 3), RGB
FloatArray = NDArray[np.float32]
Nchw = NDArray[np.float32]  # (B, 3, H, W), as a network takes it
Points5 = NDArray[np.float32]  # (5, 2)
Vector = NDArray[np.float32]  # (D,), unit length


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPhoto:
    """The working picture, turned as its EXIF says, and how many pixels of the stored photo one of its own covers."""

    image: Rgb8
    scale: float = 1.0
    taken_ms: float = 0.0  # what decoding took, where it was done elsewhere


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-parallel rectangle; x1 and y1 lie outside it, so width is x1 - x0."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def smaller_side(self) -> float:
        return min(self.width, self.height)

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def center(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2


@dataclass(frozen=True, slots=True)
class Detection:
    """One box the detector is `score` (0..1) sure of, and where it sees the five points, if it says so."""

    box: Box
    score: float
    points: Points5 | None = field(default=None, compare=False, repr=False)  # arrays have no single "equal"


class RefusalCode(StrEnum):
    """Why a face that was found can't be used."""

    TOO_SMALL = "too_small"  # eye distance or box below the limit, px
    BLURRED = "blurred"  # sharpness below the limit
    TURNED_AWAY = "turned_away"  # |yaw| above the limit, degrees
    TOO_DARK = "too_dark"  # mean luma below the limit, 0..255
    TOO_BRIGHT = "too_bright"  # mean luma above the limit, 0..255
    POINTS_UNSURE = "points_unsure"  # the aligner does not trust its own points
    DEGENERATE = "degenerate"  # points without spread, or a zero vector


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was measured and where the limit lies, in the code's own unit."""

    code: RefusalCode
    value: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What can be said of a face's picture before anything is said of its likeness."""

    score: float  # detector confidence, 0..1
    size_px: float  # smaller side of the box
    eye_distance_px: float
    sharpness: float  # percent, see pipeline.quality.sharpness: about 100 for a good picture, 10 when quite blurred
    light: float  # mean luma of the aligned crop, 0..255
    yaw_deg: float  # from the points; positive: the face looks to the right of the picture
    roll_deg: float  # angle of the eye line; positive: clockwise as seen
    points_error: float  # the aligner's own estimate of its mean error, as a share of the eye distance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedding:
    """A unit vector and the network that made it; vectors of two networks never meet."""

    vector: Vector = field(repr=False)
    model: str  # SHA-256 of the embedder's file


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """One face of a photo. `embedding` is None exactly when `refusal` says why."""

    box: Box
    points: Points5 = field(repr=False)
    quality: Quality
    crop: Rgb8 = field(repr=False)  # (112, 112, 3), aligned onto the ArcFace template
    refusal: Refusal | None
    embedding: Embedding | None = field(repr=False)

    @property
    def usable(self) -> bool:
        return self.embedding is not None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhotoFaces:
    """Everything found in one photo, largest face first, unusable ones among them."""

    image: Rgb8 = field(repr=False)  # the working photo, the frame of every coordinate below
    faces: tuple[Face, ...]
    left_out: int = (
        0  # further faces, smaller than these, that were detected for sure but lie beyond the limit of faces
    )
    scale: float = 1.0  # pixels of the photo as sent (EXIF orientation applied) that one of `image` covers
    quarter_turns: int = 0  # clockwise turns of `image` under which the faces were found; coordinates are turned back
    timing_ms: dict[str, float] = field(default_factory=dict)  # stage -> milliseconds

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        found = f"{len(self.faces)} face{'' if len(self.faces) == 1 else 's'}"
        return f"<PhotoFaces: {width} x {height} px, {found}, {len(self.usable)} usable>"

    @property
    def usable(self) -> tuple[Face, ...]:
        return tuple(face for face in self.faces if face.usable)

    def box_as_sent(self, box: Box) -> Box:
        """Carry a box of `image` into the pixels of the photo as sent, EXIF orientation applied."""
        return Box(box.x0 * self.scale, box.y0 * self.scale, box.x1 * self.scale, box.y1 * self.scale)

    def points_as_sent(self, points: FloatArray) -> FloatArray:
        """Carry points (N, 2) of `image` likewise; whole numbers are pixel centres in both."""
        return np.asarray((points + 0.5) * self.scale - 0.5, np.float32)

    def refusal_as_sent(self, refusal: Refusal) -> Refusal:
        """Carry the value and limit of a refusal likewise, where they are pixels."""
        if refusal.code is not RefusalCode.TOO_SMALL:
            return refusal
        return replace(refusal, value=refusal.value * self.scale, limit=refusal.limit * self.scale)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Why faces can't be used, largest face first, in pixels of the photo as sent."""
        return tuple(self.refusal_as_sent(face.refusal) for face in self.faces if face.refusal is not None)
