"""A manifest's entries -> parts that work. The one place that knows which kind of network is read by which code."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pipeline.adapters import scrfd
from pipeline.adapters.detector_points import PointsOfDetector
from pipeline.adapters.mtcnn import CascadeEngines, Mtcnn, level_sides
from pipeline.adapters.yolo_pose import read_yolo_pose
from pipeline.compiled_cache import CompiledCache
from pipeline.dense_landmarks import DenseLandmarks
from pipeline.detector import Detector
from pipeline.embedder import Embedder
from pipeline.engine import DEFAULT_BUCKETS, Backend, Engine, open_engine
from pipeline.errors import ManifestError
from pipeline.landmarks import Aligner
from pipeline.manifest import (
    KINDS,
    AlignerFacts,
    CascadeFacts,
    DetectorFacts,
    DetectorPoints,
    DetectorThresholds,
    NetworkFacts,
)
from pipeline.parts import FaceAligner, FaceDetector, FaceEmbedder
from pipeline.similarity import CROP_SIDE_PX

# One picture at a time: a photo has one detector input a size, and turned ones are rare.
PHOTO_BUCKETS: Final = (1,)
WINDOW_BUCKETS: Final = (8, 64)  # R-Net and O-Net see dozens of windows a photo


def open_detector(
    facts: DetectorFacts,
    thresholds: DetectorThresholds,
    *,
    backend: Backend,
    threads: int,
    cache: CompiledCache | None = None,
    lean: bool = False,
) -> FaceDetector:
    """Open the detector of any kind; lean: see `open_engine`. Raises WeightsMissing, WrongHash, EngineFailed."""
    if isinstance(facts, CascadeFacts):
        return _open_cascade(facts, thresholds, backend=backend, threads=threads, cache=cache)
    engine = open_engine(facts, backend=backend, threads=threads, buckets=PHOTO_BUCKETS, cache=cache, lean=lean)
    match facts.kind:
        case "yolo":
            return Detector(engine, thresholds)
        case "yolo_pose":
            return Detector(engine, thresholds, read=read_yolo_pose)
        case "scrfd":
            return Detector(engine, thresholds, read=scrfd.read_scrfd, centred=False, padding=scrfd.PADDING)
        case _:
            raise _no_such_kind(facts)


def open_aligner(
    facts: AlignerFacts, *, backend: Backend, threads: int, cache: CompiledCache | None = None
) -> FaceAligner:
    """Open the aligner of any kind. Raises WeightsMissing, WrongHash, EngineFailed."""
    if isinstance(facts, DetectorPoints):
        return PointsOfDetector(expected_error=facts.expected_error)
    return Aligner(_open(facts, backend=backend, threads=threads, cache=cache))


def open_embedder(
    facts: NetworkFacts, *, backend: Backend, threads: int, cache: CompiledCache | None = None
) -> FaceEmbedder:
    """Open the embedder. Raises ManifestError, WeightsMissing, WrongHash, EngineFailed."""
    if facts.input.sizes_px != (CROP_SIDE_PX,):
        raise ManifestError(
            f"embedder: faces are aligned to {CROP_SIDE_PX} px, {facts.path.name} takes {facts.input.sizes_px}"
        )
    return Embedder(_open(facts, backend=backend, threads=threads, cache=cache), model=facts.sha256)


def open_dense_landmarks(
    facts: NetworkFacts, *, backend: Backend, threads: int, cache: CompiledCache | None = None
) -> DenseLandmarks:
    """Open the network of many points. Raises WeightsMissing, WrongHash, EngineFailed."""
    return DenseLandmarks(_open(facts, backend=backend, threads=threads, cache=cache))


def _open(
    facts: NetworkFacts,
    *,
    backend: Backend,
    threads: int,
    cache: CompiledCache | None,
    buckets: tuple[int, ...] = DEFAULT_BUCKETS,
) -> Engine:
    return open_engine(facts, backend=backend, threads=threads, buckets=facts.batches or buckets, cache=cache)


def _open_cascade(
    facts: CascadeFacts,
    thresholds: DetectorThresholds,
    *,
    backend: Backend,
    threads: int,
    cache: CompiledCache | None = None,
) -> Mtcnn:
    settings, takes = facts.settings, facts.proposal.input
    sides = level_sides(side_px=takes.side_px, min_face_px=settings.min_face_px, factor=settings.factor)
    proposal = replace(facts.proposal, input=replace(takes, sizes_px=sides))
    engines = CascadeEngines(
        open_engine(proposal, backend=backend, threads=threads, buckets=PHOTO_BUCKETS, cache=cache),
        _open(facts.refinement, backend=backend, threads=threads, cache=cache, buckets=WINDOW_BUCKETS),
        _open(facts.output, backend=backend, threads=threads, cache=cache, buckets=WINDOW_BUCKETS),
    )
    return Mtcnn(engines, thresholds, settings)


def _no_such_kind(facts: NetworkFacts) -> ManifestError:
    return ManifestError(f"{facts.role} kind: {facts.kind!r} is none of {', '.join(KINDS[facts.role])}")
