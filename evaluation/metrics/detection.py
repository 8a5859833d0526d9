"""Average precision of face boxes, recall at the shipped threshold, false boxes. NumPy only, no files.

Counted as the data pack's README counts: a floor in px speaks of the smaller side in the stored picture. Faces and
boxes below the floor are neither counted nor punished, as COCO does by area: a box below it may hit a counted face,
and is dropped when it hits none. (`drop_small_boxes` drops them all before matching. Then a face just above the floor
is lost when its box comes out just below: of boxes perfect but for 3 % noise in size that alone takes 1.5 points of
AP at 16 and at 24 px, so the README's 0.973 and 0.986 for a real detector can't have been counted so.)
Faces below the floor are not counted, and a box that lies on one (IoU at the limit or above) is not punished.
Boxes are taken by falling score over the whole set; each takes the free counted face with the best IoU at or above
the limit, else it is passed over when it lies on a face below the floor, else it is false. AP is the area under the
precision envelope over recall, every step exact (Pascal VOC 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.bootstrap import RESAMPLES, SEED, Figure, draw, interval
from pipeline.nms import iou_matrix

IOU: Final = 0.5
FLOORS_PX: Final = (0.0, 16.0, 24.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenePair:
    """One picture: the boxes a detector gave, at a very low threshold, and the labelled ones."""

    boxes: NDArray[np.float32]  # (B, 4) x0, y0, x1, y1, pixels of the stored picture
    scores: NDArray[np.float32]  # (B,)
    faces: NDArray[np.float32]  # (F, 4), same frame
    source: str = ""  # the data pack's prefix: wider, celeba, portrait, mask, empty


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionScores:
    """One floor's row; intervals over pictures."""

    floor_px: float
    iou: float
    pictures: int
    faces: int
    ap: Figure
    threshold: float
    recall: Figure  # at `threshold`
    false_boxes: int  # at `threshold`, over all pictures


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdicts:
    """What became of every box that counts, by falling score over all pictures."""

    scores: NDArray[np.float32]  # (N,)
    hit: NDArray[np.bool_]  # (N,) True: it took a counted face, False: a false box
    picture: NDArray[np.int64]  # (N,)
    faces_of: NDArray[np.int64]  # (pictures,) counted faces


def judge(
    scenes: Sequence[ScenePair], *, floor_px: float = 0.0, iou: float = IOU, drop_small_boxes: bool = False
) -> Verdicts:
    """Match boxes with faces as the module says."""
    scores: list[NDArray[np.float32]] = []
    hits: list[NDArray[np.bool_]] = []
    pictures: list[NDArray[np.int64]] = []
    faces_of = np.zeros(len(scenes), np.int64)
    for k, scene in enumerate(scenes):
        counted = _smaller_side(scene.faces) >= floor_px
        faces_of[k] = counted.sum()
        large = _smaller_side(scene.boxes) >= floor_px
        keep = np.flatnonzero(large) if drop_small_boxes else np.arange(len(large))
        order = keep[np.argsort(-scene.scores[keep], kind="stable")]
        overlap = iou_matrix(scene.boxes[order], scene.faces)
        free = overlap[:, counted]
        on_uncounted = np.any(overlap[:, ~counted] >= iou, axis=1).reshape(-1)
        hit, judged = np.zeros(len(order), bool), np.ones(len(order), bool)
        for n in range(len(order)):
            best = int(free[n].argmax()) if free.shape[1] else -1
            if best >= 0 and free[n, best] >= iou:
                hit[n] = True
                free[:, best] = -1.0  # taken
            else:
                judged[n] = large[order[n]] and not on_uncounted[n]
        scores.append(scene.scores[order][judged])
        hits.append(hit[judged])
        pictures.append(np.full(int(judged.sum()), k, np.int64))
    all_scores = np.concatenate(scores) if scores else np.empty(0, np.float32)
    by_score = np.argsort(-all_scores, kind="stable")
    return Verdicts(
        scores=all_scores[by_score].astype(np.float32),
        hit=(np.concatenate(hits) if hits else np.empty(0, bool))[by_score],
        picture=(np.concatenate(pictures) if pictures else np.empty(0, np.int64))[by_score],
        faces_of=faces_of,
    )


def average_precision(verdicts: Verdicts, weights: NDArray[np.floating] | None = None) -> float:
    """Area under the precision envelope; `weights` (pictures,) counts a picture that often. NaN without a face."""
    each = np.ones(len(verdicts.faces_of)) if weights is None else np.asarray(weights, np.float64)
    faces = float((each * verdicts.faces_of).sum())
    if faces <= 0:
        return float("nan")
    weight = each[verdicts.picture]
    found = np.cumsum(weight * verdicts.hit)
    taken = np.cumsum(weight)
    precision = found / np.maximum(taken, 1e-12)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0.0], found / faces]))
    return float((steps * envelope).sum())


def measure(
    scenes: Sequence[ScenePair],
    *,
    threshold: float,
    floor_px: float = 0.0,
    iou: float = IOU,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> DetectionScores:
    """AP over all boxes given, recall and false boxes among those scored `threshold` or more."""
    verdicts = judge(scenes, floor_px=floor_px, iou=iou)
    shown = verdicts.scores >= threshold
    found_of = np.bincount(verdicts.picture[shown & verdicts.hit], minlength=len(scenes))
    faces = int(verdicts.faces_of.sum())
    ap_samples, recall_samples = np.empty(0), np.empty(0)
    if resamples and faces:
        weights = draw(len(scenes), resamples=resamples, seed=seed)
        ap_samples = np.array([average_precision(verdicts, row) for row in weights])
        counted = weights @ verdicts.faces_of
        recall_samples = (weights @ found_of) / np.where(counted > 0, counted, np.nan)
    return DetectionScores(
        floor_px=floor_px,
        iou=iou,
        pictures=len(scenes),
        faces=faces,
        ap=Figure(average_precision(verdicts), *interval(ap_samples)),
        threshold=threshold,
        recall=Figure(float(found_of.sum()) / faces if faces else float("nan"), *interval(recall_samples)),
        false_boxes=int((shown & ~verdicts.hit).sum()),
    )


def average_precision_at(
    scenes: Sequence[ScenePair],
    *,
    floor_px: float = 0.0,
    ious: Sequence[float] = (IOU,),
    drop_small_boxes: bool = False,
) -> float:
    """AP averaged over IoU limits, without an interval: (0.5, 0.55, ... 0.95) gives the stricter customary figure."""
    verdicts = [judge(scenes, floor_px=floor_px, iou=limit, drop_small_boxes=drop_small_boxes) for limit in ious]
    return float(np.mean([average_precision(one) for one in verdicts]))


def _smaller_side(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    corners = np.asarray(boxes, np.float64).reshape(-1, 4)
    return np.asarray((corners[:, 2:] - corners[:, :2]).min(axis=1), dtype=np.float64)
