"""Whole pictures with face boxes: YOLO labels, the split for choices, CelebA's own box list as such labels.

Reading and writing only; pictures are composed in `scene_synthesis`, networks are elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]  # (N, 4): x0, y0, x1, y1, pixels of the stored picture
Bgr8 = NDArray[np.uint8]  # (H, W, 3), OpenCV's order, as Ultralytics reads pictures

PICTURE_SUFFIXES = frozenset({".webp", ".jpg", ".jpeg", ".png"})


class ScenesError(Exception):
    """A scenes folder or a box list that can't be read; the message names file and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One picture and its label file; the picture is read on demand."""

    image: Path
    label: Path

    @property
    def source(self) -> str:
        """The prefix of the name: wider, celeba, portrait, mask, empty."""
        return self.image.name.split("_", 1)[0]

    def read(self) -> Bgr8:
        """(H, W, 3), BGR. Raises ScenesError when OpenCV can't read the file."""
        picture = cv2.imread(str(self.image), cv2.IMREAD_COLOR)
        if picture is None:
            raise ScenesError(f"{self.image}: not a picture that OpenCV can read")
        return np.asarray(picture, dtype=np.uint8)

    def boxes(self, *, height: int, width: int) -> Boxes:
        """(N, 4) pixels of a picture of that size; N is 0 for a picture without faces."""
        return read_yolo_labels(self.label, height=height, width=width)


def list_scenes(root: Path, split: str) -> list[Scene]:
    """Every picture of `root`/images/`split`, by name. Raises ScenesError when there is none or a label is missing."""
    folder = root / "images" / split
    pictures = sorted(p for p in folder.glob("*") if p.suffix.lower() in PICTURE_SUFFIXES)
    if not pictures:
        raise ScenesError(f"{folder}: no pictures; unpack the data pack's part `scenes` there")
    scenes = [Scene(image=p, label=root / "labels" / split / f"{p.stem}.txt") for p in pictures]
    for scene in scenes:
        if not scene.label.is_file():
            raise ScenesError(f"{scene.label}: no such label file (an empty picture has an empty one)")
    return scenes


def hold_out(scenes: Sequence[Scene], *, every: int) -> tuple[list[Scene], list[Scene]]:
    """Split into (kept, held out): every `every`-th picture of each source, in the order of names.

    Epochs, sizes and thresholds are chosen on the second part; the official `val` only reports.
    """
    kept: list[Scene] = []
    held: list[Scene] = []
    seen: dict[str, int] = {}
    for scene in sorted(scenes, key=lambda s: s.image.name):
        seen[scene.source] = seen.get(scene.source, 0) + 1
        (held if seen[scene.source] % every == 0 else kept).append(scene)
    return kept, held


def read_yolo_labels(path: Path, *, height: int, width: int) -> Boxes:
    """`class cx cy w h`, shares of the picture -> (N, 4) corners in pixels. Raises ScenesError on any other line."""
    rows: list[tuple[float, float, float, float]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            _, cx, cy, w, h = (float(word) for word in line.split())
        except ValueError as error:
            raise ScenesError(f"{path}:{number}: wanted `class cx cy w h`, got {line!r}") from error
        rows.append(
            (
                (cx - w / 2) * width,
                (cy - h / 2) * height,
                (cx + w / 2) * width,
                (cy + h / 2) * height,
            )
        )
    return np.asarray(rows, dtype=np.float32).reshape(-1, 4)


def yolo_label_text(boxes: Boxes, *, height: int, width: int) -> str:
    """(N, 4) corners in pixels -> the text of a label file, one class, boxes clipped to the picture.

    Boxes with nothing left inside the picture are left out.
    """
    lines = []
    for x0, y0, x1, y1 in boxes.astype(np.float64):
        left, right = np.clip([x0, x1], 0, width)
        top, bottom = np.clip([y0, y1], 0, height)
        if right - left <= 0 or bottom - top <= 0:
            continue
        numbers = (
            (left + right) / 2 / width,
            (top + bottom) / 2 / height,
            (right - left) / width,
            (bottom - top) / height,
        )
        lines.append("0 " + " ".join(f"{n:.6f}" for n in numbers))
    return "".join(line + "\n" for line in lines)


def read_celeba_boxes(path: Path) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """Rows of CelebA's `list_bbox_celeba.txt`: the file's name and x0, y0, x1, y1 in pixels.

    The format: first line the count, second line `image_id x_1 y_1 width height`, then a line a picture.
    Raises ScenesError when header, count or a row is not so.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) < 2 or not lines[0].strip().isdigit():
        raise ScenesError(f"{path}:1: wanted the number of pictures, as in CelebA's list_bbox_celeba.txt")
    if lines[1].split() != ["image_id", "x_1", "y_1", "width", "height"]:
        raise ScenesError(f"{path}:2: wanted `image_id x_1 y_1 width height`, got {lines[1]!r}")
    rows = [(number, line) for number, line in enumerate(lines[2:], start=3) if line.strip()]
    if len(rows) != int(lines[0]):
        raise ScenesError(f"{path}: the first line says {int(lines[0])} pictures, there are {len(rows)}")
    for number, line in rows:
        try:
            name, *words = line.split()
            x, y, w, h = (float(word) for word in words)
        except ValueError as error:
            raise ScenesError(f"{path}:{number}: wanted `file x y width height`, got {line!r}") from error
        yield name, (x, y, x + w, y + h)


def convert_celeba_boxes(bbox_file: Path, images: Path, labels: Path) -> int:
    """Write a YOLO label file for each picture of CelebA's box list that lies in `images`; return how many.

    images: the pictures the boxes belong to (CelebA's own list: the originals, `img_celeba`, not the aligned ones).
    Boxes without extent (the list has some of 0 x 0) are left out: such a picture is skipped, not made an empty one.
    """
    labels.mkdir(parents=True, exist_ok=True)
    written = 0
    for name, corners in read_celeba_boxes(bbox_file):
        picture = images / name
        x0, y0, x1, y1 = corners
        if not picture.is_file() or x1 <= x0 or y1 <= y0:
            continue
        pixels = Scene(image=picture, label=labels / "unused.txt").read()
        height, width = pixels.shape[:2]
        text = yolo_label_text(np.array([corners], dtype=np.float32), height=height, width=width)
        if text:
            (labels / f"{picture.stem}.txt").write_text(text, encoding="utf-8")
            written += 1
    return written
