"""How unsure an aligner may be of a face that is answered: `python -m training.landmarks.gate --data data`.

The limit is `max_points_error` of pipeline/gates.py, a share of the eye distance. Pictures of people whom no training
of the embedder saw are spoilt (something before the face, and in turn fewer pixels, blur, or the photo's edge through
the face) and read as the product reads them, with this one limit open and every other one in force. Each face asks for
its person among the collections' train people and these, once by the points that were found and once by the given ones:
what hides a face hides it from both, so the difference is what wrong points cost. Of the faces that are told by the
given points nine in ten are to be told by the found ones.
The aligner learned from these very pictures, unspoilt. So faces with human points that it never saw, spoilt likewise,
say whether the error that it expects comes; and pictures without people say what else an open limit would let in.
Prints a table, writes weights/records/points_gate.json.
"""

from __future__ import annotations

import argparse
import itertools
import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm  # type: ignore[import-untyped]  # ships no types

from evaluation.datasets.detections import ImageReader
from evaluation.datasets.embeddings import CropEmbedder
from evaluation.datasets.held_out import read_groups
from evaluation.datasets.pack import FacePicture, ScenePicture, read_celeba, read_picture, read_scenes, read_wild
from evaluation.metrics.bootstrap import mean_figure
from evaluation.metrics.landmarks import normalised_errors
from evaluation.suites.covered import blurred, face_at
from pipeline.face_pipeline import PipelineConfig, load_pipeline
from pipeline.gates import QualityGates
from pipeline.similarity import align_face
from pipeline.types import Face, FloatArray, Points5, Rgb8
from training.command_line import add_data, plain_errors
from training.data.coverings import Cut
from training.data.crop_augment import detector_box
from training.data.faces_with_points import FaceWithPoints
from training.export.onnx import current_commit, write_record
from training.landmarks.train import held_out_faces

EDGES: Final = (0.0, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 10.0)  # of the expected error
KEPT: Final = 0.9  # of the people told by given points, told by the found ones, too
PICTURES_A_PERSON: Final = 12  # that make the vector of a person
ASKED_A_PERSON: Final = 30
WAYS: Final = 8  # spoilt copies of each picture
LEAST_FACES: Final = 50  # told by given points, for a row to say anything
THINGS: Final = ((205, 165, 140), (150, 105, 85), (96, 150, 200), (40, 40, 46), (236, 236, 230), (160, 40, 50))
RECORD: Final = "points_gate.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One usable spoilt face: whose, the expected and the true error over the eye distance, its person's ranks."""

    person: str
    expected: float
    came: float
    rank: int  # by the points that were found; 0: nobody is nearer
    rank_by_given: int  # by the given points


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """The expected and the true error, over the eye distance, of one spoilt face that no aligner learned from."""

    expected: float
    came: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Faces whose expected error lies from `low` up to `high`. Intervals over people; of unseen ones over faces."""

    low: float
    high: float
    faces: int
    people: int
    came: float
    first: float
    first_by_given: float
    told_by_given: int
    kept: float | None  # of those, first by the found points, too
    kept_interval: tuple[float, float] | None
    unseen_faces: int
    unseen_came: float | None
    unseen_interval: tuple[float, float] | None


def spoilt(image: Rgb8, points: Points5, *, way: int, rng: np.random.Generator) -> tuple[Rgb8, Points5]:
    """Put something before a face; by `way` in turn nothing more, fewer pixels, blur, or the photo's edge."""
    eyes_px = float(np.linalg.norm(points[1] - points[0]))
    image, points = image.copy(), points.copy()
    x, y = points.mean(axis=0) + rng.normal(0.0, 0.6, 2) * eyes_px
    axes = (round(eyes_px * rng.uniform(0.35, 1.0)), round(eyes_px * rng.uniform(0.35, 1.3)))
    color = THINGS[int(rng.integers(len(THINGS)))]
    cv2.ellipse(image, (round(x), round(y)), axes, float(rng.uniform(0, 180)), 0, 360, color, -1, cv2.LINE_AA)
    match way % 4:
        case 1:
            shrink = min(1.0, float(rng.uniform(12.0, 20.0)) / eyes_px)
            small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            return np.asarray(small, np.uint8), np.asarray(points * shrink, np.float32)
        case 2:
            return blurred(image, float(rng.uniform(0.04, 0.09)) * eyes_px), points
        case 3:
            return _ended(image, points, Cut(("left", "right")[int(rng.integers(2))], float(rng.uniform(0.3, 0.5))))
    return image, points


