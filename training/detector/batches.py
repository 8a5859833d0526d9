"""The batches of a detector run: which scenes, what is made of them, and the labels as Ultralytics' loss wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image

from training.data.scene_synthesis import Composed, Cutout, close_up, contact_sheet, cut_out, paste
from training.data.scenes import Boxes, Scene, hold_out, list_scenes
from training.detector.recipe import DetectorRecipe, Shares
from training.detector.samples import Labelled, sample, turned
from training.loop import step_seed

CUTOUT_PX: Final = 48.0  # smaller faces are not cut out for pasting and sheets
CLOSE_UP_PX: Final = 80.0  # smaller ones are too coarse to fill a frame
PASTED_PX: Final = 14.0  # the smallest that a pasted face becomes
FACES_MOST: Final = 6  # pasted onto one picture

Batch = dict[str, torch.Tensor]  # img, batch_idx, cls, bboxes: as Ultralytics' losses take them


def split_scenes(recipe: DetectorRecipe, data: Path) -> tuple[list[Scene], list[Scene]]:
    """(train, dev): the pictures trained on and those that choose; the official `val` is in neither."""
    return hold_out(list_scenes(data / "scenes", "train"), every=recipe.dev_every)


class SceneBatches:
    """The batch of a step, from the seed and the step alone."""

    def __init__(self, scenes: Sequence[Scene], recipe: DetectorRecipe) -> None:
        self._recipe = recipe
        self._scenes = {
            name: [scene for scene in scenes if scene.source == name]
            for name in ("wider", "mask", "portrait", "celeba", "empty")
        }
        shares = {one.name: float(getattr(recipe.shares, one.name)) for one in fields(Shares)}
        self._kinds = [
            name for name, share in shares.items() if share > 0 and (name not in self._scenes or self._scenes[name])
        ]
        self._boxes = {scene: _boxes_of(scene) for name in self._kinds for scene in self._scenes.get(name, ())}
        self._faces = [
            (scene, row, float(min(box[2:] - box[:2])))
            for scene, boxes in self._boxes.items()
            for row, box in enumerate(boxes)
        ]
        lacking = self._lacking()
        self._kinds = [name for name in self._kinds if name not in lacking]
        chances = np.array([shares[name] for name in self._kinds])
        self._chances = chances / chances.sum()

    def _lacking(self) -> set[str]:
        """The composed kinds that these scenes have no faces, or no empty pictures, for."""
        lacking = set() if any(size >= CLOSE_UP_PX for *_, size in self._faces) else {"close_up"}
        if not any(size >= CUTOUT_PX and _alone(self._boxes[s][k], self._boxes[s]) for s, k, size in self._faces):
            lacking |= {"pasted", "sheet"}
        return lacking if self._scenes["empty"] else lacking | {"pasted"}

    def __call__(self, step: int) -> Batch:
        rng = np.random.default_rng(step_seed(self._recipe.seed, step))
        side = int(rng.choice(self._recipe.sample.sides_px))
        return as_batch([self._picture(side, rng) for _ in range(self._recipe.batch)])

    def _picture(self, side_px: int, rng: np.random.Generator) -> Labelled:
        kind = str(rng.choice(self._kinds, p=self._chances))
        if kind in self._scenes:
            pool = self._scenes[kind]
            scene = self._read(pool[int(rng.integers(len(pool)))])
            if rng.random() < self._recipe.sample.turned:
                scene = turned(scene, int(rng.integers(1, 4)))
        else:
            composed = self._composed(kind, rng)
            scene = Labelled(composed.pixels, composed.boxes)
            if kind == "close_up":  # as tight as it is
                return _fitted(scene, self._recipe, side_px=side_px, rng=rng)
        return sample(scene, self._recipe.sample, side_px=side_px, rng=rng)

    def _read(self, scene: Scene) -> Labelled:
        return Labelled(scene.read(), self._boxes[scene])

    def _composed(self, kind: str, rng: np.random.Generator) -> Composed:
        if kind == "pasted":
            pool = self._scenes["empty"]
            canvas = pool[int(rng.integers(len(pool)))].read()
            cutouts = self._cutouts(int(rng.integers(1, FACES_MOST + 1)), (1.2, 1.7), rng)
            return paste(canvas, cutouts, smallest_px=PASTED_PX, rng=rng)
        if kind == "sheet":
            columns = int(rng.integers(2, 6))
            cell = int(rng.integers(480, 721)) // columns
            cutouts = self._cutouts(columns * columns, (1.2, 1.8), rng)
            return contact_sheet(cutouts, columns=columns, cell_px=cell, gap_px=int(rng.integers(0, 9)))
        while True:
            scene, row = self._face(CLOSE_UP_PX, rng)
            boxes = self._boxes[scene]
            near = close_up(scene.read(), boxes, row, rng=rng)
            if near is not None and len(near.boxes):
                return near

    def _face(self, smallest_px: float, rng: np.random.Generator) -> tuple[Scene, int]:
        while True:
            scene, row, size = self._faces[int(rng.integers(len(self._faces)))]
            if size >= smallest_px:
                return scene, row

    def _cutouts(self, count: int, expand: tuple[float, float], rng: np.random.Generator) -> list[Cutout]:
        cutouts: list[Cutout] = []
        while len(cutouts) < count:
            scene, row = self._face(CUTOUT_PX, rng)
            boxes = self._boxes[scene]
            if _alone(boxes[row], boxes):
                cutouts.append(cut_out(scene.read(), boxes[row], expand=float(rng.uniform(*expand))))
        return cutouts


def as_batch(pictures: Sequence[Labelled]) -> Batch:
    """Pictures of one size and their labels: images RGB 0..1, boxes (centre and size) as shares of the side."""
    side = pictures[0].pixels.shape[0]
    images = np.stack([picture.pixels[:, :, ::-1].transpose(2, 0, 1) for picture in pictures])
    boxes = np.concatenate([picture.boxes for picture in pictures]).astype(np.float32) / side
    counts = [len(picture.boxes) for picture in pictures]
    return {
        "img": torch.from_numpy(np.ascontiguousarray(images))
        .float()
        .div_(255)
        .contiguous(memory_format=torch.channels_last),
        "batch_idx": torch.from_numpy(np.repeat(np.arange(len(pictures)), counts).astype(np.float32)),
        "cls": torch.zeros(len(boxes), 1),
        "bboxes": torch.from_numpy(np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], 1)),
    }


def _fitted(scene: Labelled, recipe: DetectorRecipe, *, side_px: int, rng: np.random.Generator) -> Labelled:
    """The whole picture on the canvas, its longer side as long as the canvas or a little shorter."""
    scale = float(rng.uniform(1.0, 1.25)) * max(scene.pixels.shape[:2]) / min(scene.pixels.shape[:2])
    plain = replace(recipe.sample, crop=(scale, scale * 1.001), on_face=0.0, enlarged_most=1e9)
    return sample(scene, plain, side_px=side_px, rng=rng)


def _alone(box: Boxes, others: Boxes) -> bool:
    """Whether no other face reaches into 1.8 times the box: a cutout carries one face, its own."""
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * 0.9
    low, high = centre - half, centre + half
    reaching = ((others[:, :2] < high) & (others[:, 2:] > low)).all(axis=1)
    return int(reaching.sum()) <= 1


def _boxes_of(scene: Scene) -> Boxes:
    with Image.open(scene.image) as picture:  # reads the header alone
        width, height = picture.size
    return scene.boxes(height=height, width=width)
