"""Faces without a visible mouth, and blurred ones: how many are read upside down and used, how many are refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from evaluation.datasets import pack
from evaluation.datasets.covered import CoveredFace, covered_faces, evenly
from evaluation.datasets.detections import ImageReader
from evaluation.documents.base import Figure, plain
from evaluation.documents.in_depth import BlurRow, CoveredPart, CoveredRow
from evaluation.metrics.shares import share_figure
from pipeline.quality import roll_deg
from pipeline.types import Face, PhotoFaces, Points5, Rgb8

FACES: Final = {"helen_afw": 170, "mtfl": 240, "ytf68": 120, "celeba": 130, "wild": 130}  # val, of each set
UPSIDE_DOWN_DEG: Final = 90.0  # found eye line against the true one
BLURS: Final = (0.0, 0.03, 0.05, 0.07, 0.10, 0.13, 0.16, 0.20)  # Gaussian's sigma over the eye distance
BLURRED_FACES: Final = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one face. `roll_off`: degrees between found and true eye line, where it was found."""

    kind: str
    found: bool
    refused: str | None  # the code
    roll_off: float

    @property
    def upside_down(self) -> bool:
        """Usable, and read the wrong way up."""
        return self.found and self.refused is None and self.roll_off > UPSIDE_DOWN_DEG


def faces_of(data: Path, *, limit: int | None = None) -> list[CoveredFace]:
    """The test's faces: val pictures with points, whole and spoilt. Raises DataMissing."""
    pictures: list[pack.PointsPicture | pack.FacePicture] = []
    with_points = pack.read_points_pictures(data, split="val")
    aligned = [p for p in pack.read_celeba(data) if p.split == "val" and p.source == "aligned"]
    wild = [p for p in pack.read_wild(data) if p.split == "val"]
    for name, count in FACES.items():
        of_set: Sequence[pack.PointsPicture | pack.FacePicture] = {"celeba": aligned, "wild": wild}.get(name) or [
            picture for picture in with_points if picture.set_name == name
        ]
        pictures += evenly(of_set, count if limit is None else min(limit, count))
    return covered_faces(pictures)


def outcomes(
    faces: Sequence[CoveredFace], reader: ImageReader, *, advance: Callable[[int], None] = lambda _done: None
) -> list[Outcome]:
    """Read every picture as the product does."""
    seen = []
    for face in faces:
        found = face_at(reader.read_image(face.read()), face.points)
        refused = None if found is None or found.refusal is None else found.refusal.code.value
        off = math.nan if found is None else abs((roll_deg(found.points) - roll_deg(face.points) + 180) % 360 - 180)
        seen.append(Outcome(kind=face.kind, found=found is not None, refused=refused, roll_off=off))
        advance(1)
    return seen


def measure(seen: Sequence[Outcome], blurred: Sequence[BlurRow]) -> CoveredPart:
    """Fold outcomes into shares of the faces shown; a face that was not found is neither usable nor refused."""
    spoilt = sorted({one.kind for one in seen} - {"whole"})
    groups = {kind: [one for one in seen if one.kind == kind] for kind in ("whole", *spoilt)}
    groups["all cut and covered"] = [one for one in seen if one.kind != "whole"]
    return CoveredPart(
        rows={
            kind: CoveredRow(
                faces=len(group),
                not_found=sum(not one.found for one in group),
                upside_down=_share([one.upside_down for one in group]),
                refused=_share([one.refused is not None for one in group]),
                refused_for={
                    code: sum(one.refused == code for one in group)
                    for code in sorted({one.refused for one in group if one.refused is not None})
                },
            )
            for kind, group in groups.items()
            if group
        },
        blurred=tuple(blurred),
    )


def blur_rows(
    faces: Sequence[CoveredFace], reader: ImageReader, *, advance: Callable[[int], None] = lambda _done: None
) -> list[BlurRow]:
    """Faces under Gaussians of a growing share of their eye distance: found, usable, and how sharp they seem."""
    rows = []
    for share in BLURS:
        found = []
        for face in faces:
            sigma = share * float(np.linalg.norm(face.points[1] - face.points[0]))
            found.append(face_at(reader.read_image(blurred(face.read(), sigma)), face.points))
            advance(1)
        there = [face for face in found if face is not None]
        rows.append(
            BlurRow(
                sigma=share,
                faces=len(faces),
                found=len(there),
                usable=_share([face is not None and face.refusal is None for face in found]),
                sharpness=float(np.median([face.quality.sharpness for face in there])) if there else None,
            )
        )
    return rows


def few_whole(faces: Sequence[CoveredFace]) -> list[CoveredFace]:
    """Some whole faces of every set, for the blurs."""
    whole = [face for face in faces if face.kind == "whole"]
    return whole[:: max(1, len(whole) // BLURRED_FACES)]


def blurred(image: Rgb8, sigma_px: float) -> Rgb8:
    """The picture under a Gaussian; none for a sigma of 0."""
    if sigma_px <= 0:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)


def face_at(photo: PhotoFaces, points: Points5) -> Face | None:
    """The largest face whose box holds the middle of the true eyes."""
    x, y = points[:2].mean(axis=0).tolist()
    holding = [face for face in photo.faces if face.box.x0 <= x <= face.box.x1 and face.box.y0 <= y <= face.box.y1]
    return max(holding, key=lambda face: face.box.area, default=None)


def _share(hits: Sequence[bool]) -> Figure:
    return Figure.model_validate(plain(share_figure(hits)))
