"""CelebA's own box list, and its boxes as YOLO labels. Its other lists are read by `index.celeba`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training.data.scenes import Scene, ScenesError, yolo_label_text


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


def convert_celeba_boxes(bbox_file: Path, images: Path, labels: Path, *, link: Path | None = None) -> int:
    """Write a YOLO label file for each picture of CelebA's box list that lies in `images`; return how many.

    images: the pictures the boxes belong to (CelebA's own list: the originals, `img_celeba`, not the aligned ones).
    link: a folder of scenes (`scenes/images/train`) that gets a link to each picture; link and label are then named
    `celeba_NAME`, since a scene's name begins with its source.
    Boxes without extent (the list has some of 0 x 0) are left out: such a picture is skipped, not made an empty one.
    """
    labels.mkdir(parents=True, exist_ok=True)
    prefix = "" if link is None else "celeba_"
    if link is not None:
        link.mkdir(parents=True, exist_ok=True)
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
            (labels / f"{prefix}{picture.stem}.txt").write_text(text, encoding="utf-8")
            if link is not None and not (link / f"{prefix}{name}").exists():
                (link / f"{prefix}{name}").symlink_to(picture.resolve())
            written += 1
    return written
