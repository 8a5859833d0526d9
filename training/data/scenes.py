"""Whole pictures with face boxes: YOLO labels and the split for choices.

Reading and writing only; pictures are composed in `scene_synthesis`, networks are elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.pack import ScenePicture, read_boxes
from training.command_line import Refused

Boxes = NDArray[np.float32]  # (N, 4): x0, y0, x1, y1, pixels of the stored picture
Bgr8 = NDArray[np.uint8]  # (H, W, 3), OpenCV's order, as Ultralytics reads pictures

PICTURE_SUFFIXES = frozenset({".webp", ".jpg", ".jpeg", ".png"})


class ScenesError(Refused):
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
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            numbers = [float(word) for word in line.split()]
        except ValueError:
            numbers = []
        if line.strip() and len(numbers) != 5:
            raise ScenesError(f"{path}:{number}: wanted `class cx cy w h`, got {line!r}")
    return read_boxes(ScenePicture(file=path, labels=path, source=""), width=width, height=height)


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
