"""Faces that arithmetic can find: a disc of one colour with five dots, and three engines that know these colours.

They stand in for the networks, so that the way from bytes to faces is tested with real geometry and known answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from pipeline.detector import Detector
from pipeline.embedder import Embedder
from pipeline.face_pipeline import FacePipeline, PipelineConfig
from pipeline.landmarks import Aligner
from pipeline.manifest import DetectorThresholds, InputSpec
from pipeline.quality import roll_deg
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import FloatArray, Nchw, Points5, Rgb8

MODEL: Final = "d" * 64
SKIN: Final = np.array([210, 160, 120])
# Eyes, nose, mouth corners; far from each other and from the skin.
DOTS: Final = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 0, 255], [0, 255, 255]])
BACKGROUND: Final = 40
UPRIGHT: Final = ARCFACE_TEMPLATE - ARCFACE_TEMPLATE.mean(axis=0)
TEMPLATE_EYES_PX: Final = float(np.hypot(*(UPRIGHT[1] - UPRIGHT[0])))


def blank(width: int = 320, height: int = 240) -> Rgb8:
    return np.full((height, width, 3), BACKGROUND, np.uint8)


def draw_face(image: Rgb8, *, centre: tuple[float, float], eyes_px: float = 30.0, roll: float = 0.0) -> Points5:
    """Draw a face into `image` (in place) and return where its five points are."""
    scale, angle = eyes_px / TEMPLATE_EYES_PX, np.radians(roll)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = UPRIGHT @ (scale * turn).T + np.array(centre)
    bits = 4  # cv2 draws at sixteenths of a pixel
    cv2.circle(image, _sixteenths(np.array(centre)), round(eyes_px * 1.1 * 16), SKIN.tolist(), -1, shift=bits)
    for point, colour in zip(points, DOTS, strict=True):
        cv2.circle(image, _sixteenths(point), round(eyes_px * 0.16 * 16), colour.tolist(), -1, shift=bits)
    return np.asarray(points, np.float32)


def _sixteenths(point: FloatArray) -> tuple[int, int]:
    return round(float(point[0]) * 16), round(float(point[1]) * 16)


def find_dots(image: FloatArray) -> Points5 | None:
    """The dots' centres in (H, W, 3), 0..255; None when one of them is not there."""
    centres = []
    for colour in DOTS:
        near = np.abs(image - colour).max(axis=2) < 110
        near &= np.abs(image - SKIN).max(axis=2) > 60
        rows, columns = np.nonzero(near)
        if len(rows) < 2:
            return None
        centres.append((columns.mean(), rows.mean()))
    return np.array(centres, np.float32)


def _spec(side_px: int, *, step_px: int = 0) -> InputSpec:
    black, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return InputSpec(name="images", sizes_px=(side_px,), color="RGB", mean=black, std=one, step_px=step_px)


@dataclass
class DetectorByColour:
    """Boxes of discs; sure of those whose eyes are level, `lying_score` of the others. Counts its runs.

    It sees small pictures, for speed; `at_640()` where faces are many or photos large.
    """

    upright_score: float = 0.9
    lying_score: float = 0.45
    spec: InputSpec = field(default_factory=lambda: _spec(320, step_px=32))
    runs: int = 0
    pixels: int = 0  # of all canvases together

    @classmethod
    def at_640(cls) -> DetectorByColour:
        return cls(spec=_spec(640, step_px=32))

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        self.runs += 1
        self.pixels += batch.shape[2] * batch.shape[3]
        (image,) = batch.transpose(0, 2, 3, 1)
        colours = [SKIN, *DOTS]
        face = np.min([np.abs(image - colour).max(axis=2) for colour in colours], axis=0) < 60
        _, _, stats, _ = cv2.connectedComponentsWithStats(face.astype(np.uint8))
        found = []
        for x, y, width, height, area in stats[1:]:
            if area < 12 or not 0.6 < width / height < 1.7:
                continue
            dots = find_dots(image[y : y + height, x : x + width])
            if dots is not None:
                level = abs(roll_deg(dots)) < 40
                score = self.upright_score if level else self.lying_score
                found.append([x + width / 2, y + height / 2, width, height, score])
        return (np.array(found, np.float32).reshape(1, -1, 5).transpose(0, 2, 1),)


@dataclass
class AlignerByColour:
    """Points at the dots; sure when the face is level, else a guess: the template's points and a large error."""

    level_deg: float = 45.0
    spec: InputSpec = field(default_factory=lambda: _spec(112))
    batches: list[int] = field(default_factory=list)

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        self.batches.append(len(batch))
        points, errors = [], []
        for image in batch.transpose(0, 2, 3, 1):
            dots = find_dots(image)
            sure = dots is not None and abs(roll_deg(dots)) <= self.level_deg
            points.append(dots if sure else ARCFACE_TEMPLATE)
            errors.append([np.log(0.02 if sure else 0.5)])
        return np.array(points, np.float32), np.array(errors, np.float32)


@dataclass
class EmbedderByColour:
    """Coarse colours of the crop as its vector."""

    spec: InputSpec = field(default_factory=lambda: _spec(112))
    batches: list[int] = field(default_factory=list)
    zero: bool = False

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        self.batches.append(len(batch))
        cells = batch.reshape(len(batch), 3, 8, 14, 8, 14).mean(axis=(3, 5)).reshape(len(batch), -1) - 100
        return (np.zeros_like(cells) if self.zero else cells,)


@dataclass
class DrawnWorld:
    """A pipeline over the three engines, which stay at hand."""

    detector: DetectorByColour = field(default_factory=DetectorByColour)
    aligner: AlignerByColour = field(default_factory=AlignerByColour)
    embedder: EmbedderByColour = field(default_factory=EmbedderByColour)
    config: PipelineConfig = field(default_factory=PipelineConfig)

    def pipeline(self) -> FacePipeline:
        return FacePipeline(
            detector=Detector(self.detector, DetectorThresholds(score=0.3, sure=0.6, iou=0.5, covered=0.7)),
            aligner=Aligner(self.aligner),
            embedder=Embedder(self.embedder, model=MODEL),
            config=self.config,
        )
