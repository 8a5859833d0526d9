"""Readers of pictures with one face and its points: the landmark sets, CelebA's own lists, the `wild` folder.

Files and rows only: no cropping, no torch. All coordinates are pixels of the stored picture, five points in the
order of `pipeline.types`. Which split a row belongs to is decided here and nowhere else: `dev` is held out of the
train rows and makes the choices, `val` only reports.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from evaluation.datasets import pack
from index.celeba import ALIGNED_FOLDER, LANDMARKS, PARTITION, read_identities, read_landmarks, read_partition
from index.source import IDENTITY_FILE
from pipeline.types import FloatArray, Points5
from training.data import people
from training.data.celeba_boxes import read_celeba_boxes
from training.data.people import SPLITS

WILD_LANDMARKS: Final = "list_landmarks_celeba"  # upstream's, of the pictures in WILD_FOLDER
WILD_FOLDER: Final = "img_celeba"
DEV_ONE_IN: Final = 12  # of the train pictures (of the train people in `ytf68`), held out for choices


class Schema(StrEnum):
    """What the points of a set are."""

    CELEBA5 = "celeba5"  # five points, the order of `pipeline.types`
    IBUG68 = "ibug68"  # the 68 of 300-W
    EYES12 = "eyes12"  # its points 36 to 47: six round each eye, left of the picture first


@dataclass(frozen=True, slots=True)
class SchemaInfo:
    """A schema's size, its mirror order and how it becomes what the aligner needs."""

    count: int
    mirrored: tuple[int, ...]  # row k of the mirrored face is row mirrored[k] of the face
    to_align: Callable[[FloatArray], FloatArray]  # (count, 2) -> (5, 2), or (2, 2) eye centres for eyes12


def _five_from_68(points: FloatArray) -> FloatArray:
    """Eyes are the mean of their six points; nose tip 30; mouth corners 48 and 54."""
    eyes = (points[36:42].mean(axis=0), points[42:48].mean(axis=0))
    return np.stack([*eyes, points[30], points[48], points[54]]).astype(np.float32)


def _eyes_from_12(points: FloatArray) -> FloatArray:
    return np.stack([points[:6].mean(axis=0), points[6:].mean(axis=0)]).astype(np.float32)


