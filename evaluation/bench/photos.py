"""The photos of `make bench`: which scenes they are, and how they are made 1280 px.

Taken are val scenes that are enlarged at most twice and have one to three labelled faces, none small, of which every
system finds and embeds exactly these: so all do the same work. Of them COUNT are taken, evenly over their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.pack import ScenePicture, read_boxes, read_picture, read_scenes
from evaluation.metrics.detection import IOU
from pipeline.nms import iou_matrix
from pipeline.types import Rgb8

SIDE_PX: Final = 1280  # longer side
COUNT: Final = 40
MOST_ENLARGED: Final = 2.0
MOST_FACES: Final = 3
LEAST_FACE_PX: Final = 24.0  # smaller side, in the stored picture
JPEG_QUALITY: Final = 90
LIST: Final = Path(__file__).with_name("photos.txt")


def candidates(data: Path) -> list[ScenePicture]:
    """Val scenes that are large enough and have few faces, none of them small."""
    found = []
    for scene in read_scenes(data, split="val"):
        height, width = read_picture(scene.file).shape[:2]
        faces = read_boxes(scene, width=width, height=height)
        large = max(height, width) * MOST_ENLARGED >= SIDE_PX
        if large and 1 <= len(faces) <= MOST_FACES and (faces[:, 2:] - faces[:, :2]).min() >= LEAST_FACE_PX:
            found.append(scene)
    return found


def listed(data: Path) -> list[ScenePicture]:
    """The scenes that LIST names. Raises KeyError where the data pack has one of them no more."""
    scenes = {scene.file.name: scene for scene in read_scenes(data, split="val")}
    return [scenes[name] for name in LIST.read_text(encoding="utf-8").split()]


def write(scenes: Sequence[ScenePicture], folder: Path) -> list[Path]:
    """Write each scene as a JPEG of SIDE_PX into the folder, where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for scene in scenes:
        file = folder / f"{scene.file.stem}.jpg"
        if not file.is_file():
            image = _scaled(read_picture(scene.file))
            cv2.imwrite(str(file), cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        files.append(file)
    return files


def faces_of(scene: ScenePicture) -> NDArray[np.float32]:
    """The labelled faces (F, 4) in pixels of the photo that `write` makes of the scene."""
    height, width = _scaled(read_picture(scene.file)).shape[:2]
    return read_boxes(scene, width=width, height=height)


def choose(scenes: Sequence[ScenePicture], found: Mapping[str, Sequence[NDArray[np.float32]]]) -> list[ScenePicture]:
    """Take COUNT of the scenes in which every system's boxes are the labelled faces. found: system -> boxes a scene."""
    same = [
        scene for k, scene in enumerate(scenes) if all(exactly(boxes[k], faces_of(scene)) for boxes in found.values())
    ]
    rows = np.unique(np.linspace(0, len(same) - 1, min(COUNT, len(same))).round().astype(int))
    return [same[row] for row in rows]


def exactly(boxes: NDArray[np.float32], faces: NDArray[np.float32]) -> bool:
    """Say whether there is one box a face and a face for each box, each pair at the usual IoU."""
    if len(boxes) != len(faces):
        return False
    overlap = iou_matrix(boxes.reshape(-1, 4), faces)
    return bool((overlap.max(axis=1) >= IOU).all() and (overlap.max(axis=0) >= IOU).all())


def _scaled(image: Rgb8) -> Rgb8:
    scale = SIDE_PX / max(image.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)
