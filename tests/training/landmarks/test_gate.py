"""gate: spoilt pictures carry their points along; the limit is the last error at which found points keep people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from evaluation.datasets.pack import FacePicture, ScenePicture
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import Box, Embedding, PhotoFaces, Rgb8
from tests.lookalike.builders import face, unit
from training.data.faces_with_points import FaceWithPoints
from training.landmarks.gate import (
    KEPT,
    LEAST_FACES,
    WAYS,
    Asked,
    Row,
    Unseen,
    ask,
    errors_of_unseen,
    errors_without_people,
    limit_of,
    rows_of,
    spoilt,
)

POINTS = (ARCFACE_TEMPLATE * 1.5 + np.array([60, 40], np.float32)).astype(np.float32)
COLOURS = {"anna": (200, 40, 40), "boris": (40, 200, 40), "clara": (40, 40, 200)}


def marked() -> Rgb8:
    """Grey, with a bright square round each point."""
    image = np.full((300, 320, 3), 90, np.uint8)
    for x, y in POINTS.round().astype(int):
        image[y - 6 : y + 7, x - 6 : x + 7] = 255
    return image


@pytest.mark.parametrize("way", range(4))
def test_points_move_with_the_pixels_of_a_spoilt_picture(way: int) -> None:
    """Of sixty copies: a point that was neither covered nor cut away lies where the picture is bright."""
    rng = np.random.default_rng(way)
    bright, inside = 0, 0
    for _ in range(60):
        image, points = spoilt(marked(), POINTS, way=way, rng=rng)
        assert not np.array_equal(image, marked())
        for x, y in points.round().astype(int):
            if 0 <= x < image.shape[1] and 0 <= y < image.shape[0]:
                inside += 1
                bright += int(image[y, x].min()) > 150
    assert bright > 0.45 * inside  # the others are covered


def test_the_photo_ends_beside_the_face_in_the_last_way_only() -> None:
    shapes = [spoilt(marked(), POINTS, way=way, rng=np.random.default_rng(3))[0].shape for way in range(4)]
    assert shapes[0] == shapes[2] == (300, 320, 3)
    assert shapes[3][0] == 300
    assert shapes[3][1] < 320
    assert shapes[1][0] < 300


class ColourReader:
    """One face a picture, known by its colour; a picture without colour has none."""

    def __init__(self, points_error: float) -> None:
        self.points_error = points_error

    def read_image(self, image: Rgb8) -> PhotoFaces:
        colour = np.median(image.reshape(-1, 3), axis=0)
        if np.ptp(colour) < 50:
            return PhotoFaces(image=image, faces=())
        found = face(unit(*(float(value) for value in colour)))
        box = Box(0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
        quality = replace(found.quality, points_error=self.points_error)
        return PhotoFaces(image=image, faces=(replace(found, box=box, quality=quality, points=POINTS),))


class OneColourEmbedder:
    """Sees the same person in every crop."""

    model = "one"

    def __init__(self, name: str) -> None:
        self.vector = unit(*(float(value) for value in COLOURS[name]))

    def embed(self, crops: Sequence[Rgb8]) -> list[Embedding | None]:
        return [Embedding(vector=self.vector, model=self.model) for _ in crops]


def pictures(folder: Path, name: str, colour: tuple[int, int, int], *, count: int = 2) -> list[FacePicture]:
    made = []
    for number in range(count):
        file = folder / f"{name}{number}.png"
        cv2.imwrite(str(file), np.full((300, 320, 3), colour[::-1], np.uint8))
        made.append(FacePicture(file=file, person=name, split="train", source="wild", points=POINTS))
    return made


def test_every_spoilt_face_asks_for_its_person_without_its_own_picture(tmp_path: Path) -> None:
    gallery = [one for name, colour in COLOURS.items() for one in pictures(tmp_path, name, colour)]
    alone = pictures(tmp_path, "dora", (200, 200, 40), count=1)  # nothing is left of her without her picture
    grey = pictures(tmp_path, "emil", (90, 90, 90))  # has no face
    anna = OneColourEmbedder("anna")
    found = ask([*gallery, *alone, *grey], [*gallery[:4], *alone, *grey], ColourReader(0.12), anna)
    assert [one.person for one in found] == ["anna"] * 2 * WAYS + ["boris"] * 2 * WAYS
    assert {one.rank for one in found} == {0}
    assert {one.rank_by_given == 0 for one in found[: 2 * WAYS]} == {True}
    assert {one.rank_by_given == 0 for one in found[2 * WAYS :]} == {False}
    assert {one.expected for one in found} == {0.12}
    wrong = [replace(one, person="anna") for one in pictures(tmp_path, "fake", COLOURS["clara"], count=1)]
    assert min(one.rank for one in ask(gallery, wrong, ColourReader(0.12), anna)) > 0


def test_faces_without_a_name_and_pictures_without_people_are_read_likewise(tmp_path: Path) -> None:
    (one,) = pictures(tmp_path, "anna", COLOURS["anna"], count=1)
    named = FaceWithPoints(path=one.file, source="mtfl", group="mtfl", box=None, points=POINTS)
    errors = errors_of_unseen([named], ColourReader(0.12))
    assert [error.expected for error in errors] == [0.12] * WAYS
    assert errors[0].came == pytest.approx(0.0)  # the reader finds the points where they were
    assert max(error.came for error in errors) > 0.1  # but not in a picture that was shrunk
    scenes = [ScenePicture(file=file, labels=tmp_path / "none.txt", source="empty") for file in (one.file, one.file)]
    assert errors_without_people(scenes, ColourReader(0.3)) == [0.3, 0.3]


def told(expected: float, *ranks: tuple[int, int]) -> list[Asked]:
    """Faces of forty people in turn, each with its person's rank by found and by given points."""
    return [
        Asked(person=str(k % 40), expected=expected, came=expected, rank=rank, rank_by_given=by_given)
        for k, (rank, by_given) in enumerate(ranks)
    ]


