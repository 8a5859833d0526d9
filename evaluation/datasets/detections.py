"""The shipped detector and aligner on the pack's pictures: what the metrics of boxes and points are counted on.

The networks are the product's own objects, called as the product calls them; only curves need boxes below the shipped
threshold, which the detector gives when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.pack import PointsPicture, ScenePicture, read_boxes, read_picture
from evaluation.metrics.detection import ScenePair
from evaluation.metrics.landmarks import normalised_errors
from pipeline.landmarks import Landmarks
from pipeline.nms import iou_matrix
from pipeline.types import Box, Detection, PhotoFaces, Points5, Rgb8

CURVE_SCORE: Final = 0.01  # boxes from here on draw the precision-recall curve
SAME_FACE_IOU: Final = 0.3  # given boxes are cut by another rule than ours: a loose match, one face a picture


class BoxFinder(Protocol):
    """pipeline.detector.Detector, as far as it is needed here."""

    def detect(self, image: Rgb8, *, threshold: float | None = None) -> list[Detection]: ...


class PointFinder(Protocol):
    """pipeline.landmarks.Aligner, as far as it is needed here."""

    def find(self, image: Rgb8, faces: Sequence[Detection]) -> list[Landmarks]: ...


class ImageReader(Protocol):
    """pipeline.face_pipeline.FacePipeline, as far as it is needed here."""

    def read_image(self, image: Rgb8) -> PhotoFaces: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyPictures:
    """What the whole pipeline finds where nobody is."""

    pictures: int
    turned_boxes: int  # with the other quarter turns tried, as the product does
    turned_pictures: int  # pictures with at least one of them
    turned_usable: int  # of these, faces that pass every quality gate and would be answered


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointErrors:
    """One set's errors, share of the eye distance; NaN for faces that were missed."""

    set_name: str
    by_detected_box: NDArray[np.float64]
    by_given_box: NDArray[np.float64]


def scene_pairs(
    scenes: Sequence[ScenePicture], detector: BoxFinder, *, advance: Callable[[int], None] = lambda _done: None
) -> list[ScenePair]:
    """Detect in every scene, upright, at the curve's low threshold."""
    pairs = []
    for scene in scenes:
        image = read_picture(scene.file)
        found = detector.detect(image, threshold=CURVE_SCORE)
        pairs.append(
            ScenePair(
                boxes=_corners([one.box for one in found]),
                scores=np.array([one.score for one in found], np.float32),
                faces=read_boxes(scene, width=image.shape[1], height=image.shape[0]),
                source=scene.source,
            )
        )
        advance(1)
    return pairs


def empty_pictures(
    scenes: Sequence[ScenePicture], reader: ImageReader, *, advance: Callable[[int], None] = lambda _done: None
) -> EmptyPictures:
    """Run the whole pipeline, quarter turns and all, on pictures without a face."""
    faces, usable = [], 0
    for scene in scenes:
        photo = reader.read_image(read_picture(scene.file))
        faces.append(len(photo.faces))
        usable += len(photo.usable)
        advance(1)
    return EmptyPictures(
        pictures=len(scenes),
        turned_boxes=sum(faces),
        turned_pictures=sum(count > 0 for count in faces),
        turned_usable=usable,
    )


def point_errors(
    pictures: Sequence[PointsPicture],
    detector: BoxFinder,
    aligner: PointFinder,
    *,
    advance: Callable[[int], None] = lambda _done: None,
) -> list[PointErrors]:
    """Find the points of every face, from the detector's box and from the given one; one entry a set."""
    errors: dict[str, list[tuple[float, float]]] = {}
    for picture in pictures:
        image = read_picture(picture.file)
        face = matching_face(detector.detect(image), picture.box)
        given = Detection(picture.box, 1.0)
        faces = [given] if face is None else [given, face]
        found = aligner.find(image, faces)
        truth = np.stack([picture.points] * len(faces))
        measured = normalised_errors(np.stack([one.points for one in found]), truth)
        errors.setdefault(picture.set_name, []).append(
            (float("nan") if face is None else float(measured[1]), float(measured[0]))
        )
        advance(1)
    return [
        PointErrors(
            set_name=name,
            by_detected_box=np.array([detected for detected, _ in rows]),
            by_given_box=np.array([given for _, given in rows]),
        )
        for name, rows in errors.items()
    ]


def matching_face(found: Sequence[Detection], given: Box) -> Detection | None:
    """The face whose box overlaps the given one best, None when none does by SAME_FACE_IOU: the face was missed."""
    if not found:
        return None
    overlap = iou_matrix(_corners([one.box for one in found]), _corners([given]))[:, 0]
    best = int(overlap.argmax())
    return found[best] if overlap[best] >= SAME_FACE_IOU else None


def _corners(boxes: Sequence[Box]) -> NDArray[np.float32]:
    return np.array([(box.x0, box.y0, box.x1, box.y1) for box in boxes], np.float32).reshape(-1, 4)


def box_round(points: Points5) -> Box:
    """About the box that a detector draws round a face with these points, upright (fitted to the data pack's boxes).

    Reach in units of the points' spread, as the aligner's training has it for an unturned head.
    """
    centre = points.mean(axis=0)
    spread = float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean()))
    x, y = float(centre[0]), float(centre[1]) - 0.30 * spread
    return Box(x - 1.71 * spread, y - 2.31 * spread, x + 1.71 * spread, y + 2.31 * spread)
