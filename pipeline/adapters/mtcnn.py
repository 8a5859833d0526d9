"""MTCNN: three small networks in a row, from windows of a picture pyramid to boxes with five points.

Method: Zhang and others, "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks", IEEE
SPL 2016, with the suppression limits of the authors' code as its ports keep them (davidsandberg/facenet,
src/align/detect_face.py, MIT; written anew from its description). Two departures: coordinates stay fractions instead of
being cut to whole pixels after each stage, and the pyramid's levels are squares of fixed sides, the photo in their
upper left corner, so that an engine compiles a few shapes once and not a set for every photo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.mtcnn_boxes import cut, moved, points_of, squared, windows_above
from pipeline.batching import to_batch
from pipeline.candidates import Candidates, concatenate, one_per_face
from pipeline.engine import Engine
from pipeline.errors import EngineFailed
from pipeline.letterbox import letterbox
from pipeline.manifest import CascadeSettings, DetectorThresholds
from pipeline.nms import non_maximum_suppression
from pipeline.types import Detection, FloatArray, Rgb8

WINDOW_PX: Final = 12  # what P-Net sees of a picture at once
LEVEL_IOU: Final = 0.5  # windows of one level that overlap by more are one
STAGE_IOU: Final = 0.7  # and so are those of all levels, and those that R-Net leaves
MAX_WINDOWS: Final = 1000  # the surest of a level, and of all levels: bounds time and memory of one photo
_SCORES, _BOXES, _POINTS = (1, 2), (4,), (10,)  # numbers a window has in each output


@dataclass(frozen=True, slots=True)
class CascadeEngines:
    """The three networks. P-Net's spec names the sides of the pyramid's levels, see `level_sides`."""

    proposal: Engine
    refinement: Engine
    output: Engine


def level_sides(*, side_px: int, min_face_px: float, factor: float) -> tuple[int, ...]:
    """Sides of the pyramid's squares, largest first: a face of min_face_px fills a window in the first of them.

    side_px: longer side of the photo that min_face_px is said of.
    """
    sides = []
    side = side_px * WINDOW_PX / min_face_px
    while round(side) >= WINDOW_PX:
        sides.append(round(side))
        side *= factor
    return tuple(dict.fromkeys(sides))


class Mtcnn:
    """Finds the faces that stand roughly upright, with their points. Thread-safe as its engines are."""

    def __init__(self, engines: CascadeEngines, thresholds: DetectorThresholds, settings: CascadeSettings) -> None:
        self._engines = engines
        self._settings = settings
        self.thresholds = thresholds

    def detect(self, image: Rgb8, *, threshold: float | None = None) -> list[Detection]:
        """See pipeline.parts.FaceDetector; `threshold` is O-Net's. Raises EngineFailed."""
        height, width = image.shape[:2]
        found = self._refined(image, self._proposed(image))
        found = self._output(image, found, self.thresholds.score if threshold is None else threshold)
        return one_per_face(found, self.thresholds, width=width, height=height)

    def glance(self, image: Rgb8) -> list[Detection]:
        """See pipeline.parts.FaceDetector; the pyramid's levels are as they are, so this is a whole look."""
        return self.detect(image)

    def _proposed(self, image: Rgb8) -> Candidates:
        """P-Net on every level: square boxes in the photo's pixels."""
        levels = [self._level(image, side) for side in self._engines.proposal.spec.sizes_px]
        return _squares(_surest(concatenate(levels), max_iou=STAGE_IOU))

    def _level(self, image: Rgb8, side_px: int) -> Candidates:
        """What P-Net sees in one level; its boxes already moved as it says."""
        canvas, place = letterbox(image, side_px=side_px, centred=False, padding=0)
        scores, offsets = self._run(self._engines.proposal, [canvas], (_SCORES, _BOXES), maps=True)
        if self._settings.transposed:
            scores, offsets = scores.swapaxes(2, 3), offsets.swapaxes(2, 3)
        found, offset = windows_above(scores[0, -1], offsets[0], self._settings.proposal_score)
        kept = _kept(found, max_iou=LEVEL_IOU)
        return Candidates(moved(found.boxes[kept], offset[kept]), found.scores[kept]).to_photo(place)

    def _refined(self, image: Rgb8, found: Candidates) -> Candidates:
        """R-Net on what P-Net proposed: again squares."""
        if not len(found.boxes):
            return found
        crops = [cut(image, box, side_px=self._engines.refinement.spec.side_px) for box in found.boxes]
        scores, offsets = self._run(self._engines.refinement, crops, (_SCORES, _BOXES))
        sure = scores[:, -1] >= self._settings.refinement_score
        found, offsets = Candidates(found.boxes[sure], scores[sure, -1]), offsets[sure]
        kept = _kept(found, max_iou=STAGE_IOU)
        return _squares(Candidates(moved(found.boxes[kept], offsets[kept]), found.scores[kept]))

    def _output(self, image: Rgb8, found: Candidates, threshold: float) -> Candidates:
        """O-Net on what R-Net left: boxes as it moves them, with points."""
        if not len(found.boxes):
            return found
        crops = [cut(image, box, side_px=self._engines.output.spec.side_px) for box in found.boxes]
        scores, offsets, points = self._run(self._engines.output, crops, (_SCORES, _BOXES, _POINTS))
        sure = scores[:, -1] >= threshold
        boxes = found.boxes[sure]
        placed = points_of(boxes, points[sure], order=self._settings.points_order)
        return Candidates(moved(boxes, offsets[sure]), scores[sure, -1], placed)

    def _run(
        self, engine: Engine, crops: Sequence[Rgb8], wanted: Sequence[tuple[int, ...]], *, maps: bool = False
    ) -> tuple[FloatArray, ...]:
        """Run a batch; outputs in the order of `wanted`, told by how many numbers they have. Raises EngineFailed."""
        if self._settings.transposed:
            crops = [crop.swapaxes(0, 1) for crop in crops]
        outputs = engine.run(to_batch(crops, engine.spec))
        axes = 4 if maps else 2
        sorted_out = []
        for counts in wanted:
            fits = [one for one in outputs if one.ndim == axes and len(one) == len(crops) and one.shape[1] in counts]
            if len(fits) != 1:
                shape = "(B, n, H, W)" if maps else "(B, n)"
                raise EngineFailed(
                    f"detector: MTCNN wants one output {shape} with n = {' or '.join(map(str, counts))} for "
                    f"{len(crops)} pictures, got {', '.join(str(output.shape) for output in outputs)}"
                )
            sorted_out.append(fits[0])
        return tuple(sorted_out)


def _kept(found: Candidates, *, max_iou: float) -> NDArray[np.intp]:
    """The rows that stay after suppression among the surest."""
    surest = np.argsort(-found.scores, kind="stable")[:MAX_WINDOWS]
    return surest[non_maximum_suppression(found.boxes[surest], found.scores[surest], max_iou=max_iou)]


def _surest(found: Candidates, *, max_iou: float) -> Candidates:
    return found.where(_kept(found, max_iou=max_iou))


def _squares(found: Candidates) -> Candidates:
    """Square boxes, those that a network threw out of all bounds left out."""
    boxes = squared(found.boxes)
    usable = np.isfinite(boxes).all(axis=1) & (boxes[:, 2] - boxes[:, 0] >= 1.0)
    return Candidates(boxes[usable], found.scores[usable])