def test_rows_part_what_wrong_points_cost_from_what_is_hidden() -> None:
    sure = told(0.04, *[(0, 0)] * 19, (3, 0))
    hidden = told(0.11, *[(0, 0)] * 9, (8, 0), *[(5, 5)] * 10)  # lost by either points
    nobody = told(0.22, (4, 4))
    unseen = [Unseen(expected=0.03, came=0.05), Unseen(expected=0.13, came=0.1), Unseen(expected=0.14, came=0.2)]
    rows = rows_of([*sure, *nobody, *hidden], unseen)
    assert [(row.low, row.high, row.faces, row.people, row.told_by_given) for row in rows] == [
        (0.0, 0.05, 20, 20, 20),
        (0.10, 0.15, 20, 20, 10),
        (0.20, 0.25, 1, 1, 0),
    ]
    assert [row.first for row in rows] == pytest.approx([0.95, 0.45, 0.0])
    assert [row.first_by_given for row in rows] == pytest.approx([1.0, 0.5, 0.0])
    assert [row.kept for row in rows[:2]] == pytest.approx([0.95, 0.9])
    assert (rows[2].kept, rows[2].kept_interval, rows[2].unseen_came) == (None, None, None)
    assert [(row.unseen_faces, row.unseen_came) for row in rows[:2]] == [(1, 0.05), (2, pytest.approx(0.15))]


def row(low: float, high: float, **otherwise: object) -> Row:
    """A row that may be answered, or not for what is given otherwise."""
    facts: dict[str, Any] = {
        "faces": 200, "people": 31, "came": 0.1, "first": 0.8, "first_by_given": 0.9, "told_by_given": LEAST_FACES,
        "kept": 0.88, "kept_interval": (0.8, KEPT), "unseen_faces": 90, "unseen_came": high,
        "unseen_interval": (0.0, 1.0),
    }  # fmt: skip
    return Row(low=low, high=high, **(facts | otherwise))


@pytest.mark.parametrize(
    "otherwise",
    [
        {"told_by_given": LEAST_FACES - 1},
        {"kept_interval": (0.7, KEPT - 0.01)},
        {"kept": None, "kept_interval": None},
        {"unseen_came": 0.21},
        {"unseen_came": None, "unseen_interval": None, "unseen_faces": 0},
        {"low": 0.16},
    ],
)
def test_the_limit_lies_before_the_first_row_that_misses_anything(otherwise: dict[str, float]) -> None:
    first, last = row(0.0, 0.15), row(0.20, 0.25)
    assert limit_of([first, row(0.15, 0.20), last]) == 0.25
    assert limit_of([first, row(**({"low": 0.15, "high": 0.20} | otherwise)), last]) == 0.15
    assert limit_of([]) == 0.0
