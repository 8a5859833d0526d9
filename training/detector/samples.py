"""One picture of a training batch, made of a scene: cut out, scaled, mirrored, its colours changed. Pixels and numbers.

Boxes (N, 4) are corners in pixels of the picture that they come with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from pipeline.letterbox import PADDING_GREY
from training.data.scenes import Bgr8, Boxes
from training.detector.recipe import SampleRecipe

TRIES: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A picture and its faces."""

    pixels: Bgr8
    boxes: Boxes


def sample(scene: Labelled, recipe: SampleRecipe, *, side_px: int, rng: np.random.Generator) -> Labelled:
    """Cut a square out of a scene and scale it to side_px."""
    chosen = None
    for _ in range(TRIES):
        window = _window(scene, recipe, side_px=side_px, rng=rng)
        chosen = _cut(scene, window, recipe, side_px=side_px)
        if chosen is not None:
            break
    if chosen is None:  # every window cut a face so that nobody could say: the whole scene is shown
        height, width = scene.pixels.shape[:2]
        longer = float(max(height, width))
        whole = ((width - longer) / 2, (height - longer) / 2, longer)
        chosen = _cut(scene, whole, recipe, side_px=side_px, whole=True)
        if chosen is None:  # pragma: no cover - `whole` keeps all
            raise AssertionError
    if rng.random() < recipe.flip:
        chosen = mirrored(chosen)
    return Labelled(recoloured(chosen.pixels, recipe, rng=rng), chosen.boxes)


def mirrored(picture: Labelled) -> Labelled:
    """The mirror image."""
    width = picture.pixels.shape[1]
    boxes = picture.boxes.copy()
    boxes[:, [0, 2]] = width - picture.boxes[:, [2, 0]]
    return Labelled(np.ascontiguousarray(picture.pixels[:, ::-1]), boxes)


def turned(picture: Labelled, quarters: int) -> Labelled:
    """The picture turned counter-clockwise."""
    pixels, boxes = picture.pixels, picture.boxes
    for _ in range(quarters):
        width = pixels.shape[1]
        boxes = np.stack([boxes[:, 1], width - boxes[:, 2], boxes[:, 3], width - boxes[:, 0]], axis=1)
        pixels = np.rot90(pixels)
    return Labelled(np.ascontiguousarray(pixels), boxes)


def recoloured(pixels: Bgr8, recipe: SampleRecipe, *, rng: np.random.Generator) -> Bgr8:
    """Other light, other colours, blur, and the marks of another JPEG."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)[..., None].astype(np.float32)
    saturation = 0.0 if rng.random() < recipe.grey else float(rng.uniform(*recipe.saturation))
    changed = (grey + (pixels - grey) * saturation) * float(rng.uniform(*recipe.gain))
    out = np.clip(changed, 0, 255).astype(np.uint8)
    if rng.random() < recipe.blur:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.3, 1.5))), np.uint8)
    if rng.random() < recipe.jpeg:
        _, stored = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 91))])
        out = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)
    return out


def _window(
    scene: Labelled, recipe: SampleRecipe, *, side_px: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Left, top and side of the square that is cut out, in the scene's pixels; it may reach beyond the scene."""
    height, width = scene.pixels.shape[:2]
    low, high = np.log(recipe.crop)
    side = min(height, width) * float(np.exp(rng.uniform(low, high)))
    side = max(side, side_px / recipe.enlarged_most)
    if len(scene.boxes) and rng.random() < recipe.on_face:
        x0, y0, x1, y1 = (float(edge) for edge in scene.boxes[int(rng.integers(len(scene.boxes)))])
        middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        reach = np.maximum(side / 2 - np.array([x1 - x0, y1 - y0]) / 4, 0.0)
        left, top = middle + rng.uniform(-1.0, 1.0, size=2) * reach - side / 2
        return float(left), float(top), side
    spare = np.array([width, height]) - side  # below 0 the scene lies somewhere inside of the square
    left, top = rng.uniform(np.minimum(spare, 0.0), np.maximum(spare, 0.0))
    return float(left), float(top), side


def _cut(
    scene: Labelled,
    window: tuple[float, float, float],
    recipe: SampleRecipe,
    *,
    side_px: int,
    whole: bool = False,
) -> Labelled | None:
    """The square on a canvas of side_px; None where it cuts a face so that nobody could say whether it is one."""
    left, top, side = window
    scale = side_px / side
    moved = (scene.boxes - np.array([left, top, left, top], np.float32)) * np.float32(scale)
    seen = moved.clip(0, side_px)
    area = np.maximum((moved[:, 2] - moved[:, 0]) * (moved[:, 3] - moved[:, 1]), 1e-6)
    share = (seen[:, 2] - seen[:, 0]) * (seen[:, 3] - seen[:, 1]) / area
    smaller = (moved[:, 2:] - moved[:, :2]).min(axis=1, initial=np.inf)
    counts = (seen[:, 2:] - seen[:, :2]).min(axis=1, initial=np.inf) >= recipe.smallest_px
    if not whole and bool(
        ((share > recipe.unseen) & (share < recipe.seen) & (smaller >= 2 * recipe.smallest_px)).any()
    ):
        return None
    kept = (share >= recipe.seen) & counts
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    height, width = scene.pixels.shape[:2]
    x0, y0 = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
    x1, y1 = min(width, int(np.ceil(left + side))), min(height, int(np.ceil(top + side)))
    inside = scene.pixels[y0:y1, x0:x1]
    size = (max(1, round(inside.shape[1] * scale)), max(1, round(inside.shape[0] * scale)))
    scaled = cv2.resize(inside, size, interpolation=method)
    canvas = np.full((side_px, side_px, 3), PADDING_GREY, np.uint8)
    x, y = max(0, round((x0 - left) * scale)), max(0, round((y0 - top) * scale))
    fitting = scaled[: side_px - y, : side_px - x]
    canvas[y : y + fitting.shape[0], x : x + fitting.shape[1]] = fitting
    return Labelled(canvas, np.asarray(seen[kept], np.float32))
