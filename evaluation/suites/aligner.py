"""The aligner in depth: error by yaw, cumulative curve, whether its own doubt can be believed. One JSON document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.detections import BoxFinder, PointFinder, box_round, matching_face
from evaluation.datasets.pack import LANDMARK_SETS, REFERENCE_SET, PointsPicture, read_celeba, read_picture
from evaluation.documents.base import document_of
from evaluation.documents.in_depth import AlignerPart
from evaluation.metrics.bootstrap import RESAMPLES
from evaluation.metrics.landmarks import normalised_errors, summarise
from pipeline.quality import yaw_deg

YAW_DEG: Final = ((0.0, 15.0), (15.0, 30.0), (30.0, 45.0), (45.0, 90.1))  # of the true points, either side
CURVE_LIMITS: Final = tuple(float(limit) for limit in np.linspace(0.0, 0.15, 61))
DOUBT_SHARES: Final = (0.0, 0.25, 0.5, 0.75, 0.9, 0.97, 1.0)  # quantiles of the expected error that make its bins
SHEET_FACES: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundPoints:
    """The faces of one set with what was found, box by the detector; a missed face is NaN throughout."""

    pictures: tuple[PointsPicture, ...]
    points: NDArray[np.float64]  # (N, 5, 2), pixels of each picture
    expected: NDArray[np.float64]  # (N,) the network's own estimate of its error, share of the eye distance

    @property
    def truth(self) -> NDArray[np.float64]:
        return np.stack([np.asarray(picture.points, np.float64) for picture in self.pictures])

    @property
    def errors(self) -> NDArray[np.float64]:
        return normalised_errors(self.points, self.truth)


def celeba_pictures(root: Path) -> list[PointsPicture]:
    """CelebA's val pictures with the reference network's points and about the box that a detector draws."""
    return [
        PointsPicture(file=one.file, set_name=REFERENCE_SET, box=box_round(one.points), points=one.points)
        for one in read_celeba(root)
        if one.split == "val" and one.source == "aligned"
    ]


def find_points(
    pictures: Sequence[PointsPicture],
    detector: BoxFinder,
    aligner: PointFinder,
    *,
    advance: Callable[[int], None] = lambda _done: None,
) -> FoundPoints:
    """Detect and align every face as the product does."""
    points = np.full((len(pictures), 5, 2), np.nan)
    expected = np.full(len(pictures), np.nan)
    for row, picture in enumerate(pictures):
        image = read_picture(picture.file)
        face = matching_face(detector.detect(image), picture.box)
        if face is not None:
            (found,) = aligner.find(image, [face])
            points[row], expected[row] = found.points, found.error
        advance(1)
    return FoundPoints(pictures=tuple(pictures), points=points, expected=expected)


def measure(found: FoundPoints, *, resamples: int = RESAMPLES) -> AlignerPart:
    """Measure the faces of all sets."""
    names = np.array([picture.set_name for picture in found.pictures])
    errors = found.errors
    by_humans = names != REFERENCE_SET
    yaw = np.abs([yaw_deg(picture.points) for picture in found.pictures])
    sets: dict[str, Any] = {}
    for name in [one for one in (*LANDMARK_SETS, REFERENCE_SET) if one in set(names.tolist())]:
        mine = names == name
        sets[name] = {
            "all": summarise(errors[mine], resamples=resamples),
            "curve": cumulative(errors[mine]),
            "by_yaw": {
                f"{low:.0f} to {min(high, 90):.0f}": summarise(errors[inside], resamples=resamples)
                for low, high in YAW_DEG
                if (inside := mine & (yaw >= low) & (yaw < high)).any()
            },
        }
    document = {
        "limits": CURVE_LIMITS,
        "sets": sets,
        "doubt": doubt(errors[by_humans], found.expected[by_humans]),
        "sheet": _sheet(found, names, errors),
    }
    return document_of(AlignerPart, document)


def cumulative(errors: NDArray[np.floating]) -> list[float]:
    """The share of faces with at most each of CURVE_LIMITS; missed ones (NaN) never arrive."""
    worst = np.where(np.isfinite(errors), errors, np.inf)
    return [float((worst <= limit).mean()) for limit in CURVE_LIMITS]


def doubt(errors: NDArray[np.floating], expected: NDArray[np.floating]) -> dict[str, Any]:
    """What the network expects against what came: mean error by bins of the expected one, and the rank correlation."""
    known = np.isfinite(errors) & np.isfinite(expected)
    real, said = np.asarray(errors)[known], np.asarray(expected)[known]
    if len(real) < len(DOUBT_SHARES):
        return {"faces": len(real), "rank_correlation": float("nan"), "bins": []}
    edges = np.quantile(said, DOUBT_SHARES)
    at = np.clip(np.searchsorted(edges, said, side="right") - 1, 0, len(edges) - 2)
    correlation = float("nan")
    if np.ptp(said) > 0 and np.ptp(real) > 0:
        correlation = float(np.corrcoef(_ranked(real), _ranked(said))[0, 1])
    return {
        "faces": len(real),
        "rank_correlation": correlation,
        "bins": [
            {
                "faces": int((at == k).sum()),
                "expected": float(said[at == k].mean()),
                "came": float(real[at == k].mean()),
                "over_10": float((real[at == k] > 0.10).mean()),
            }
            for k in range(len(edges) - 1)
            if (at == k).any()
        ],
    }


def _ranked(values: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.float64)


def _sheet(found: FoundPoints, names: NDArray[np.str_], errors: NDArray[np.floating]) -> list[dict[str, Any]]:
    """Some faces of each set from the best to the worst found: true and found points in the box's frame, 0..1."""
    faces = []
    sets = [name for name in LANDMARK_SETS if (names == name).any()]
    for name in sets:
        rows = np.flatnonzero((names == name) & np.isfinite(errors))
        order = rows[np.argsort(errors[rows], kind="stable")]
        take = min(len(order), SHEET_FACES // len(sets))
        for row in order[np.linspace(0, len(order) - 1, take).round().astype(int)] if take else ():
            box = found.pictures[row].box
            frame = np.array([box.x0, box.y0]), max(box.width, box.height)
            faces.append(
                {
                    "set": name,
                    "error": float(errors[row]),
                    "true": (found.truth[row] - frame[0]) / frame[1],
                    "found": (found.points[row] - frame[0]) / frame[1],
                }
            )
    return faces
