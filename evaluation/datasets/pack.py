"""Readers of the data pack's layout: labelled people, faces with human points, whole scenes. Pictures are not kept.

Everything a figure is counted on is listed here: which pictures, whose, with which points and boxes. A picture file is
WebP whatever its name ends in, so it is read by its content. No metric and no network lives here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from index.celeba import ALIGNED_FOLDER, INFERRED_NAMES, LANDMARKS, read_landmarks
from pipeline.types import Box, FloatArray, Points5, Rgb8

SCENE_SOURCES: Final = ("wider", "celeba", "portrait", "mask", "empty")
LANDMARK_SETS: Final = ("helen_afw", "mtfl", "ytf68")
REFERENCE_SET: Final = "celeba"  # its points are a network's, whose points on other pictures training saw


class DataMissing(Exception):  # noqa: N818 - named for what it is
    """The data pack, or a part of it, is not where it was looked for; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FacePicture:
    """One picture of a labelled person, one face in it."""

    file: Path
    person: str
    split: str  # train, val, gallery, none
    source: str  # celeba: aligned, wild, half, small; wild: pins, kpop
    points: Points5  # pixels of the picture
    eye_distance_px: float = float("nan")  # in the original, before it was cut and scaled for the pack
    detector_score: float = float("nan")  # of the pack's reference detector


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointsPicture:
    """A tight crop with one labelled face."""

    file: Path
    set_name: str
    box: Box  # as given with the points
    points: Points5  # pixels of the picture


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenePicture:
    """A whole picture and its YOLO label file (absent or empty: no face)."""

    file: Path
    labels: Path
    source: str  # one of SCENE_SOURCES


def read_celeba(root: Path) -> list[FacePicture]:
    """All pictures of celeba/pictures.csv in its order, with the points of the aligned pictures."""
    folder = root / "celeba"
    points = read_landmarks(_present(folder / f"{LANDMARKS}.txt"))
    return [
        FacePicture(
            file=folder / ALIGNED_FOLDER / row["file"],
            person=row["person"],
            split=row["split"],
            source=row["source"],
            points=points[row["file"]],
            eye_distance_px=float(row["eye_distance"]),
            detector_score=float(row["detector_score"]),
        )
        for row in rows(folder / "pictures.csv")
    ]


def read_wild(root: Path) -> list[FacePicture]:
    """All pictures of wild/people.csv in its order."""
    folder = root / "wild"
    return [
        FacePicture(
            file=folder / "images" / row["file"],
            person=row["person"],
            split=row["split"],
            source=row["source"],
            points=points_of(row),
            eye_distance_px=float(row["eye_distance"]),
            detector_score=float(row["detector_score"]),
        )
        for row in rows(folder / "people.csv")
    ]


def read_inferred_names(root: Path) -> dict[str, str]:
    """celeba/names_inferred.csv: the person of `wild`, in lower case -> the number the same person has in celeba."""
    return {row["name"].lower(): row["person"] for row in rows(root / "celeba" / INFERRED_NAMES)}


def read_points_pictures(root: Path, *, split: str) -> list[PointsPicture]:
    """The faces of landmarks/points5.csv of one split, all sets."""
    folder = root / "landmarks"
    return [
        PointsPicture(
            file=folder / row["set"] / row["file"],
            set_name=row["set"],
            box=box_of(row),
            points=points_of(row),
        )
        for row in rows(folder / "points5.csv")
        if row["split"] == split
    ]


def read_scenes(root: Path, *, split: str) -> list[ScenePicture]:
    """The pictures of scenes/images/SPLIT, by name."""
    folder = root / "scenes"
    images = _present(folder / "images" / split)
    return [
        ScenePicture(
            file=file,
            labels=folder / "labels" / split / f"{file.stem}.txt",
            source=file.name.partition("_")[0],
        )
        for file in sorted(images.iterdir())
        if file.is_file()
    ]


def read_boxes(scene: ScenePicture, *, width: int, height: int) -> NDArray[np.float32]:
    """A scene's labelled faces (F, 4): x0, y0, x1, y1 in pixels, from YOLO's `class cx cy w h` in shares."""
    if not scene.labels.is_file():
        return np.empty((0, 4), np.float32)
    rows = [[float(part) for part in line.split()[1:5]] for line in scene.labels.read_text("utf-8").splitlines()]
    centre_size = np.array([row for row in rows if row], np.float64).reshape(-1, 4)
    half = centre_size[:, 2:] / 2
    corners = np.concatenate([centre_size[:, :2] - half, centre_size[:, :2] + half], axis=1)
    return (corners * [width, height, width, height]).astype(np.float32)


def read_picture(file: Path) -> Rgb8:
    """Decode one picture of the pack by its content, whatever its suffix: (H, W, 3) RGB. Raises DataMissing."""
    try:
        stored = np.frombuffer(file.read_bytes(), np.uint8)
    except OSError as error:
        raise DataMissing(f"{file} can't be read ({error.strerror}); unpack the data pack again") from error
    image = cv2.imdecode(stored, cv2.IMREAD_COLOR) if len(stored) else None
    if image is None:
        raise DataMissing(f"{file} is no picture; unpack the data pack again")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Read one of the pack's tables row by row. Raises DataMissing."""
    with _present(path).open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _present(path: Path) -> Path:
    if not path.exists():
        raise DataMissing(
            f"{path} is missing; the evaluation needs the data pack: unpack it and name its folder with --data"
        )
    return path


def points_of(row: Mapping[str, str], count: int = 5) -> FloatArray:
    """Return a row's points x0, y0, x1, ...: (count, 2) in pixels of its picture."""
    return np.array([[float(row[f"x{k}"]), float(row[f"y{k}"])] for k in range(count)], np.float32)


def box_of(row: Mapping[str, str]) -> Box:
    """Return a row's box, in pixels of its picture."""
    return Box(*(float(row[f"box_{edge}"]) for edge in ("x0", "y0", "x1", "y1")))
