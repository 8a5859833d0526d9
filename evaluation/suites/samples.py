"""Pairs of the photos that may be shown, before and after they are straightened, with their cosines.

Each photo is turned as a hand-held one is; the crop before is cut as it lies round the points, the one after is the
product's. The only faces of the report come from here.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from evaluation.datasets.alignments import unstraightened
from evaluation.datasets.pack import read_picture
from evaluation.documents.base import document_of
from evaluation.documents.in_depth import SamplesPart
from pipeline.similarity import CROP_SIDE_PX, warp
from pipeline.types import Rgb8

TURNS_DEG: Final = (0.0, 20.0, -28.0)


def measure(samples: Sequence[Path], pipeline: Any) -> SamplesPart:
    """Crops as data URIs and the cosines of every two of them, before and after. Photos without a face are left out."""
    looks: list[dict[str, Any]] = []
    before: list[Rgb8] = []
    after: list[Rgb8] = []
    for path in samples:
        photo = read_picture(path)
        for degrees in TURNS_DEG:
            image = turned(photo, degrees)
            answered = pipeline.read_image(image)
            if not answered.usable:
                continue
            face = answered.usable[0]
            before.append(warp(image, unstraightened(face.points), side_px=CROP_SIDE_PX))
            after.append(face.crop)
            looks.append(
                {
                    "photo": path.stem.replace("_", " "),
                    "degrees": degrees,
                    "before": data_uri(before[-1]),
                    "after": data_uri(after[-1]),
                }
            )
    if not looks:
        return SamplesPart(looks=(), pairs=())
    cosines = [_cosines(pipeline, crops) for crops in (before, after)]
    document = {
        "looks": looks,
        "pairs": [
            {"a": i, "b": j, "before": float(cosines[0][i, j]), "after": float(cosines[1][i, j])}
            for i in range(len(looks))
            for j in range(i + 1, len(looks))
        ],
    }
    return document_of(SamplesPart, document)


def turned(image: Rgb8, degrees: float) -> Rgb8:
    """The photo turned clockwise round its middle, the corners filled with the edge."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def data_uri(crop: Rgb8) -> str:
    """A small JPEG to stand in the page itself."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def _cosines(pipeline: Any, crops: Sequence[Rgb8]) -> Any:
    vectors = np.stack([one.vector for one in pipeline.embedder.embed(list(crops))])
    return vectors @ vectors.T
