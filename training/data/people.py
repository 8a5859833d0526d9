"""Labelled people: CelebA's own files and the `wild` folder -> one memory-mapped array of straightened crops.

Pictures are decoded and aligned once, by the pipeline's own aligner with a margin for jitter, and then only read.
Readers know formats; who is held out stands in `held_out.json` beside this file and is the same for everyone.

    people = open_people(prepare(Path("data"), Path("runs/cache")))
    people.crops[17]              # (128, 128, 3) uint8; its middle 112 px are what the pipeline would embed
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm  # type: ignore[import-untyped]  # ships no types

from evaluation.datasets import pack as data
from evaluation.datasets.held_out import HELD_OUT_FILE, read_groups
from index.celeba import LANDMARKS, PARTITION, read_identities, read_landmarks, read_partition
from index.source import IDENTITY_FILE
from pipeline.errors import DegeneratePoints
from pipeline.similarity import CROP_SIDE_PX, apply_affine, estimate_similarity, template_for, warp
from pipeline.stretched_edges import blacken_stretched
from pipeline.types import FloatArray, Points5, Rgb8
from training.command_line import Refused
from training.data.ahead import made_ahead

MARGIN_PX: Final = 8  # on each edge of the 112 px crop, so that turning and shifting find pixels, not black
CROP_RULE: Final = "stretched edges black"  # part of the cache's name: crops made otherwise are another cache
CACHE_SIDE_PX: Final = CROP_SIDE_PX + 2 * MARGIN_PX
SPLITS: Final = ("train", "val", "test")  # by the official partition's number (list_eval_partition.txt)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """One labelled picture before it is decoded."""

    path: Path
    person: str  # "celeba/2880", "wild/Adriana Lima": unique over both sets
    split: str  # train, val, none, gallery, test, as the set itself says
    source: str  # aligned, half, small, wild (celeba); pins, kpop (wild): size and look differ by it
    points: Points5  # pixels of the stored picture
    teacher: FloatArray | None  # (256,), unit length: the reference networks' vector, where the pack has one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """The cache: row k of every array is one picture."""

    crops: NDArray[np.uint8]  # (N, 128, 128, 3), RGB, memory-mapped
    points: FloatArray  # (N, 5, 2), pixels of the crop
    teacher: FloatArray  # (N, 256), unit length; zero rows where there is none
    person: NDArray[np.str_]  # (N,)
    split: NDArray[np.str_]  # (N,)
    source: NDArray[np.str_]  # (N,)
    data_id: str  # SHA-256 of the list of pictures, persons, splits and points


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Train people no training may see: choices are made on them, `val` only reports."""

    people: frozenset[str]

    def mask(self, person: NDArray[np.str_]) -> NDArray[np.bool_]:
        """(N,) true where the picture's person is held out."""
        return np.isin(person, sorted(self.people))


def celeba_pictures(root: Path) -> list[Picture]:
    """Read CelebA in its own layout, whole or the pack's part of it.

    Needs `identity_CelebA.txt`, `list_eval_partition.txt`, `list_landmarks_align_celeba.txt`, `img_align_celeba/`.
    `pictures.csv` (the pack's) narrows splits and names sources; without it every picture is `aligned`. Rows of
    `teacher.npy` are those of `pictures.csv`. A picture listed without points or person is left out.
    """
    identity = read_identities(root / IDENTITY_FILE)
    partition = read_partition(root / f"{PARTITION}.txt")
    points = read_landmarks(root / f"{LANDMARKS}.txt")
    listing = root / "pictures.csv"
    if listing.exists():
        rows = [(row["file"], row["split"], row["source"]) for row in data.rows(listing)]
        teacher = _read_teacher(root / "teacher.npy", len(rows))
    else:
        rows = [(name, SPLITS[number], "aligned") for name, number in partition.items()]
        teacher = None
    return [
        Picture(
            path=root / "img_align_celeba" / name,
            person=f"celeba/{identity[name]}",
            split=split,
            source=source,
            points=points[name],
            teacher=None if teacher is None else teacher[row],
        )
        for row, (name, split, source) in enumerate(rows)
        if name in identity and name in points
    ]


def wild_pictures(data_root: Path) -> list[Picture]:
    """Read the folder `wild` below `data_root`, with `teacher.npy` by its rows; nothing where it is not there."""
    if not (data_root / "wild").is_dir():
        return []
    rows = data.read_wild(data_root)
    teacher = _read_teacher(data_root / "wild" / "teacher.npy", len(rows))
    return [
        Picture(
            path=row.file,
            person=f"wild/{row.person}",
            split=row.split,
            source=row.source,
            points=row.points,
            teacher=None if teacher is None else teacher[number],
        )
        for number, row in enumerate(rows)
    ]


def align_with_margin(image: Rgb8, points: Points5, *, stretched_too: bool = False) -> tuple[Rgb8, Points5]:
    """Straighten a face as the pipeline does, with MARGIN_PX more on each edge. Returns the crop and its points.

    stretched_too: leave what was stretched beyond the photo's edges in the crop, where the pipeline makes it black.
    """
    target = template_for(CACHE_SIDE_PX, margin_share=MARGIN_PX / CACHE_SIDE_PX)
    matrix = estimate_similarity(points, target)
    crop = warp(image, matrix, side_px=CACHE_SIDE_PX)
    return crop if stretched_too else blacken_stretched(crop), apply_affine(matrix, points)