def _ended(image: Rgb8, points: Points5, cut: Cut) -> tuple[Rgb8, Points5]:
    """The photo ends in the left or the right edge of the face's box; nothing is black."""
    left = cut.of(detector_box(points))
    x0, x1 = (round(float(np.clip(value, 0, image.shape[1]))) for value in (left.x0, left.x1))
    first, last = (x0, image.shape[1]) if cut.edge == "left" else (0, x1)
    return np.ascontiguousarray(image[:, first:last]), np.asarray(points - np.array([first, 0]), np.float32)


def pictures_of(data: Path) -> tuple[list[FacePicture], list[FacePicture]]:
    """Pictures that make people's vectors, and those that ask, of held-out people. Raises DataMissing."""
    held_out = frozenset().union(*read_groups().values())
    wild = [picture for picture in read_wild(data) if picture.split == "train"]
    celeba = [
        picture
        for picture in read_celeba(data)
        if (picture.split, picture.source) == ("train", "aligned") and f"celeba/{picture.person}" in held_out
    ]
    asking = _few([picture for picture in wild if f"wild/{picture.person}" in held_out], ASKED_A_PERSON) + celeba
    return _few(wild, PICTURES_A_PERSON) + celeba, asking


def _few(pictures: Sequence[FacePicture], count: int) -> list[FacePicture]:
    """At most `count` pictures of each person, by their names' checksums."""
    by_person: dict[str, list[FacePicture]] = {}
    for picture in sorted(pictures, key=lambda one: zlib.crc32(one.file.name.encode())):
        by_person.setdefault(picture.person, []).append(picture)
    return [picture for group in by_person.values() for picture in group[:count]]


def ask(
    gallery: Sequence[FacePicture],
    asking: Sequence[FacePicture],
    reader: ImageReader,
    embedder: CropEmbedder,
    *,
    ways: int = WAYS,
    told: Callable[[Sequence[FacePicture]], Iterable[FacePicture]] = iter,
) -> list[Asked]:
    """Read the gallery as it is and every asking picture spoilt. The picture asked for leaves its person's mean."""
    vectors: dict[Path, FloatArray] = {}
    for picture in told(gallery):
        vector = _vector(face_at(reader.read_image(read_picture(picture.file)), picture.points))
        if vector is not None:
            vectors[picture.file] = vector
    people = sorted({picture.person for picture in gallery if picture.file in vectors})
    sums = np.stack(
        [sum(vectors[one.file] for one in gallery if one.person == name and one.file in vectors) for name in people]
    )
    found = []
    for picture in told(asking):
        if picture.person not in people:
            continue
        row = people.index(picture.person)
        others = sums.copy()
        others[row] -= vectors.get(picture.file, 0.0)
        if not others[row].any():
            continue
        others /= np.linalg.norm(others, axis=1, keepdims=True)
        rng = np.random.default_rng(zlib.crc32(picture.file.name.encode()))
        image = read_picture(picture.file)
        for way in range(ways):
            shown, points = spoilt(image, picture.points, way=way, rng=rng)
            face = face_at(reader.read_image(shown), points)
            vector = _vector(face)
            if face is None or vector is None:
                continue
            (given,) = embedder.embed([align_face(shown, points)])
            if given is None:
                continue
            found.append(
                Asked(
                    person=picture.person,
                    expected=face.quality.points_error,
                    came=_error(face, points),
                    rank=_rank(others @ vector, row),
                    rank_by_given=_rank(others @ given.vector, row),
                )
            )
    return found


def errors_of_unseen(
    faces: Sequence[FaceWithPoints],
    reader: ImageReader,
    *,
    ways: int = WAYS,
    told: Callable[[Sequence[FaceWithPoints]], Iterable[FaceWithPoints]] = iter,
) -> list[Unseen]:
    """Read faces with human points, spoilt likewise."""
    found = []
    for one in told(faces):
        rng = np.random.default_rng(zlib.crc32(one.path.name.encode()))
        image = read_picture(one.path)
        for way in range(ways):
            shown, points = spoilt(image, one.five, way=way, rng=rng)
            face = face_at(reader.read_image(shown), points)
            if face is not None and face.refusal is None:
                found.append(Unseen(expected=face.quality.points_error, came=_error(face, points)))
    return found


def errors_without_people(scenes: Sequence[ScenePicture], reader: ImageReader) -> list[float]:
    """What is expected of the points of each usable "face" in pictures without people."""
    read = (reader.read_image(read_picture(scene.file)) for scene in scenes)
    return [face.quality.points_error for photo in read for face in photo.faces if face.refusal is None]


