"""Which score to ship: the lowest with at most two false boxes in a hundred pictures without people.

`python -m training.detector threshold --data data` asks the detector that ships: its file, engine, sizes and their
mean, upright pass. The pictures without people are those of train, each turned by one, two or three quarters, so that
they are new to a network that was trained on them; faces found are those of the train scenes held out of training,
whose own twenty pictures without people are too few to choose by.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from evaluation.metrics.detection import ScenePair
from pipeline.manifest import load_manifest
from pipeline.open_parts import open_detector
from pipeline.parts import FaceDetector
from pipeline.types import Rgb8
from training.data.scenes import Boxes, Scene, list_scenes
from training.detector.batches import split_scenes
from training.detector.recipe import DetectorRecipe
from training.detector.score import Threshold, choose_threshold

FALSE_SHARE: Final = 0.02  # false boxes a picture without people
LOWEST_SCORE: Final = 0.05  # what choose_threshold begins at
THREADS: Final = 2


def threshold_of(weights: Path, recipe: DetectorRecipe, data: Path) -> Threshold:
    """Choose for the detector of a folder with a manifest. Raises ManifestError, WrongHash, ScenesError."""
    manifest = load_manifest(weights)
    detector = open_detector(manifest.detector, manifest.thresholds, backend="openvino", threads=THREADS)
    empty = [scene for scene in list_scenes(data / "scenes", "train") if scene.source == "empty"]
    _, held_out = split_scenes(recipe, data)
    return choose_on(detector, empty=empty, with_faces=[scene for scene in held_out if scene.source != "empty"])


def choose_on(detector: FaceDetector, *, empty: Sequence[Scene], with_faces: Sequence[Scene]) -> Threshold:
    """Choose on pictures without people, the k-th turned by 1 + k mod 3 quarters, and count faces on the others."""
    pairs = []
    for number, scene in enumerate(empty):
        image = np.ascontiguousarray(np.rot90(_rgb(scene), 1 + number % 3))
        pairs.append(_found(detector, image, np.empty((0, 4), np.float32), scene.source))
    for scene in with_faces:
        image = _rgb(scene)
        height, width = image.shape[:2]
        pairs.append(_found(detector, image, scene.boxes(height=height, width=width), scene.source))
    return choose_threshold(pairs, false_share=FALSE_SHARE)


def _rgb(scene: Scene) -> Rgb8:
    return np.ascontiguousarray(scene.read()[:, :, ::-1])


def _found(detector: FaceDetector, image: Rgb8, faces: Boxes, source: str) -> ScenePair:
    seen = detector.detect(image, threshold=LOWEST_SCORE)
    corners = [(one.box.x0, one.box.y0, one.box.x1, one.box.y1) for one in seen]
    return ScenePair(
        boxes=np.array(corners, np.float32).reshape(-1, 4),
        scores=np.array([one.score for one in seen], np.float32),
        faces=faces,
        source=source,
    )
