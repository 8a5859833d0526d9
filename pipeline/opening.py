"""Parts of the pipeline that are opened in threads of their own; who needs one before it is there waits for it.

Compiling the embedder takes as long as compiling the detector, and is not needed before faces were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from pipeline.landmarks import Landmarks
from pipeline.manifest import DetectorThresholds
from pipeline.parts import FaceAligner, FaceDetector, FaceEmbedder
from pipeline.types import Detection, Embedding, Rgb8


class OpeningDetector:
    """See pipeline.parts.FaceDetector. Its methods raise what opening it raised, too."""

    def __init__(self, part: Future[FaceDetector], thresholds: DetectorThresholds) -> None:
        self._part = part
        self.thresholds = thresholds

    def detect(self, image: Rgb8, *, threshold: float | None = None) -> list[Detection]:
        return self._part.result().detect(image, threshold=threshold)

    def glance(self, image: Rgb8) -> list[Detection]:
        return self._part.result().glance(image)


class OpeningAligner:
    """See pipeline.parts.FaceAligner. Its method raises what opening it raised, too."""

    def __init__(self, part: Future[FaceAligner]) -> None:
        self._part = part

    def find(self, image: Rgb8, faces: Sequence[Detection]) -> list[Landmarks]:
        return self._part.result().find(image, faces)


class OpeningEmbedder:
    """See pipeline.parts.FaceEmbedder; model: the SHA-256 that the manifest gives. As above."""

    def __init__(self, part: Future[FaceEmbedder], model: str) -> None:
        self._part = part
        self.model = model

    def embed(self, crops: Sequence[Rgb8], *, tight: Sequence[bool] | None = None) -> list[Embedding | None]:
        return self._part.result().embed(crops, tight=tight)
