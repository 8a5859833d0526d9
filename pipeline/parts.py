"""What the pipeline asks of its three networks, whichever they are. Shapes and frames only; how is each part's own.

The shipped parts (`detector.py`, `landmarks.py`, `embedder.py`) keep these, and so do those of `adapters/`; one suite
of tests holds all of them to it. Every part may be called from several threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.landmarks import Landmarks
from pipeline.manifest import DetectorThresholds
from pipeline.types import Detection, Embedding, Rgb8


class FaceDetector(Protocol):
    """Finds the faces that stand roughly upright."""

    @property
    def thresholds(self) -> DetectorThresholds: ...

    def detect(self, image: Rgb8, *, threshold: float | None = None) -> list[Detection]:
        """Find faces in (H, W, 3), surest first, boxes clipped to the photo; points too where the network has them.

        threshold: instead of the manifest's, for curves of the evaluation.
        """
        ...

    def glance(self, image: Rgb8) -> list[Detection]:
        """Likewise on a small canvas, where the network has one: enough to tell which way up a photo is."""
        ...


class FaceAligner(Protocol):
    """Says where five points of each detected face lie."""

    def find(self, image: Rgb8, faces: Sequence[Detection]) -> list[Landmarks]:
        """Find the points of every face of (H, W, 3), in the faces' order."""
        ...


class FaceEmbedder(Protocol):
    """Turns aligned faces into unit vectors. `model`: SHA-256 of the network's file."""

    @property
    def model(self) -> str: ...

    def embed(self, crops: Sequence[Rgb8], *, tight: Sequence[bool] | None = None) -> list[Embedding | None]:
        """Embed (112, 112, 3) RGB crops in their order; None where the network gave no direction.

        tight: whether the face fills the photo that the crop is of, which may then be stretched at its edges; without
        it each crop may be.
        """
        ...
