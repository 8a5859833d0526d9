"""Boxes of a detector on labelled scenes -> average precision and recall by floor, false boxes on empty pictures.

The network comes in as a callable on one letterboxed picture, so that torch, ONNX Runtime and OpenVINO are scored by
the same lines. Counting is as the data's README says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.scenes import Bgr8, Scene

Floats = NDArray[np.float32]
RunNetwork = Callable[[Floats], Floats]  # (1, 3, S, S), RGB 0..1 -> (1, 5, N): cx, cy, w, h, score


@dataclass(frozen=True, slots=True, eq=False)
class SceneResult:
    """One picture's truth and boxes. truth: (N, 4) corners; found: (M, 5) corners and score; stored pixels."""

    source: str
    truth: Floats
    found: Floats


def find_boxes(
    picture: Bgr8,
    run: RunNetwork,
    *,
    sides_px: Sequence[int] = (640,),
    floor_score: float = 0.01,
    iou: float = 0.5,
) -> Floats:
    """(M, 5): corners in pixels of `picture` and score, best first; several input sides share one suppression."""
    height, width = picture.shape[:2]
    parts = []
    for side in sides_px:
        scale = side / max(height, width)
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas = np.full((side, side, 3), 114, dtype=np.uint8)
        left, top = (side - w) // 2, (side - h) // 2
        canvas[top : top + h, left : left + w] = cv2.resize(picture, (w, h), interpolation=method)
        chw = np.ascontiguousarray(canvas[:, :, ::-1].transpose(2, 0, 1)[None], dtype=np.float32) / 255
        rows = run(chw)[0].T  # (N, 5)
        rows = rows[rows[:, 4] >= floor_score]
        corners = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], axis=1)
        corners = (corners - np.array([left, top, left, top])) / np.array([w / width, h / height] * 2)
        corners[:, [0, 2]] = corners[:, [0, 2]].clip(0, width)
        corners[:, [1, 3]] = corners[:, [1, 3]].clip(0, height)
        parts.append(np.concatenate([corners, rows[:, 4:]], axis=1))
    return suppress(np.concatenate(parts).astype(np.float32), iou=iou)


def suppress(boxes: Floats, *, iou: float) -> Floats:
    """Greedy non-maximum suppression of (M, 5), best first."""
    boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    kept: list[int] = []
    alive = np.ones(len(boxes), dtype=bool)
    for k in range(len(boxes)):
        if alive[k]:
            kept.append(k)
            alive &= iou_matrix(boxes[k : k + 1, :4], boxes[:, :4])[0] <= iou
    return boxes[kept]


def iou_matrix(a: Floats, b: Floats) -> Floats:
    """(N, 4) and (M, 4) corners -> (N, M)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    overlap = np.prod(np.clip(high - low, 0, None), axis=2)
    areas_a, areas_b = (np.prod(x[:, 2:] - x[:, :2], axis=1) for x in (a, b))
    return np.asarray(overlap / np.maximum(areas_a[:, None] + areas_b[None] - overlap, 1e-9), dtype=np.float32)


def run_on_scenes(scenes: Sequence[Scene], run: RunNetwork, *, sides_px: Sequence[int] = (640,)) -> list[SceneResult]:
    """Find boxes on every scene, empty ones among them."""
    results = []
    for scene in scenes:
        picture = scene.read()
        height, width = picture.shape[:2]
        truth = scene.boxes(height=height, width=width)
        results.append(SceneResult(scene.source, truth, find_boxes(picture, run, sides_px=sides_px)))
    return results


def precision_recall(results: Sequence[SceneResult], *, floor_px: float, iou: float = 0.5) -> tuple[Floats, Floats, int]:
    """(scores, hits, faces): every counted box by falling score, whether it hit a face, and the number of faces.

    Faces and unmatched boxes whose smaller side is below the floor are left out; a box on such a face too.
    """
    scores: list[float] = []
    hits: list[float] = []
    faces = 0
    for result in results:
        counted = _smaller_side(result.truth) >= floor_px
        faces += int(counted.sum())
        overlaps = iou_matrix(result.found[:, :4], result.truth)
        free = np.ones(len(result.truth), dtype=bool)
        for row, box in zip(overlaps, result.found, strict=True):
            match = _best(row, free & counted, iou)
            if match is None:
                ignored = _best(row, free & ~counted, iou)
                if ignored is not None:
                    free[ignored] = False
                    continue
                if float(_smaller_side(box[None])[0]) < floor_px:
                    continue
            else:
                free[match] = False
            scores.append(float(box[4]))
            hits.append(float(match is not None))
    order = np.argsort(-np.asarray(scores, dtype=np.float32), kind="stable")
    return np.asarray(scores, dtype=np.float32)[order], np.asarray(hits, dtype=np.float32)[order], faces


def average_precision(results: Sequence[SceneResult], *, floor_px: float, iou: float = 0.5) -> float:
    """Area under the precision-recall curve, precision made monotone, every recall step (VOC 2010)."""
    _, hits, faces = precision_recall(results, floor_px=floor_px, iou=iou)
    if not faces or not len(hits):
        return 0.0
    true = np.cumsum(hits, dtype=np.float64)
    recall = true / faces
    precision = true / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * envelope))


def recall_at(results: Sequence[SceneResult], *, floor_px: float, score: float) -> float:
    """Share of the faces from `floor_px` that a box of at least `score` hits at IoU 0.5."""
    scores, hits, faces = precision_recall(results, floor_px=floor_px)
    return float(hits[scores >= score].sum() / max(faces, 1))


def false_boxes_on_empty(results: Sequence[SceneResult], *, score: float) -> int:
    """Boxes of at least `score` on pictures without faces."""
    return sum(int((r.found[:, 4] >= score).sum()) for r in results if not len(r.truth))


def _smaller_side(boxes: Floats) -> Floats:
    return np.asarray(np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]), dtype=np.float32)


def _best(overlaps: Floats, allowed: NDArray[np.bool_], iou: float) -> int | None:
    """The allowed face of largest overlap, or None when none reaches `iou`."""
    if not allowed.any():
        return None
    best = int(np.argmax(np.where(allowed, overlaps, -1.0)))
    return best if overlaps[best] >= iou else None
