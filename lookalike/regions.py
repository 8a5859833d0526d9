"""Which part of a face carries a likeness: each of six is covered in turn, and the face embedded again.

What a likeness loses when a part is covered, that part carries. The eyes carry most of nearly every likeness: a part is
named only where it carries far more than it does for strangers and the people nearest to them (USUAL). A cover is
itself something to see, so each part is covered in two ways; nothing is said unless both agree. NumPy and pixels; no
wording.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
MIN_LOSS: Final = 0.03  # of cosine, for a part to be named at all
# Deviations above the usual share, by each way, for a part to be named: from here on a third way to cover agrees no
# better with what is named, and fewer are told anything (held-out people, `lookalike evaluate regions`).
UNUSUAL: Final = 1.0
SECOND: Final = 0.7  # of the first part's deviations, for a second part to be named beside it
# Rectangles on the ArcFace crop: x0, y0, x1, y1 in its pixels. The names are keys; what is said stands in verdicts.
REGIONS: Final[dict[str, tuple[tuple[int, int, int, int], ...]]] = {
    "forehead": ((8, 0, 104, 36),),
    "eyes": ((14, 38, 98, 62),),
    "nose": ((42, 60, 70, 82),),
    "cheeks": ((4, 62, 40, 90), (72, 62, 108, 90)),
    "mouth": ((34, 82, 78, 102),),
    "chin": ((16, 102, 96, 112),),
}
# Mean and deviation of each part's share of all that the six lose, by the two ways, as `lookalike evaluate regions`
# prints them: half of the held-out people of train, each with whom a card shows first.
USUAL: Final[dict[str, tuple[tuple[float, float], tuple[float, float]]]] = {
    "forehead": ((0.136, 0.120), (0.140, 0.133)),
    "eyes": ((0.414, 0.179), (0.367, 0.189)),
    "nose": ((0.179, 0.129), (0.197, 0.127)),
    "cheeks": ((0.106, 0.091), (0.110, 0.103)),
    "mouth": ((0.115, 0.101), (0.128, 0.108)),
    "chin": ((0.050, 0.056), (0.058, 0.066)),
}


Way = Callable[[Rgb8], NDArray[np.float32]]  # a crop -> what covers it


def _blurred(crop: Rgb8) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), BLUR_PX), np.float32)


def _levelled(crop: Rgb8) -> NDArray[np.float32]:
    return np.broadcast_to(crop.reshape(-1, 3).mean(axis=0), crop.shape).astype(np.float32)


WAYS: Final[tuple[Way, ...]] = (_blurred, _levelled)


class CropEmbedder(Protocol):
    """pipeline.embedder.Embedder, as far as it is needed here."""

    def embed(self, crops: Sequence[Rgb8]) -> Sequence[Embedding | None]: ...


@dataclass(frozen=True, slots=True)
class Carriers:
    """What carries a likeness."""

    losses: dict[str, float]  # by region: mean cosine lost over both ways, 0 at least
    unusual: dict[str, float]  # by region: deviations above the usual share, the lesser of both ways
    named: tuple[str, ...]  # one or two regions that both ways agree on, the first first; empty where they don't


def carriers(crop: Rgb8, person: Vector, embedder: CropEmbedder) -> Carriers | None:
    """Cover and embed. crop: (112, 112, 3), straightened. person: (D,) unit vector. None where a cover blinds the
    network.
    """
    lost = losses(crop, person, embedder)
    if lost is None:
        return None
    names = tuple(REGIONS)
    return Carriers(
        losses=dict(zip(names, lost.mean(axis=0).tolist(), strict=True)),
        unusual=dict(zip(names, unusual(lost).min(axis=0).tolist(), strict=True)),
        named=agreed(lost),
    )


def losses(
    crop: Rgb8, person: Vector, embedder: CropEmbedder, *, ways: Sequence[Way] = WAYS
) -> NDArray[np.float64] | None:
    """(ways, regions): cosine to the person that each cover takes away, 0 at least."""
    covered = [_covered(crop, name, way) for way in ways for name in REGIONS]
    embedded = embedder.embed([crop, *covered])
    cosines = [None if one is None else float(one.vector @ person) for one in embedded]
    if any(cosine is None for cosine in cosines):
        return None
    known = np.array(cosines, np.float64)
    lost: NDArray[np.float64] = np.maximum(known[0] - known[1:], 0.0).reshape(len(ways), len(REGIONS))
    return lost


def shares(lost: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., ways, regions): each part's share of all that a way takes away; even where it takes nothing."""
    total = lost.sum(axis=-1, keepdims=True)
    even = np.full_like(lost, 1 / lost.shape[-1])
    part: NDArray[np.float64] = np.divide(lost, total, out=even, where=total > 0)
    return part


def unusual(lost: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, regions): how far each part's share lies above the usual one, in deviations. lost: as of `losses`."""
    usual = np.array([USUAL[name] for name in REGIONS])  # (regions, ways, 2)
    return np.asarray((shares(lost) - usual[..., 0].T) / usual[..., 1].T, np.float64)


def agreed(lost: NDArray[np.float64]) -> tuple[str, ...]:
    """The regions to name. lost: (2, regions), cosine that each cover takes away."""
    names = tuple(REGIONS)
    above = unusual(lost)
    order = np.argsort(-above.mean(axis=0), kind="stable").tolist()
    clear = [k for k in order if above[:, k].min() >= UNUSUAL and lost[:, k].min() >= MIN_LOSS]
    first = order[0]
    if first not in clear or (above.argmax(axis=1) != first).any():
        return ()
    second = order[1]
    if second in clear and above[:, second].min() >= SECOND * above[:, first].min():
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


def _covered(crop: Rgb8, name: str, way: Way) -> Rgb8:
    soft = mask(name)[..., None]
    return np.asarray(np.round(crop * (1 - soft) + way(crop) * soft), np.uint8)
