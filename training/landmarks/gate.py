"""How unsure an aligner may be of a face that is answered: `python -m training.landmarks.gate --data data`.

The limit is `max_points_error` of pipeline/gates.py, a share of the eye distance. Pictures of people whom no training
of the embedder saw are spoilt (something before the face, and in turn fewer pixels, blur, or the photo's edge through
the face) and read as the product reads them, with this one limit open and every other one in force. Each face asks for
its person among the collections' train people and these, once by the points that were found and once by the given ones:
what hides a face hides it from both, so the difference is what wrong points cost. Of the faces that are told by the
given points nine in ten are to be told by the found ones: the limit stands where they are shown to be fewer.
Prints a table, writes weights/records/points_gate.json.
"""

from __future__ import annotations

import argparse
import itertools
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm  # type: ignore[import-untyped]  # ships no types

from evaluation.datasets.detections import ImageReader
from evaluation.datasets.embeddings import CropEmbedder
from evaluation.datasets.held_out import read_groups
from evaluation.datasets.pack import FacePicture, read_celeba, read_picture, read_wild
from evaluation.metrics.shares import share_figure
from evaluation.suites.covered import blurred, face_at
from pipeline.face_pipeline import PipelineConfig, load_pipeline
from pipeline.gates import QualityGates
from pipeline.similarity import align_face
from pipeline.types import Face, FloatArray, Points5, Rgb8
from training.command_line import add_data, plain_errors
from training.data.coverings import Cut
from training.data.crop_augment import detector_box
from training.export.onnx import current_commit, write_record

EDGES: Final = (0.0, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 10.0)  # of the expected error
KEPT: Final = 0.9  # of the people told by given points, told by the found ones, too
PICTURES_A_PERSON: Final = 12  # that make the vector of a person
ASKED_A_PERSON: Final = 30
WAYS: Final = 8  # spoilt copies of each picture
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
class Row:
    """Faces whose expected error lies from `low` up to `high`."""

    low: float
    high: float
    faces: int
    people: int
    came: float
    first: float
    first_by_given: float
    kept: float  # of those first by given points, first by the found ones
    kept_interval: tuple[float, float]


def spoilt(image: Rgb8, points: Points5, *, way: int, rng: np.random.Generator) -> tuple[Rgb8, Points5]:
    """Put something before a face; by `way` in turn nothing more, fewer pixels, blur, or the photo's edge beside it."""
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
    told: Callable[[Sequence[FacePicture]], Iterator[FacePicture]] = iter,
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
            (given,) = embedder.embed([align_face(shown, points)])
            if face is None or vector is None or given is None:
                continue
            off = np.linalg.norm(face.points - points, axis=1).mean() / np.linalg.norm(points[1] - points[0])
            found.append(
                Asked(
                    person=picture.person,
                    expected=face.quality.points_error,
                    came=float(off),
                    rank=_rank(others @ vector, row),
                    rank_by_given=_rank(others @ given.vector, row),
                )
            )
    return found


def _rank(scores: FloatArray, row: int) -> int:
    return int((scores > scores[row]).sum())


def _vector(face: Face | None) -> FloatArray | None:
    return None if face is None or face.embedding is None else face.embedding.vector


def rows_of(asked: Sequence[Asked]) -> list[Row]:
    """Fold the faces into rows by the error that was expected of them; rows without a face are left out."""
    rows = []
    for low, high in itertools.pairwise(EDGES):
        group = [one for one in asked if low <= one.expected < high]
        if group:
            kept = share_figure([one.rank == 0 for one in group if one.rank_by_given == 0])
            rows.append(
                Row(
                    low=low,
                    high=high,
                    faces=len(group),
                    people=len({one.person for one in group}),
                    came=sum(one.came for one in group) / len(group),
                    first=sum(one.rank == 0 for one in group) / len(group),
                    first_by_given=sum(one.rank_by_given == 0 for one in group) / len(group),
                    kept=kept.value,
                    kept_interval=(kept.low, kept.high),
                )
            )
    return rows


def limit_of(rows: Sequence[Row]) -> float:
    """The upper end of the rows in which, from the first one on, found points may keep enough of the people.

    May: the interval reaches KEPT. A refusal costs an answer for certain, so that it pays is what has to be shown.
    """
    keeping = list(itertools.takewhile(lambda row: row.kept_interval[1] >= KEPT, rows))
    return keeping[-1].high if keeping else 0.0


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
    asked = ask(gallery, asking, pipeline, pipeline.embedder, told=lambda them: iter(tqdm(them)))
    rows = rows_of(asked)
    print("| expected error | faces (people) | error that came | first | first by given points | of those kept |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        low, high = row.kept_interval
        print(
            f"| {row.low:g} to {row.high:g} | {row.faces} ({row.people}) | {row.came:.3f} | {row.first:.2f} "
            f"| {row.first_by_given:.2f} | {row.kept:.2f} ({low:.2f} to {high:.2f}) |"
        )
    limit = limit_of(rows)
    print(f"fewer than nine in ten are kept beyond an expected error of {limit:g}")
    record = {
        "measures": "right person first among train people, spoilt pictures of held-out people, by the aligner's own "
        "expected error over the eye distance: by found and by given points; 95 % intervals after Wilson",
        "commit": current_commit(),
        "limit": limit,
        "rows": [asdict(row) for row in rows],
    }
    write_record(given.weights / "records" / RECORD, record)


if __name__ == "__main__":
    with plain_errors():
        main()