def prepare(data_root: Path, cache_root: Path, *, splits: Sequence[str] = ("train", "val"), workers: int = 0) -> Path:
    """Decode and straighten every picture of `splits` into a folder under `cache_root`, once; return the folder.

    The folder's name is the data's id, so other pictures or other points make another cache. Needs 49 kB a picture.
    workers: processes that decode, none for this one alone.
    It is written under another name and moved at the end: a folder that is there is whole.
    """
    pictures = [p for p in celeba_pictures(data_root / "celeba") + wild_pictures(data_root) if p.split in splits]
    data_id = _data_id(pictures)
    folder = cache_root / f"people-{data_id[:16]}"
    if folder.exists():
        return folder
    partial = cache_root / f"people-{data_id[:16]}.partial"
    partial.mkdir(parents=True, exist_ok=True)
    shape = (len(pictures), CACHE_SIDE_PX, CACHE_SIDE_PX, 3)
    crops = np.lib.format.open_memmap(partial / "crops.npy", mode="w+", dtype=np.uint8, shape=shape)
    kept: list[Picture] = []
    placed: list[Points5] = []
    straightened = made_ahead(_straighten, pictures, workers=workers)
    for picture, made in tqdm(zip(pictures, straightened, strict=True), total=len(pictures), mininterval=5.0):
        if made is None:
            continue
        crop, points = made
        crops[len(kept)] = crop
        kept.append(picture)
        placed.append(points)
    crops.flush()
    blank = np.zeros(256, np.float32)
    np.savez(
        partial / "table.npz",
        points=np.array(placed, np.float32),
        teacher=np.array([blank if p.teacher is None else p.teacher for p in kept], np.float32),
        person=np.array([p.person for p in kept]),
        split=np.array([p.split for p in kept]),
        source=np.array([_source_name(p) for p in kept]),
        files=np.array([p.path.name for p in kept]),
        data_id=np.array(data_id),
    )
    partial.replace(folder)
    return folder


def _straighten(picture: Picture) -> tuple[Rgb8, Points5] | None:
    """A picture's crop and points; None where it is missing or its points are no face's."""
    try:
        return align_with_margin(data.read_picture(picture.path), picture.points)
    except (data.DataMissing, DegeneratePoints):
        return None


def open_people(folder: Path) -> People:
    """Open what `prepare` left; the crops stay on the disk."""
    with np.load(folder / "table.npz") as table:
        count = len(table["person"])
        return People(
            crops=np.load(folder / "crops.npy", mmap_mode="r")[:count],
            points=table["points"],
            teacher=table["teacher"],
            person=table["person"],
            split=table["split"],
            source=table["source"],
            data_id=str(table["data_id"]),
        )


def read_held_out(path: Path = HELD_OUT_FILE) -> HeldOut:
    """Read the committed list of held-out train people."""
    return HeldOut(frozenset(person for group in read_groups(path).values() for person in group))


def choose_held_out(pictures: Sequence[Picture], *, doubles: frozenset[str], seed: int = 8) -> dict[str, list[str]]:
    """Draw the held-out people, by kind of picture, from the train split: how `held_out.json` was made.

    doubles: people thought to be in both sets under two names; none of them is drawn, so that no one is held out
    under one name and trained on under the other.
    """
    generator = np.random.default_rng(seed)
    drawn: dict[str, list[str]] = {}
    taken = set(doubles)
    # kind -> (source, pictures a person must have of it, people): the shape of the official val people.
    for kind, (source, least, count) in {
        "aligned": ("aligned", 10, 20),
        "wild frame": ("wild", 10, 12),
        "small": ("small", 2, 450),
        "half": ("half", 2, 150),
        "pins": ("pins", 40, 8),
        "kpop": ("kpop", 19, 3),
    }.items():
        number = Counter(p.person for p in pictures if p.split == "train" and p.source == source)
        able = sorted(person for person, n in number.items() if n >= least and person not in taken)
        chosen = sorted(str(person) for person in generator.choice(able, size=min(count, len(able)), replace=False))
        drawn[kind] = chosen
        taken.update(chosen)
    return drawn


def read_doubles(path: Path) -> frozenset[str]:
    """Both names of everyone in `names_inferred.csv`: CelebA's number and the wild set's name."""
    rows = list(data.rows(path))
    return frozenset(f"celeba/{row['person']}" for row in rows) | frozenset(f"wild/{row['name']}" for row in rows)


def _source_name(picture: Picture) -> str:
    return f"{picture.person.split('/', 1)[0]}/{picture.source}"


def _read_teacher(path: Path, rows: int) -> FloatArray | None:
    if not path.exists():
        return None
    stored = np.load(path)
    if len(stored) != rows:
        raise Refused(f"{path.name} has {len(stored)} rows, its list {rows}")
    vectors = stored.astype(np.float32) / 127
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _data_id(pictures: Sequence[Picture]) -> str:
    digest = hashlib.sha256(f"{CACHE_SIDE_PX} {MARGIN_PX} {CROP_RULE}\n".encode())
    for picture in pictures:
        digest.update(f"{picture.path.name}\t{picture.person}\t{picture.split}\t{picture.source}\t".encode())
        digest.update(picture.points.tobytes())
    return digest.hexdigest()
