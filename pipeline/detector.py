"""Face boxes of a network that sees the whole photo at once: a photo in, boxes in its pixels out.

One look on a canvas of the photo's shape is enough for nearly every photo. Where it is sure of no face, the photo is
also looked at from afar, small and with grey round it, so that a face that fills it is seen whole. Large photos whose
first look left small faces unsure are looked at again in tiles (`tiles.py`). How outputs are read is a function: YOLO's
boxes here, other networks' in `adapters/`. Thresholds come from the manifest.
"""

from __future__ import annotations

from typing import Final, Protocol

import cv2
import numpy as np

from pipeline.batching import to_batch
from pipeline.candidates import Candidates, concatenate, one_per_face, surest
from pipeline.engine import Engine
from pipeline.errors import EngineFailed
from pipeline.letterbox import PADDING_GREY, Letterbox, letterbox
from pipeline.manifest import DetectorThresholds
from pipeline.tiles import HINT_SCORE, Tile, joined, tiles_for
from pipeline.types import Detection, FloatArray, Rgb8

BOX_ROWS: Final = 5  # cx, cy, w, h, score
GLANCE_SIDE_PX: Final = 320  # longer side of the canvas on which quarter turns are tried
# From afar: the photo's longer side, and the grey on each side of it. Of 60 train portraits cut to the face alone all
# are found so, 55 by the first look; on larger canvases as many.
AFAR_SIDE_PX: Final = 160
AFAR_MARGIN_PX: Final = 48
AFAR_RATIO: Final = 0.5  # of the photo's longer side: larger faces are read from afar, where that was looked at
WHOLE_SCORE: Final = 0.7  # of the surest face that large, under which it may be a part of one


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
        if self._engine.spec.step_px:  # networks that take squares alone run as they were published
            found = self._closer(image, self._from_afar(image, found, threshold=lowest), scale=scale, threshold=lowest)
        return one_per_face(found.where(found.scores >= score), self.thresholds, width=width, height=height)

    def _from_afar(self, image: Rgb8, found: Candidates, *, threshold: float) -> Candidates:
        """Replace large faces by those seen from afar, if the first look was sure of no face or not of a large one."""
        large_px = AFAR_RATIO * max(image.shape[:2])
        large = found.scores[found.larger_sides >= large_px]
        if (found.scores >= self.thresholds.sure).any() and (not large.size or large.max() >= WHOLE_SCORE):
            return found
        canvas, place = letterbox(
            image, side_px=AFAR_SIDE_PX, step_px=self._engine.spec.step_px, centred=True, padding=self._padding
        )
        margin = AFAR_MARGIN_PX
        canvas = cv2.copyMakeBorder(
            canvas, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(self._padding,) * 3
        )
        place = Letterbox(place.scale, place.pad_x + margin, place.pad_y + margin)
        afar = self._read_canvas(np.asarray(canvas, np.uint8), threshold=threshold).to_photo(place)
        return concatenate([found.where(found.larger_sides < large_px), afar.where(afar.larger_sides >= large_px)])

    def _closer(self, image: Rgb8, found: Candidates, *, scale: float, threshold: float) -> Candidates:
        """Join what tiles show of small and doubtful faces, where the photo has pixels to spare for them."""
        height, width = image.shape[:2]
        hints = surest(found, self.thresholds)
        tiles = tiles_for(
            hints,
            width=width,
            height=height,
            side_px=self._engine.spec.side_px,
            scale=scale,
            sure=self.thresholds.sure,
        )
        if not tiles:
            return found
        closer = [(tile, self._look_at(image, tile, threshold=threshold)) for tile in tiles]
        return joined(found, closer, width=width, height=height)

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
        return self._read_canvas(canvas, threshold=threshold).to_photo(place), place.scale

    def _read_canvas(self, canvas: Rgb8, *, threshold: float) -> Candidates:
        outputs = self._engine.run(to_batch([canvas], self._engine.spec))
        return self._read(outputs, canvas=(canvas.shape[0], canvas.shape[1]), threshold=threshold)

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
