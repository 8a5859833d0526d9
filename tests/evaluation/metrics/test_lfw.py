"""LFW's own format and protocol, on a drawn folder: what is read, what is refused, what accuracy means."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from evaluation.datasets.pack import DataMissing
from evaluation.metrics.lfw import (
    LfwPair,
    best_threshold,
    embed_all,
    measure,
    middle_face,
    picture_file,
    pictures_of,
    read_pairs,
)
from pipeline.types import Box, Embedding, Face, PhotoFaces, Quality, Rgb8

FOLDS, COUNT = 3, 4


def _pairs_text(separator: str = "\t") -> str:
    """Three folds of four same and four different pairs, as published."""
    lines = [f"{FOLDS}{separator}{COUNT}"]
    for fold in range(FOLDS):
        lines += [separator.join((f"Person_{fold}", "1", str(k + 2))) for k in range(COUNT)]
        lines += [
            separator.join((f"Person_{fold}", "1", f"Person_{(fold + 1) % FOLDS}", str(k + 1))) for k in range(COUNT)
        ]
    return "\n".join(lines) + "\n"


@pytest.fixture(name="listed")
def _listed(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.txt"
    path.write_text(_pairs_text(), "utf-8")
    return path


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A colour a person, drawn; five pictures each."""
    for person in range(FOLDS):
        for number in range(1, 6):
            file = tmp_path / "lfw" / f"Person_{person}" / f"Person_{person}_{number:04d}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            color = np.roll([200, 60, 20], person) + number
            cv2.imwrite(str(file), np.full((20, 20, 3), color, np.uint8))
    return tmp_path / "lfw"


@pytest.mark.parametrize("separator", ["\t", ",", " "], ids=["tabs", "commas", "blanks"])
def test_pairs_are_read_with_their_fold_and_kind(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text(_pairs_text(separator), "utf-8")
    pairs = read_pairs(path)
    assert len(pairs) == FOLDS * 2 * COUNT
    assert pairs[0] == LfwPair("Person_0/Person_0_0001", "Person_0/Person_0_0002", same=True, fold=0)
    assert pairs[-1] == LfwPair("Person_2/Person_2_0001", "Person_0/Person_0_0004", same=False, fold=2)
    assert sum(pair.same for pair in pairs) == FOLDS * COUNT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1"),
        ("10\n", "line 1"),
        ("3\t4\nA\t1\t2\n", "want 24 pairs"),
        (_pairs_text().replace("Person_0\t1\t2\n", "Person_0\t1\n", 1), "line 2"),
        (_pairs_text().replace("Person_0\t1\t2\n", "Person_0\t1\ttwo\n", 1), "line 2"),
    ],
    ids=["empty", "one number", "cut short", "a field missing", "no number"],
)
def test_a_broken_list_is_a_sentence_with_the_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(DataMissing, match=words):
        read_pairs(path)


def test_a_missing_picture_names_itself_and_the_option(folder: Path) -> None:
    assert picture_file(folder, "Person_1/Person_1_0003").is_file()
    with pytest.raises(DataMissing, match="--images"):
        picture_file(folder, "Person_1/Person_1_0009")


def test_every_picture_is_embedded_once_and_people_told_apart(folder: Path, listed: Path) -> None:
    seen: list[Path] = []

    def embed(file: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        seen.append(file)
        color = np.asarray(cv2.imread(str(file)), np.float32).reshape(-1, 3).mean(axis=0)
        return np.asarray(color / np.linalg.norm(color), np.float32)

    pairs = read_pairs(listed)
    scores = measure(pairs, embed_all(pairs, folder, embed))
    assert len(seen) == len(set(seen)) == len(pictures_of(pairs))
    assert (scores.accuracy, scores.standard_error, scores.not_found) == (1.0, 0.0, 0)
    assert scores.tpr == {0.01: 1.0, 0.001: 1.0}


def test_the_threshold_of_a_fold_comes_from_the_other_folds() -> None:
    """The third fold is shifted: its own threshold would be right throughout, that of the others is not."""
    pairs, vectors = [], {}
    for fold, (same, different) in enumerate([(0.8, 0.2), (0.8, 0.2), (0.4, 0.3)]):
        for k, similarity in enumerate([same] * 4 + [different] * 4):
            first, second = f"{fold}-{k}a", f"{fold}-{k}b"
            vectors[first] = np.array([1.0, 0.0])
            vectors[second] = np.array([similarity, np.sqrt(1 - similarity**2)])
            pairs.append(LfwPair(first, second, same=k < 4, fold=fold))
    assert measure(pairs, vectors).folds == (1.0, 1.0, 0.5)


def test_a_picture_without_a_face_never_matches() -> None:
    pairs = [LfwPair("a", "b", same=k % 2 == 0, fold=k // 2) for k in range(4)]
    scores = measure(pairs, {"a": np.array([1.0, 0.0]), "b": None})
    assert (scores.not_found, scores.accuracy) == (1, 0.5)


def test_equal_similarities_are_never_parted() -> None:
    similarity = np.array([0.1, 0.5, 0.5, 0.5, 0.9])
    same = np.array([False, False, True, True, True])
    threshold = best_threshold(similarity, same)
    assert 0.1 < threshold < 0.5  # four of five right; a cut inside the ties would claim five
    assert not ((similarity >= threshold) == same).all()


def test_of_several_faces_lfw_means_the_one_in_the_middle() -> None:
    image: Rgb8 = np.zeros((100, 100, 3), np.uint8)
    quality = Quality(
        score=0.9, size_px=20, eye_distance_px=9, sharpness=90, light=90, yaw_deg=0, roll_deg=0, points_error=0.03
    )

    def face(x: float, *, usable: bool) -> Face:
        vector = Embedding(vector=np.array([1.0], np.float32), model="m") if usable else None
        points = np.zeros((5, 2), np.float32)
        return Face(
            box=Box(x, 40, x + 20, 60), points=points, quality=quality, crop=image, refusal=None, embedding=vector
        )

    left, middle, refused = face(0, usable=True), face(30, usable=True), face(40, usable=False)
    assert middle_face(PhotoFaces(image=image, faces=(left, refused, middle))) is middle
    assert middle_face(PhotoFaces(image=image, faces=(refused,))) is None
