"""Face boxes of a network that sees the whole photo at once: a photo in, boxes in its pixels out.

One look on a canvas of the photo's shape is enough for nearly every photo; large ones whose first look left small or
doubtful faces are looked at again in tiles (`tiles.py`). How outputs are read is a function: YOLO's boxes here, other
networks' in `adapters/`. Thresholds come from the manifest.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from pipeline.batching import to_batch
from pipeline.candidates import Candidates, one_per_face
from pipeline.engine import Engine
from pipeline.errors import EngineFailed
from pipeline.letterbox import PADDING_GREY, letterbox
from pipeline.manifest import DetectorThresholds
from pipeline.tiles import HINT_SCORE, Tile, joined, tiles_for
from pipeline.types import Detection, FloatArray, Rgb8

BOX_ROWS: Final = 5  # cx, cy, w, h, score
GLANCE_SIDE_PX: Final = 320  # longer side of the canvas on which quarter turns are tried


class ReadOutputs(Protocol):
    """Reads a network's outputs for one canvas: what scores from the threshold on, in canvas pixels."""

    def __call__(self, outputs: tuple[FloatArray, ...], *, canvas: tuple[int, int], threshold: float) -> Candidates:
        """Read them; canvas: its height and width.

        Raises EngineFailed when the outputs have other shapes than this reader's networks give.
        """
        ...


def read_yolo(outputs: tuple[FloatArray, ...], *, canvas: tuple[int, int], threshold: float) -> Candidates:  # noqa: ARG001 - see ReadOutputs
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
        """centred, padding: where the photo lies on its canvas and the grey (0..255) round it, as in training."""
        self._engine = engine
        self._read = read
        self._centred = centred
        self._padding = padding
        self.thresholds = thresholds

    def detect(self, image: Rgb8, *, threshold: float | None = None) -> list[Detection]:
        """See pipeline.parts.FaceDetector. Raises EngineFailed."""
        height, width = image.shape[:2]
        score = self.thresholds.score if threshold is None else threshold
        side_px, lowest = self._engine.spec.side_px, min(score, HINT_SCORE)
        found, scale = self._look(image, side_px=side_px, threshold=lowest)
        # Networks that take squares alone run as they were published.
        tiles = (
            []
            if not self._engine.spec.step_px
            else tiles_for(found, width=width, height=height, side_px=side_px, scale=scale, sure=self.thresholds.sure)
        )
        if tiles:
            closer = [(tile, self._look_at(image, tile, threshold=lowest)) for tile in tiles]
            found = joined(found, closer, width=width, height=height)
        return one_per_face(found.where(found.scores >= score), self.thresholds, width=width, height=height)

    def glance(self, image: Rgb8) -> list[Detection]:
        """See pipeline.parts.FaceDetector. Raises EngineFailed."""
        height, width = image.shape[:2]
        spec = self._engine.spec
        side_px = spec.side_px if not spec.step_px else min(spec.side_px, GLANCE_SIDE_PX)
        found, _ = self._look(image, side_px=side_px, threshold=self.thresholds.score)
        return one_per_face(found, self.thresholds, width=width, height=height)

    def _look(self, image: Rgb8, *, side_px: int, threshold: float) -> tuple[Candidates, float]:
        """What the network sees on one canvas, in the photo's pixels, several boxes a face; and the canvas's scale."""
        spec = self._engine.spec
        canvas, place = letterbox(
            image, side_px=side_px, step_px=spec.step_px, centred=self._centred, padding=self._padding
        )
        outputs = self._engine.run(to_batch([canvas], spec))
        found = self._read(outputs, canvas=(canvas.shape[0], canvas.shape[1]), threshold=threshold)
        return found.to_photo(place), place.scale

    def _look_at(self, image: Rgb8, tile: Tile, *, threshold: float) -> Candidates:
        part = image[tile.y0 : tile.y1, tile.x0 : tile.x1]
        found, _ = self._look(part, side_px=self._engine.spec.side_px, threshold=threshold)
        return found.moved(tile.x0, tile.y0)


def boxes_above(output: FloatArray, threshold: float) -> tuple[FloatArray, FloatArray]:
    """Read YOLO's (5, N) rows cx, cy, w, h, score: boxes (M, 4) x0, y0, x1, y1 and scores (M,) from threshold on.

    Raises EngineFailed when the network's output has another shape.
    """
    if output.ndim != 2 or output.shape[0] != BOX_ROWS:
        raise EngineFailed(f"detector: wants (5, N) for one picture, got {output.shape}")
    taken = output[:, output[4] >= threshold]
    centre, half = taken[:2], taken[2:4] / 2
    return np.concatenate([centre - half, centre + half]).T.astype(np.float32), taken[4].astype(np.float32)