def _mirror_68() -> tuple[int, ...]:
    """300-W's order read from the other side: jaw, brows, nose, eyes, lips."""
    pairs = [(k, 16 - k) for k in range(8)] + [(17 + k, 26 - k) for k in range(5)]
    pairs += [(31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    pairs += [(48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67)]
    order = list(range(68))
    for a, b in pairs:
        order[a], order[b] = b, a
    return tuple(order)


_MIRROR_68: Final = _mirror_68()
SCHEMAS: Final[dict[Schema, SchemaInfo]] = {
    Schema.CELEBA5: SchemaInfo(5, (1, 0, 2, 4, 3), lambda points: points),
    Schema.IBUG68: SchemaInfo(68, _MIRROR_68, _five_from_68),
    Schema.EYES12: SchemaInfo(12, tuple(_MIRROR_68[k] - 36 for k in range(36, 48)), _eyes_from_12),
}


# How far right of their place a set's points lie, px of its stored pictures. Measured: a network trained with plain
# flips can't know left from right, so what remains in x between it and a set is the set's own (160 faces each,
# +-0.07 px). It comes from counting pixels from 1 and from measuring from a pixel's corner rather than its centre. In
# y it can't be told from where eyes and mouth are meant to be, and needs no care: pictures are not turned over.
RIGHT_OF_PLACE_PX: Final = {"helen_afw": 1.15, "mtfl": 0.16, "ytf68": 1.16, "celeba": 0.72, "wild": 0.65}


def mirror_points(
    points: FloatArray, *, width: int, schema: Schema = Schema.CELEBA5, right_of_place_px: float = 0.0
) -> FloatArray:
    """The points of the picture flipped left to right. Pixel centres: column x becomes width - 1 - x.

    right_of_place_px: of these points; the mirrored ones lie as far right of their place again, not left.
    """
    flipped = points[list(SCHEMAS[schema].mirrored)].copy()
    flipped[:, 0] = width - 1 - flipped[:, 0] + 2 * right_of_place_px
    return flipped


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceWithPoints:
    """One picture with one face. `points` follow `schema`; `box` is the one the set gives, if any."""

    path: Path
    points: FloatArray  # (N, 2)
    box: tuple[float, float, float, float] | None  # x0, y0, x1, y1
    source: str  # helen_afw, mtfl, ytf68, celeba, wild
    group: str  # pictures of one group never part into two splits: a person, else the file
    schema: Schema = Schema.CELEBA5

    @property
    def five(self) -> Points5:
        """(5, 2). Raises ValueError for a schema that has only eyes."""
        points = SCHEMAS[self.schema].to_align(self.points)
        if points.shape != (5, 2):
            raise ValueError(f"{self.schema} has no five points, it aligns by {len(points)}")
        return points


def read_landmark_sets(
    folder: Path, *, split: str, schema: Schema = Schema.CELEBA5, sets: Sequence[str] | None = None
) -> list[FaceWithPoints]:
    """Rows of `points5.csv` or `points68.csv`. split: train, dev, fit (train without dev) or val.

    celeba5 reads the five of all sets; ibug68 and eyes12 read `points68.csv` (helen_afw and ytf68 have it).
    """
    name = "points5.csv" if schema is Schema.CELEBA5 else "points68.csv"
    wanted = "val" if split == "val" else "train"
    faces = []
    for row in pack.rows(folder / name):
        if row["split"] != wanted or (sets is not None and row["set"] not in sets):
            continue
        points = pack.points_of(row, 5 if schema is Schema.CELEBA5 else 68)
        person = row["file"].rsplit("_", 1)[0] if row["set"] == "ytf68" else row["file"]
        box = pack.box_of(row)
        faces.append(
            FaceWithPoints(
                path=folder / row["set"] / row["file"],
                points=points[36:48] if schema is Schema.EYES12 else points,
                box=(box.x0, box.y0, box.x1, box.y1),
                source=row["set"],
                group=f"{row['set']}/{person}",
                schema=schema,
            )
        )
    return _part(faces, split)


def celeba_faces(
    folder: Path, *, split: str = "train", min_eye_px: float = 0.0, in_the_wild: bool = False
) -> list[FaceWithPoints]:
    """Pictures in CelebA's layout with its points and, if there, boxes that belong to the same pictures.

    in_the_wild: `img_celeba/` with `list_landmarks_celeba.txt` and `list_bbox_celeba.txt`, which upstream gives for the
    whole pictures; else `img_align_celeba/` with `list_landmarks_align_celeba.txt`, and boxes only beside the pack's
    `pictures.csv`, whose box list is in the aligned picture. That table narrows the split further where it is there:
    `none` and `gallery` are left out. Without it only `list_eval_partition.txt` says the split.
    """
    partition = read_partition(folder / f"{PARTITION}.txt")
    kept = {name for name, number in partition.items() if SPLITS[number] == split}
    table = folder / "pictures.csv"
    if table.is_file():
        kept &= {row["file"] for row in pack.rows(table) if row["split"] == split}
    box_list = folder / "list_bbox_celeba.txt"
    boxes = dict(read_celeba_boxes(box_list)) if box_list.is_file() and in_the_wild != table.is_file() else {}
    identities = read_identities(folder / IDENTITY_FILE)
    points_list, pictures = (WILD_LANDMARKS, WILD_FOLDER) if in_the_wild else (LANDMARKS, ALIGNED_FOLDER)
    return [
        FaceWithPoints(
            path=folder / pictures / name,
            points=points,
            box=boxes.get(name),
            source="celeba",
            group=f"celeba/{identities.get(name, name)}",
        )
        for name, points in read_landmarks(folder / f"{points_list}.txt").items()
        if name in kept and float(np.linalg.norm(points[1] - points[0])) >= min_eye_px
    ]


def wild_faces(data: Path, *, split: str = "train") -> list[FaceWithPoints]:
    """The pack's `wild` below `data`: aligned 144 px pictures with a reference network's points."""
    return [
        FaceWithPoints(path=picture.path, points=picture.points, box=None, source="wild", group=picture.person)
        for picture in people.wild_pictures(data)
        if picture.split == split
    ]


def is_dev(group: str) -> bool:
    """One group in DEV_ONE_IN, by a hash of its name, so that it stays when rows come or go."""
    return zlib.crc32(group.encode()) % DEV_ONE_IN == 0


def _part(faces: Iterable[FaceWithPoints], split: str) -> list[FaceWithPoints]:
    match split:
        case "train" | "val":
            return list(faces)
        case "dev":
            return [face for face in faces if is_dev(face.group)]
        case "fit":
            return [face for face in faces if not is_dev(face.group)]
        case _:
            raise ValueError(f"split is train, fit, dev or val, got {split!r}")
