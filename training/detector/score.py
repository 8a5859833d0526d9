"""A detector's boxes on labelled scenes and their scores; letterbox, suppression and metrics are the product's.

The network comes in as a callable on one letterboxed batch, so that torch, ONNX Runtime and OpenVINO are scored by
the same lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evaluation.metrics.detection import ScenePair, average_precision, judge
from pipeline.detector import boxes_above
from pipeline.letterbox import letterbox
from pipeline.nms import non_maximum_suppression
from pipeline.types import FloatArray, Nchw, Rgb8
from training.data.scenes import Scene, ScenesError

RunNetwork = Callable[[Nchw], FloatArray]  # (1, 3, S, S), RGB 0..1 -> (1, 5, N): cx, cy, w, h, score

LOWEST_SCORE: Final = 0.005  # what a precision-recall curve begins at
MAX_IOU: Final = 0.5  # of two boxes that both stay
REPORT_SCORE: Final = 0.4  # the data's README gives the reference's recall and false boxes at this score


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A score to ship and what it gives on the pictures it was chosen on."""

    score: float
    recall_from_24px: float
    false_boxes_on_empty: int


def find_boxes(
    image: Rgb8, run: RunNetwork, *, sides_px: Sequence[int] = (640,), max_iou: float = MAX_IOU
) -> tuple[FloatArray, FloatArray]:
    """Boxes (M, 4) corners in pixels of `image` and scores (M,), surest first; all sides share one suppression."""
    height, width = image.shape[:2]
    boxes, scores = [], []
    for side in sides_px:
        canvas, place = letterbox(image, side_px=side)
        batch = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255)
        found, sure = boxes_above(run(batch)[0], LOWEST_SCORE)
        boxes.append(place.to_photo(found))
        scores.append(sure)
    all_boxes, all_scores = np.concatenate(boxes), np.concatenate(scores)
    np.clip(all_boxes[:, 0::2], 0, width, out=all_boxes[:, 0::2])
    np.clip(all_boxes[:, 1::2], 0, height, out=all_boxes[:, 1::2])
    kept = non_maximum_suppression(all_boxes, all_scores, max_iou=max_iou)
    return all_boxes[kept], all_scores[kept]


def run_on_scenes(
    scenes: Sequence[Scene], run: RunNetwork, *, sides_px: Sequence[int] = (640,), max_iou: float = MAX_IOU
) -> list[ScenePair]:
    """Find boxes on every scene, empty ones among them."""
    pairs = []
    for scene in scenes:
        picture = scene.read()
        height, width = picture.shape[:2]
        image = np.ascontiguousarray(picture[:, :, ::-1])
        boxes, scores = find_boxes(image, run, sides_px=sides_px, max_iou=max_iou)
        faces = scene.boxes(height=height, width=width)
        pairs.append(ScenePair(boxes=boxes, scores=scores, faces=faces, source=scene.source))
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