def _error(face: Face, points: Points5) -> float:
    return float(normalised_errors(face.points[None], points[None])[0])


def _rank(scores: FloatArray, row: int) -> int:
    return int((scores > scores[row]).sum())


def _vector(face: Face | None) -> FloatArray | None:
    return None if face is None or face.embedding is None else face.embedding.vector


def rows_of(asked: Sequence[Asked], unseen: Sequence[Unseen]) -> list[Row]:
    """Fold the faces into rows by the error that was expected of them; rows without a face are left out."""
    rows = []
    for low, high in itertools.pairwise(EDGES):
        group = [one for one in asked if low <= one.expected < high]
        if not group:
            continue
        told = [one for one in group if one.rank_by_given == 0]
        kept = mean_figure(np.array([one.rank == 0 for one in told]), np.array([one.person for one in told]))
        fresh = mean_figure(np.array([one.came for one in unseen if low <= one.expected < high]))
        rows.append(
            Row(
                low=low,
                high=high,
                faces=len(group),
                people=len({one.person for one in group}),
                came=sum(one.came for one in group) / len(group),
                first=sum(one.rank == 0 for one in group) / len(group),
                first_by_given=len(told) / len(group),
                told_by_given=len(told),
                kept=_known(kept.value),
                kept_interval=(kept.low, kept.high) if told else None,
                unseen_faces=sum(low <= one.expected < high for one in unseen),
                unseen_came=_known(fresh.value),
                unseen_interval=(fresh.low, fresh.high) if math.isfinite(fresh.low) else None,
            )
        )
    return rows


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def limit_of(rows: Sequence[Row]) -> float:
    """The upper end of the last row, from nothing on without a gap, of which all of this holds.

    Enough faces; of those told by given points found ones may keep KEPT: the interval reaches it, since a refusal costs
    an answer for certain and that it pays is what has to be shown; and on faces that the aligner never saw no more
    comes than the row's end expects.
    """
    limit = 0.0
    for row in rows:
        told = row.told_by_given >= LEAST_FACES and row.kept_interval is not None and row.kept_interval[1] >= KEPT
        true = row.unseen_came is not None and row.unseen_came <= row.high
        if row.low > limit or not (told and true):
            break
        limit = row.high
    return limit


def main() -> None:
    """Ask with the files that ship, print the table and the limit, write the record."""
    parser = argparse.ArgumentParser(prog="python -m training.landmarks.gate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_data(parser)
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder with manifest.toml")
    given = parser.parse_args()
    gallery, asking = pictures_of(given.data)
    open_gate = PipelineConfig(gates=replace(QualityGates(), max_points_error=math.inf))
    pipeline = load_pipeline(given.weights, open_gate)
    asked = ask(gallery, asking, pipeline, pipeline.embedder, told=tqdm)
    rows = rows_of(asked, errors_of_unseen(held_out_faces(given.data), pipeline, told=tqdm))
    empty = [scene for scene in read_scenes(given.data, split="train") if scene.source == "empty"]
    false = sorted(errors_without_people(empty, pipeline))
    print(
        "| expected error | faces (people) | came | came on unseen faces (n) | first | first by given points | kept |\n"
        "|---|---|---|---|---|---|---|"
    )
    for row in rows:
        print(
            f"| {row.low:g} to {row.high:g} | {row.faces} ({row.people}) | {row.came:.3f} "
            f"| {_in_words(row.unseen_came, row.unseen_interval, 3)} ({row.unseen_faces}) "
            f"| {row.first:.2f} | {row.first_by_given:.2f} | {_in_words(row.kept, row.kept_interval, 2)} |"
        )
    limit = limit_of(rows)
    print(f"limit {limit:g}; in {len(empty)} pictures without people {len(false)} usable faces, expected {false}")
    record = {
        "measures": "right person first among train people, spoilt pictures of people held out of the embedder's "
        "training (the aligner learned from them, unspoilt), by the aligner's expected error over the eye distance, by "
        "found and by given points; and the error that came on spoilt faces that no aligner learned from",
        "commit": current_commit(),
        "limit": limit,
        "rows": [asdict(row) for row in rows],
        "without_people": {"pictures": len(empty), "expected_errors_of_usable_faces": false},
    }
    write_record(given.weights / "records" / RECORD, record)


def _in_words(value: float | None, interval: tuple[float, float] | None, digits: int) -> str:
    if value is None or interval is None:
        return "-"
    return f"{value:.{digits}f} ({interval[0]:.{digits}f} to {interval[1]:.{digits}f})"


if __name__ == "__main__":
    with plain_errors():
        main()
