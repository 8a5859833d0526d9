"""Which part of a face carries a likeness: each of six is covered in turn, and the face embedded again.

What a likeness loses when a part is covered, that part carries. A cover is itself something to see, so each part is
covered in two ways; nothing is said unless both agree. NumPy and pixels; no wording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.similarity import CROP_SIDE_PX
from pipeline.types import Embedding, Rgb8, Vector

BLUR_PX: Final = 9.0  # sigma of the first way; the second fills with the crop's mean colour
FEATHER_PX: Final = 2.5
MIN_LOSS: Final = 0.05  # of cosine, for a part to be named at all
MIN_SHARE: Final = 0.24  # of all that the six lose: even shares are 0.17 each
SECOND_SHARE: Final = 0.7  # of the first part's loss, for a second part to be named beside it
# Rectangles on the ArcFace crop: x0, y0, x1, y1 in its pixels. The names are keys; what is said stands in verdicts.
REGIONS: Final[dict[str, tuple[tuple[int, int, int, int], ...]]] = {
    "forehead": ((8, 0, 104, 36),),
    "eyes": ((14, 38, 98, 62),),
    "nose": ((42, 60, 70, 82),),
    "cheeks": ((4, 62, 40, 90), (72, 62, 108, 90)),
    "mouth": ((34, 82, 78, 102),),
    "chin": ((16, 102, 96, 112),),
}


class CropEmbedder(Protocol):
    """pipeline.embedder.Embedder, as far as it is needed here."""

    def embed(self, crops: Sequence[Rgb8]) -> Sequence[Embedding | None]: ...


@dataclass(frozen=True, slots=True)
class Carriers:
    """What carries a likeness."""

    losses: dict[str, float]  # by region: mean cosine lost over both ways, 0 at least
    named: tuple[str, ...]  # one or two regions that both ways agree on, the first first; empty where they don't


def carriers(crop: Rgb8, person: Vector, embedder: CropEmbedder) -> Carriers | None:
    """Cover and embed. crop: (112, 112, 3), straightened. person: (D,) unit vector. None where a cover blinds the
    network.
    """
    names = list(REGIONS)
    covered = [_covered(crop, name, way) for way in ("blur", "mean") for name in names]
    embedded = embedder.embed([crop, *covered])
    cosines = [None if one is None else float(one.vector @ person) for one in embedded]
    if any(cosine is None for cosine in cosines):
        return None
    known = np.array(cosines, np.float64)
    lost = np.maximum(known[0] - known[1:], 0.0).reshape(2, len(names))
    return Carriers(losses=dict(zip(names, lost.mean(axis=0).tolist(), strict=True)), named=agreed(lost, tuple(names)))


def agreed(lost: NDArray[np.float64], names: tuple[str, ...]) -> tuple[str, ...]:
    """The regions to name. lost: (ways, regions), cosine that each cover takes away."""
    first = int(lost.mean(axis=0).argmax())
    for way in lost:
        if way.argmax() != first or way[first] < MIN_LOSS or way[first] < MIN_SHARE * way.sum():
            return ()
    others = [k for k in np.argsort(-lost.mean(axis=0)).tolist() if k != first]
    second = others[0]
    if all(way[second] >= max(SECOND_SHARE * way[first], MIN_LOSS) for way in lost):
        return names[first], names[second]
    return (names[first],)


@lru_cache(maxsize=16)
def mask(name: str, side_px: int = CROP_SIDE_PX) -> NDArray[np.float32]:
    """(side_px, side_px), 0..1: where a region lies on the straightened face, with soft edges."""
    scale = side_px / CROP_SIDE_PX
    drawn = np.zeros((side_px, side_px), np.float32)
    for x0, y0, x1, y1 in REGIONS[name]:
        drawn[round(y0 * scale) : round(y1 * scale), round(x0 * scale) : round(x1 * scale)] = 1.0
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), FEATHER_PX * scale), np.float32)


def _covered(crop: Rgb8, name: str, way: str) -> Rgb8:
    soft = mask(name)[..., None]
    if way == "blur":
        cover = cv2.GaussianBlur(crop, (0, 0), BLUR_PX).astype(np.float32)
    else:
        cover = np.broadcast_to(crop.reshape(-1, 3).mean(axis=0), crop.shape).astype(np.float32)
    return np.asarray(np.round(crop * (1 - soft) + cover * soft), np.uint8)
