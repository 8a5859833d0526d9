"""The detector in depth: sizes it may be run at, recall by face size, turned photos, hard frames. One JSON document."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.detections import CURVE_SCORE, BoxFinder, ImageReader
from evaluation.datasets.pack import FacePicture, ScenePicture, read_boxes, read_picture
from evaluation.metrics.bootstrap import RESAMPLES, mean_figure
from evaluation.metrics.detection import IOU, ScenePair, average_precision_at, measure
from pipeline.nms import iou_matrix
from pipeline.quarter_turns import turn_box_back, turn_image
from pipeline.types import Box, Rgb8

SIZE_EDGES_PX: Final = (8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 96.0, 192.0, float("inf"))  # smaller side, stored picture
FLOORS_PX: Final = (16.0, 24.0)
STRICT_IOUS: Final = tuple(float(limit) for limit in np.linspace(0.5, 0.95, 10))
SHEET_SIDE: Final = 4
TILE_PX: Final = 160
# A sure face this large in the small pass ends the search of small-then-large, as a share of the photo's longer side.
LARGE_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One way to detect over all scenes."""

    pairs: tuple[ScenePair, ...]
    milliseconds: NDArray[np.float64]  # (scenes,)
    shapes: tuple[tuple[int, int], ...]  # (height, width) of each scene


def run_over(
    scenes: Sequence[ScenePicture], detector: BoxFinder, *, advance: Callable[[int], None] = lambda _done: None
) -> Run:
    """Detect upright in every scene at the curve's low threshold, timed without the decoding."""
    pairs, spent, shapes = [], [], []
    for scene in scenes:
        image = read_picture(scene.file)
        start = time.perf_counter()
        found = detector.detect(image, threshold=CURVE_SCORE)
        spent.append((time.perf_counter() - start) * 1e3)
        pairs.append(
            ScenePair(
                boxes=_corners([one.box for one in found]),
                scores=np.array([one.score for one in found], np.float32),
                faces=read_boxes(scene, width=image.shape[1], height=image.shape[0]),
                source=scene.source,
            )
        )
        shapes.append(image.shape[:2])
        advance(1)
    return Run(pairs=tuple(pairs), milliseconds=np.array(spent), shapes=tuple(shapes))


def small_then_large(small: Run, large: Run, *, sure: float) -> tuple[Run, float]:
    """Keep the small pass where it found a sure large face, else run the large one; also the share that stopped."""
    enough = np.array(
        [
            bool(((one.scores >= sure) & (_sides(one.boxes) >= LARGE_SHARE * max(shape))).any())
            for one, shape in zip(small.pairs, small.shapes, strict=True)
        ]
    )
    pairs = tuple(a if stop else b for a, b, stop in zip(small.pairs, large.pairs, enough, strict=True))
    spent = small.milliseconds + np.where(enough, 0.0, large.milliseconds)
    return Run(pairs=pairs, milliseconds=spent, shapes=small.shapes), float(enough.mean())


def summary(run: Run, *, threshold: float, resamples: int = RESAMPLES) -> dict[str, Any]:
    """AP, recall, false boxes on empty pictures and time of one way."""
    empty = [one for one in run.pairs if one.source == "empty"]
    return {
        "floors": {
            f"{floor:.0f}": {
                "at_50": measure(run.pairs, threshold=threshold, floor_px=floor, resamples=resamples),
                "ap_50_95": average_precision_at(run.pairs, floor_px=floor, ious=STRICT_IOUS),
            }
            for floor in FLOORS_PX
        },
        "false_on_empty": int(sum((one.scores >= threshold).sum() for one in empty)),
        "empty": len(empty),
        "ms_median": float(np.median(run.milliseconds)),
        "by_size": recall_by_size(run.pairs, threshold=threshold),
    }


def recall_by_size(pairs: Sequence[ScenePair], *, threshold: float) -> list[dict[str, Any]]:
    """The share of faces found at `threshold` by the smaller side of the face, pixels of the stored picture."""
    sides, found = [], []
    for one in pairs:
        sides.append(_smaller(one.faces))
        found.append(taken_faces(one, threshold=threshold))
    side, hit = np.concatenate(sides or [np.empty(0)]), np.concatenate(found or [np.empty(0, bool)])
    rows = []
    for low, high in itertools.pairwise(SIZE_EDGES_PX):
        mine = (side >= low) & (side < high)
        if mine.any():
            rows.append({"from_px": low, "to_px": high, "faces": int(mine.sum()), "recall": float(hit[mine].mean())})
    return rows


