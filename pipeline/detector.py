"""Face boxes of a network that sees the whole photo at once: a photo in, boxes in its pixels out.

The network runs at each of the manifest's input sizes (scales): large ones for small faces, a small one for faces that
fill the frame, which a network trained on whole scenes misses or splits at 600 px. Each scale is responsible for a
range of face sizes; where ranges overlap, boxes and scores are averaged. How outputs are read is a function: YOLO's
boxes here, other networks' in `adapters/`. Thresholds come from the manifest.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from pipeline.batching import to_batch
from pipeline.candidates import Candidates, ScaleDetections, fuse_scales, one_per_face
from pipeline.engine import Engine
from pipeline.errors import EngineFailed
from pipeline.letterbox import PADDING_GREY, letterbox
from pipeline.manifest import DetectorThresholds
from pipeline.nms import non_maximum_suppression
from pipeline.types import Detection, FloatArray, Rgb8

BOX_ROWS: Final = 5  # cx, cy, w, h, score
CANDIDATE_RATIO: Final = 0.2  # of the threshold: boxes that one scale scores from here on enter the mean of all


class ReadOutputs(Protocol):
    """Reads a network's outputs for one canvas of side_px: what scores from the threshold on, in canvas pixels."""

    def __call__(self, outputs: tuple[FloatArray, ...], *, side_px: int, threshold: float) -> Candidates:
        """Raises EngineFailed when the outputs have other shapes than this reader's networks give."""
        ...


def read_yolo(outputs: tuple[FloatArray, ...], *, side_px: int, threshold: float) -> Candidates:  # noqa: ARG001 - see ReadOutputs
    """Read one output (1, 5, N) of YOLO with one class. Raises EngineFailed."""
    (output,) = outputs
    return Candidates(*boxes_above(output[0], threshold))


class Detector:
    """Finds the faces that stand roughly upright. Thread-safe as its engine is."""

    def __init__(
        self,
        engine: Engine,
        thresholds: DetectorThresholds,
        *,
        read: ReadOutputs = read_yolo,
        centred: bool = True,
        padding: int = PADDING_GREY,
    ) -> None:
        """centred, padding: where the photo lies in its square and the grey (0..255) round it, as in training."""
        self._engine = engine
        self._read = read
        self._centred = centred
        self._padding = padding
        self.thresholds = thresholds

    def detect(self, image: Rgb8, *, threshold: float | None = None) -> list[Detection]:
        """See pipeline.parts.FaceDetector. Raises EngineFailed."""
        height, width = image.shape[:2]
        score = self.thresholds.score if threshold is None else threshold
        scales = [self._at_scale(image, side, score * CANDIDATE_RATIO) for side in self._engine.spec.sizes_px]
        found = fuse_scales(scales, min_iou=self.thresholds.iou)
        return one_per_face(found.where(found.scores >= score), self.thresholds, width=width, height=height)

    def _at_scale(self, image: Rgb8, side_px: int, threshold: float) -> ScaleDetections:
        canvas, place = letterbox(image, side_px=side_px, centred=self._centred, padding=self._padding)
        outputs = self._engine.run(to_batch([canvas], self._engine.spec))
        found = self._read(outputs, side_px=side_px, threshold=threshold)
        smallest, largest = self._range(side_px)
        side = (found.boxes[:, 2:] - found.boxes[:, :2]).max(axis=1, initial=0.0) / side_px
        found = found.where((side >= smallest) & (side <= largest)).to_photo(place)
        limits = self.thresholds
        kept = non_maximum_suppression(found.boxes, found.scores, max_iou=limits.iou, max_iomin=limits.covered)
        longer = max(image.shape[:2])
        return ScaleDetections(found.where(kept), smallest * longer, largest * longer)

    def _range(self, side_px: int) -> tuple[float, float]:
        """Sizes of faces that this scale is responsible for: their longer side over the photo's longer side."""
        sizes = self._engine.spec.sizes_px
        smallest = self.thresholds.both_from if side_px == min(sizes) < max(sizes) else 0.0
        largest = self.thresholds.both_to if side_px > min(sizes) else np.inf
        return smallest, largest


def boxes_above(output: FloatArray, threshold: float) -> tuple[FloatArray, FloatArray]:
    """Read YOLO's (5, N) rows cx, cy, w, h, score: boxes (M, 4) x0, y0, x1, y1 and scores (M,) from threshold on.

    Raises EngineFailed when the network's output has another shape.
    """
    if output.ndim != 2 or output.shape[0] != BOX_ROWS:
        raise EngineFailed(f"detector: wants (5, N) for one picture, got {output.shape}")
    taken = output[:, output[4] >= threshold]
    centre, half = taken[:2], taken[2:4] / 2
    return np.concatenate([centre - half, centre + half]).T.astype(np.float32), taken[4].astype(np.float32)
