"""The ten-fold protocol of Labeled Faces in the Wild, for any folder laid out like it. Files and NumPy, no network.

`pairs.txt` (View 2): a first line with the number of folds and of pairs a kind and fold, then for each fold the same
pairs (`name n m`) and after them the different ones (`name n other m`). Picture n of a person is
`name/name_000n.jpg`. For each fold the threshold that is most accurate on the other nine is used on it; what is
reported is the mean accuracy over the folds and its standard error (Huang et al. 2007, section 5). Unlike our own sets
LFW's pairs are few (6,000), so rates under 0.001 can't be read from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.pack import DataMissing
from pipeline.types import Face, PhotoFaces

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp", ".JPG")
TPR_FPRS: Final = (0.01, 0.001)


@dataclass(frozen=True, slots=True)
class LfwPair:
    """Two picture files, relative to the folder of people, without their suffix."""

    first: str
    second: str
    same: bool
    fold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LfwScores:
    """What the protocol says."""

    pairs: int
    pictures: int
    not_found: int  # pictures without a usable face: their pairs count as different
    accuracy: float
    standard_error: float
    folds: tuple[float, ...]
    threshold: float  # mean of the folds' thresholds
    tpr: dict[float, float]  # at FPR over all pairs


def read_pairs(path: Path) -> list[LfwPair]:
    """Read `pairs.txt`; fields are parted by tabs, as published, by commas or by blanks. Raises DataMissing."""
    try:
        lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    except OSError as error:
        raise DataMissing(f"{path} can't be read ({error.strerror}); it is LFW's list of pairs, pairs.txt") from error
    try:
        folds, count = (int(part) for part in _fields(lines[0]))
    except (ValueError, IndexError):
        raise DataMissing(f"{path}, line 1: want two numbers, the folds and the pairs of a kind in each") from None
    if folds < 2 or len(lines) - 1 != folds * 2 * count:
        raise DataMissing(
            f"{path}: want {folds * 2 * count:,} pairs in at least two folds, as line 1 says, got {len(lines) - 1:,}"
        )
    pairs = []
    for k, line in enumerate(lines[1:]):
        fold, within = divmod(k, 2 * count)
        pairs.append(_pair(_fields(line), fold=fold, same=within < count, where=f"{path}, line {k + 2}"))
    return pairs


def picture_file(folder: Path, name: str) -> Path:
    """The file of a picture, whatever its suffix. Raises DataMissing."""
    for suffix in SUFFIXES:
        file = folder / f"{name}{suffix}"
        if file.is_file():
            return file
    raise DataMissing(f"{folder / name}.jpg is missing; name the folder that holds one folder a person with --images")


def measure(pairs: list[LfwPair], vectors: Mapping[str, NDArray[np.floating] | None]) -> LfwScores:
    """Run the protocol over unit vectors by picture; None: no usable face."""
    similarity = np.array([_similarity(vectors[p.first], vectors[p.second]) for p in pairs])
    same = np.array([p.same for p in pairs])
    fold = np.array([p.fold for p in pairs])
    folds = np.unique(fold)
    thresholds = [best_threshold(similarity[fold != k], same[fold != k]) for k in folds]
    accuracies = [
        float(((similarity[fold == k] >= t) == same[fold == k]).mean()) for k, t in zip(folds, thresholds, strict=True)
    ]
    falling = np.sort(similarity[~same])[::-1]
    return LfwScores(
        pairs=len(pairs),
        pictures=len(vectors),
        not_found=sum(vector is None for vector in vectors.values()),
        accuracy=float(np.mean(accuracies)),
        standard_error=float(np.std(accuracies, ddof=1) / np.sqrt(len(accuracies))),
        folds=tuple(accuracies),
        threshold=float(np.mean(thresholds)),
        tpr={f: float((similarity[same] > falling[int(f * len(falling) + 1e-9)]).mean()) for f in TPR_FPRS},
    )


def best_threshold(similarity: NDArray[np.floating], same: NDArray[np.bool_]) -> float:
    """The threshold of the highest accuracy, in the middle of the gap there; the lowest of equal ones."""
    order = np.argsort(similarity, kind="stable")
    values = np.concatenate([[-1.001], np.asarray(similarity, np.float64)[order], [1.001]])
    truth = np.asarray(same)[order]
    # Rejecting the k lowest: right are the different ones below and the same ones above.
    right = np.concatenate([[0], np.cumsum(~truth)]) + truth.sum() - np.concatenate([[0], np.cumsum(truth)])
    gaps = values[1:] > values[:-1]  # between equal similarities no threshold fits
    k = int(np.argmax(np.where(gaps, right, -1)))
    return float((values[k] + values[k + 1]) / 2)


def embed_all(
    pairs: list[LfwPair],
    folder: Path,
    embed: Callable[[Path], NDArray[np.float32] | None],
    *,
    advance: Callable[[int], None] = lambda _done: None,
) -> dict[str, NDArray[np.float32] | None]:
    """Embed each picture of the pairs once."""
    vectors: dict[str, NDArray[np.float32] | None] = {}
    for name in pictures_of(pairs):
        vectors[name] = embed(picture_file(folder, name))
        advance(1)
    return vectors


def middle_face(photo: PhotoFaces) -> Face | None:
    """The usable face nearest to the middle of the picture, which is whom LFW means; None without one."""
    height, width = photo.image.shape[:2]

    def away(face: Face) -> float:
        x, y = face.box.center
        return float(np.hypot(x - width / 2, y - height / 2))

    return min(photo.usable, key=away, default=None)


def pictures_of(pairs: list[LfwPair]) -> list[str]:
    """Every picture once, in order of appearance."""
    return list(dict.fromkeys(name for pair in pairs for name in (pair.first, pair.second)))


def _fields(line: str) -> list[str]:
    separator = "\t" if "\t" in line else "," if "," in line else None
    return [part.strip() for part in line.split(separator) if part.strip()]


def _pair(fields: list[str], *, fold: int, same: bool, where: str) -> LfwPair:
    wanted = 3 if same else 4
    if len(fields) != wanted:
        kind = "name, number, number" if same else "name, number, name, number"
        raise DataMissing(f"{where}: want {kind}, got {len(fields)} fields")
    first, second = (fields[0], fields[1]), (fields[0], fields[2]) if same else (fields[2], fields[3])
    try:
        return LfwPair(_name(*first), _name(*second), same, fold)
    except ValueError:
        raise DataMissing(f"{where}: the number of a picture is no number") from None


def _name(person: str, number: str) -> str:
    return f"{person}/{person}_{int(number):04d}"


def _similarity(first: NDArray[np.floating] | None, second: NDArray[np.floating] | None) -> float:
    return -1.0 if first is None or second is None else float(first @ second)