def taken_faces(one: ScenePair, *, threshold: float, iou: float = IOU) -> NDArray[np.bool_]:
    """Which faces (F,) a box of `threshold` and more takes, the surest box first, each face once."""
    free = iou_matrix(one.boxes, one.faces)
    found = np.zeros(len(one.faces), bool)
    for row in np.argsort(-one.scores, kind="stable"):
        if one.scores[row] < threshold or not len(found):
            break
        best = int(free[row].argmax())
        if free[row, best] >= iou:
            found[best] = True
            free[:, best] = -1.0
    return found


def as_answered(
    scenes: Sequence[ScenePicture],
    reader: ImageReader,
    *,
    turns: int = 0,
    floor_px: float = 24.0,
    advance: Callable[[int], None] = lambda _done: None,
) -> dict[str, Any]:
    """What the whole product finds in photos that lie `turns` quarter turns wrong: recall from floor_px on."""
    false = 0
    hits: list[NDArray[np.bool_]] = []
    for scene in scenes:
        image = read_picture(scene.file)
        height, width = image.shape[:2]
        answered = reader.read_image(turn_image(image, turns))
        boxes = [turn_box_back(face.box, turns, width=width, height=height) for face in answered.faces]
        one = ScenePair(
            boxes=_corners(boxes),
            scores=np.array([face.quality.score for face in answered.faces], np.float32),
            faces=read_boxes(scene, width=width, height=height),
            source=scene.source,
        )
        counted = _smaller(one.faces) >= floor_px
        hits.append(taken_faces(one, threshold=0.0)[counted])
        overlap = iou_matrix(one.boxes, one.faces)
        false += int(((overlap.max(axis=1, initial=0.0) < IOU) & (_smaller(one.boxes) >= floor_px)).sum())
        advance(1)
    photo = np.repeat(np.arange(len(hits)), [len(one) for one in hits])
    recall = mean_figure(np.concatenate(hits), photo) if len(photo) else None
    return {
        "photos": len(scenes),
        "faces": len(photo),
        "recall": None if recall is None else recall.value,
        "interval": None if recall is None else (recall.low, recall.high),
        "false_boxes": false,
    }


def frame_filling(pictures: Sequence[FacePicture], detector: BoxFinder) -> dict[str, int]:
    """Photos cut so tightly that the face fills the frame: how many have exactly one box over most of it."""
    found = 0
    for picture in pictures:
        image = _tight(picture)
        boxes = detector.detect(image)
        area = image.shape[0] * image.shape[1]
        found += len(boxes) == 1 and boxes[0].box.area >= 0.4 * area
    return {"photos": len(pictures), "found": found}


def contact_sheets(pictures: Sequence[FacePicture], detector: BoxFinder, *, side: int = SHEET_SIDE) -> list[int]:
    """Sheets of side x side portraits: how many boxes each gives, out of side squared."""
    counts = []
    step = side * side
    for start in range(0, len(pictures) - step + 1, step):
        tiles = [_tile(read_picture(picture.file)) for picture in pictures[start : start + step]]
        sheet = np.concatenate([np.concatenate(tiles[row * side : (row + 1) * side], axis=1) for row in range(side)])
        counts.append(len(detector.detect(np.ascontiguousarray(sheet))))
    return counts


def all_ways(
    runs: Mapping[str, Run], *, threshold: float, sure: float, small: str, large: str, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """Every way of `runs` by name, and small-then-large made of two of them."""
    ways: dict[str, Any] = {name: summary(one, threshold=threshold, resamples=resamples) for name, one in runs.items()}
    both, stopped = small_then_large(runs[small], runs[large], sure=sure)
    ways[f"{small}, then {large} where no large sure face was found"] = summary(
        both, threshold=threshold, resamples=resamples
    ) | {"stopped": stopped}
    return ways


def _tight(picture: FacePicture) -> Rgb8:
    """The picture cut to forehead, ears and chin: a square of 2.2 eye distances round the middle of the points."""
    image = read_picture(picture.file)
    middle = (picture.points[:2].mean(axis=0) + picture.points[3:].mean(axis=0)) / 2
    reach = 1.1 * float(np.hypot(*(picture.points[1] - picture.points[0])))
    height, width = image.shape[:2]
    x0, y0 = np.clip(np.floor(middle - reach).astype(int), 0, [width - 2, height - 2])
    x1, y1 = np.clip(np.ceil(middle + reach).astype(int), [x0 + 2, y0 + 2], [width, height])
    return np.ascontiguousarray(image[y0:y1, x0:x1])


def _tile(image: Rgb8) -> Rgb8:
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    square = image[top : top + side, left : left + side]
    return np.asarray(cv2.resize(square, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _corners(boxes: Sequence[Box]) -> NDArray[np.float32]:
    return np.array([(box.x0, box.y0, box.x1, box.y1) for box in boxes], np.float32).reshape(-1, 4)


def _smaller(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf), np.float64)


def _sides(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0), np.float64)
