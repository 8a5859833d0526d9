"""A detector's boxes on labelled scenes and their scores; letterbox, suppression and metrics are the product's.

The network comes in as a callable on one letterboxed batch, so that torch, ONNX Runtime and OpenVINO are scored by
the same lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from evaluation.metrics.detection import ScenePair, average_precision, judge, measure
from pipeline.adapters.yolo_pose import read_yolo_pose
from pipeline.candidates import one_per_face
from pipeline.letterbox import letterbox
from pipeline.manifest import DetectorThresholds
from pipeline.types import Detection, FloatArray, Nchw, Rgb8
from training.data.scenes import Scene, ScenesError

RunNetwork = Callable[[Nchw], FloatArray]  # (1, 3, H, W), RGB 0..1 -> (1, 20, N): what `yolo_pose` reads

LOWEST_SCORE: Final = 0.01  # what a precision-recall curve begins at
STEP_PX: Final = 32  # sides of a canvas are multiples of it
LIMITS: Final = DetectorThresholds(score=LOWEST_SCORE, sure=0.5, iou=0.5, covered=0.7)  # as weights/manifest.toml
REPORT_SCORE: Final = 0.4  # the data's README gives the reference's recall and false boxes at this score


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A score to ship and what it gives on the pictures it was chosen on."""

    score: float
    recall_from_24px: float
    false_boxes_on_empty: int


def find_faces(image: Rgb8, run: RunNetwork, *, side_px: int = 640) -> list[Detection]:
    """Boxes and points in pixels of `image`, from LOWEST_SCORE on: one look on a canvas of the picture's shape."""
    height, width = image.shape[:2]
    canvas, place = letterbox(image, side_px=side_px, step_px=STEP_PX)
    batch = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255)
    found = read_yolo_pose((run(batch),), canvas=canvas.shape[:2], threshold=LOWEST_SCORE).to_photo(place)
    return one_per_face(found, LIMITS, width=width, height=height)


def run_on_scenes(scenes: Sequence[Scene], run: RunNetwork, *, side_px: int = 640) -> list[ScenePair]:
    """Find boxes on every scene, empty ones among them."""
    pairs = []
    for scene in scenes:
        picture = scene.read()
        height, width = picture.shape[:2]
        found = find_faces(np.ascontiguousarray(picture[:, :, ::-1]), run, side_px=side_px)
        corners = [(one.box.x0, one.box.y0, one.box.x1, one.box.y1) for one in found]
        pairs.append(
            ScenePair(
                boxes=np.array(corners, np.float32).reshape(-1, 4),
                scores=np.array([one.score for one in found], np.float32),
                faces=scene.boxes(height=height, width=width),
                source=scene.source,
            )
        )
    return pairs


def summary(pairs: Sequence[ScenePair], *, score: float = REPORT_SCORE) -> dict[str, float]:
    """AP@0.5 over all faces, from 16 and from 24 px; recall from each and false boxes on empty pictures at `score`."""
    figures: dict[str, float] = {}
    for floor in (0, 16, 24):
        figures[f"ap50_from_{floor}px"] = average_precision(judge(pairs, floor_px=floor))
    for floor in (16, 24):
        figures[f"recall_from_{floor}px_at_{score:g}"] = recall_at(pairs, floor_px=floor, score=score)
    figures[f"false_boxes_on_empty_at_{score:g}"] = float(false_boxes_on_empty(pairs, score=score))
    return figures


def intervals(pairs: Sequence[ScenePair], *, score: float = REPORT_SCORE) -> dict[str, Any]:
    """AP@0.5 and recall at `score` from 16 and from 24 px with their 95 % intervals over pictures, and the numbers."""
    told: dict[str, Any] = {}
    for floor in (16, 24):
        found = measure(pairs, threshold=score, floor_px=floor)
        told[f"from_{floor}px"] = {
            "pictures": found.pictures,
            "faces": found.faces,
            "ap50": asdict(found.ap),
            f"recall_at_{score:g}": asdict(found.recall),
        }
    return told


def recall_at(pairs: Sequence[ScenePair], *, floor_px: float, score: float) -> float:
    """Share of the faces from `floor_px` on that a box of at least `score` takes at IoU 0.5."""
    verdicts = judge(pairs, floor_px=floor_px)
    return float((verdicts.hit & (verdicts.scores >= score)).sum() / max(int(verdicts.faces_of.sum()), 1))


def false_boxes_on_empty(pairs: Sequence[ScenePair], *, score: float) -> int:
    """Boxes of at least `score` on pictures of the source `empty`."""
    return sum(int((pair.scores >= score).sum()) for pair in pairs if pair.source == "empty")


def choose_threshold(pairs: Sequence[ScenePair], *, false_share: float) -> Threshold:
    """The lowest score, in hundredths, with at most `false_share` false boxes a picture of the source `empty`.

    Raises ScenesError without such pictures, and where no score is high enough.
    """
    empty = sum(pair.source == "empty" for pair in pairs)
    if not empty:
        raise ScenesError("no pictures without people (named empty_...): a threshold can't be chosen without them")
    for hundredths in range(5, 96):
        score = hundredths / 100
        false = false_boxes_on_empty(pairs, score=score)
        if false <= false_share * empty:
            recall = recall_at(pairs, floor_px=24, score=score)
            return Threshold(score=score, recall_from_24px=recall, false_boxes_on_empty=false)
    raise ScenesError(f"{false} false boxes on {empty} pictures without people even at a score of 0.95: train longer")
