"""The detector's training folder: links to the scenes as often as the recipe repeats them, and composed pictures.

Made once, before the first epoch, in the run's own folder: data folders stay as they are (Ultralytics writes a cache
of the labels beside them).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from training.config import recipe_values
from training.data.scene_synthesis import Composed, Cutout, close_up, contact_sheet, cut_out, paste
from training.data.scenes import Boxes, Scene, hold_out, list_scenes, yolo_label_text
from training.detector.recipe import DetectorRecipe


def split_scenes(recipe: DetectorRecipe, data: Path) -> tuple[list[Scene], list[Scene]]:
    """(train, dev): the pictures trained on and those that choose; the official `val` is in neither."""
    return hold_out(list_scenes(data / "scenes", "train"), every=recipe.dev_every)


def make_training_folder(recipe: DetectorRecipe, data: Path, folder: Path) -> Path:
    """Fill `folder`/images/train and labels/train, dev beside them; return it.

    A finished folder is taken as it is, unless the recipe's pictures are others than those it was made with.
    """
    finished = folder / "finished"
    made_with = _picture_choices(recipe, data)
    if finished.is_file() and finished.read_text(encoding="utf-8") == made_with:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    train, dev = split_scenes(recipe, data)
    for part in ("train", "dev"):
        (folder / "images" / part).mkdir(parents=True)
        (folder / "labels" / part).mkdir(parents=True)
    for scene in train:
        for copy in range(recipe.repeats.of(scene.source)):
            _link(scene, folder, "train", f"{scene.image.stem}__{copy}")
    for scene in dev:
        _link(scene, folder, "dev", scene.image.stem)
    for name, composed in compose(recipe, train):
        height, width = composed.pixels.shape[:2]
        cv2.imwrite(str(folder / "images/train" / f"{name}.jpg"), composed.pixels, [cv2.IMWRITE_JPEG_QUALITY, 93])
        text = yolo_label_text(composed.boxes, height=height, width=width)
        (folder / "labels/train" / f"{name}.txt").write_text(text, encoding="utf-8")
    finished.write_text(made_with, encoding="utf-8")
    return folder


def _picture_choices(recipe: DetectorRecipe, data: Path) -> str:
    """Everything of the recipe that decides which pictures there are, and where they come from."""
    values = recipe_values(recipe)
    decides = {name: values[name] for name in ("dev_every", "repeats", "seed", "synthesis")}
    return json.dumps({**decides, "data": str(data.resolve())}, sort_keys=True)


def compose(recipe: DetectorRecipe, train: Sequence[Scene]) -> Iterator[tuple[str, Composed]]:
    """Pasted pictures, close-ups and contact sheets from the training pictures; the seed decides all of them."""
    wanted = recipe.synthesis
    rng = np.random.default_rng(recipe.seed)
    faces = [
        (scene, box, float(min(box[2:] - box[:2])))
        for scene in train
        if scene.source != "empty"
        for box in _boxes(scene)
    ]
    for_cutting = [face for face in faces if face[2] >= wanted.cutout_smallest_px and _alone(face[1], _boxes(face[0]))]
    for_close_ups = [face for face in faces if face[2] >= wanted.close_up_smallest_px]

    def cutouts(count: int, *, expand: tuple[float, float]) -> list[Cutout]:
        chosen = rng.integers(0, len(for_cutting), size=count)
        return [cut_out(for_cutting[k][0].read(), for_cutting[k][1], expand=rng.uniform(*expand)) for k in chosen]

    for scene in (s for s in train if s.source == "empty"):
        for copy in range(wanted.pasted_per_empty):
            count = int(rng.integers(1, wanted.pasted_faces_max + 1))
            several = cutouts(count, expand=(1.2, 1.7))
            composed = paste(scene.read(), several, smallest_px=wanted.pasted_smallest_px, rng=rng)
            yield f"pasted_{scene.image.stem}_{copy}", composed
    made = 0
    while made < wanted.close_ups:
        scene, box, _ = for_close_ups[int(rng.integers(0, len(for_close_ups)))]
        boxes = _boxes(scene)
        which = int(np.argmin(np.abs(boxes - box).sum(axis=1)))
        near = close_up(scene.read(), boxes, which, rng=rng)
        if near is not None and len(near.boxes):
            yield f"close_{made:04d}", near
            made += 1
    for sheet in range(wanted.sheets):
        columns = int(rng.integers(2, 6))
        cells = cutouts(columns * columns, expand=(1.2, 1.8))
        side = int(rng.integers(480, 721)) // columns
        yield f"sheet_{sheet:03d}", contact_sheet(cells, columns=columns, cell_px=side, gap_px=int(rng.integers(0, 9)))


def _alone(box: Boxes, others: Boxes) -> bool:
    """Whether no other face reaches into 1.8 times the box: a cutout carries one face, its own."""
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * 0.9
    reach = (others[:, :2] < centre + half).all(axis=1) & (others[:, 2:] > centre - half).all(axis=1)
    return int(reach.sum()) == 1


def _boxes(scene: Scene) -> Boxes:
    height, width = scene.read().shape[:2]
    return scene.boxes(height=height, width=width)


def _link(scene: Scene, folder: Path, part: str, name: str) -> None:
    (folder / "images" / part / f"{name}{scene.image.suffix}").symlink_to(scene.image.resolve())
    shutil.copyfile(scene.label, folder / "labels" / part / f"{name}.txt")
