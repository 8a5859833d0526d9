"""A data pack in miniature that every trainer can be run on, and recipes of seconds.

Built on the evaluation's pack of drawn people (one colour a person); pictures, points and boxes by rule.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from tests.evaluation.tiny_pack import POINTS, SIDE_PX, write_pack
from training.data.people import read_held_out

SCENE_PX: Final = 96

RECIPES: Final = {
    "detector": """
        start = "init/start.safetensors"
        steps = 6
        batch = 4
        warmup_steps = 1
        rate = 1e-6                   # the start weights' scores must not fall: export compares boxes
        dev_every = 3
        side_px = 64
        mixes = [1.0]
        [sample]
        sides_px = [64]
        """,
    "landmarks": """
        base = "landmarks_deep.toml"
        goes_on_from = "landmarks_deep"
        """,
    "landmarks_deep": """
        [network]
        model = "hourglass"
        width = 8
        depth = 3
        [data]
        helen_afw = 0.0
        ytf68 = 0.0
        celeba = 0.0
        wild = 0.0
        [run]
        steps = 6
        batch = 2
        warmup_steps = 1
        check_every = 6
        """,
    "embedder": """
        steps = 6
        warmup_steps = 1
        check_every = 6
        [network]
        backbone = "edgenext_xx_small"
        start = ""
        [batch]
        size = 8
        """,
}


def write_recipes(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in RECIPES.items():
        (folder / f"{name}.toml").write_text("\n".join(line.strip() for line in text.splitlines()), encoding="utf-8")
    return folder


def write_mini_pack(root: Path) -> Path:
    """Val as the evaluation reads it, and beside it what a training wants: train people, faces and scenes."""
    write_pack(root)
    shutil.rmtree(root / "scenes")  # ours are smaller, and have a train part
    rng = np.random.default_rng(1)
    _add_train_people(root / "celeba", rng)
    _add_landmarks(root / "landmarks", rng)
    for split, count in (("train", 6), ("val", 1)):
        _write_scenes(root / "scenes", split, count, rng)
    return root


def _add_train_people(folder: Path, rng: np.random.Generator) -> None:
    """Held-out people with three aligned pictures each and CelebA's own lists; the teacher is the colour."""
    held = sorted(p for p in read_held_out().people if p.startswith("celeba/"))[:4]
    with (folder / "pictures.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    flat = " ".join(f"{value:.1f}" for value in POINTS.ravel())
    lines = []
    for person in held:
        color = rng.integers(30, 225, 3)
        for _ in range(3):
            name = f"{len(rows) + 1:06d}.jpg"
            _save(folder / "img_align_celeba" / name, _flat(color, SIDE_PX, rng))
            row = dict(rows[0]) | {"file": name, "person": person.removeprefix("celeba/")}
            rows.append(row | {"split": "train", "source": "aligned"})
            lines.append(f"{name} {flat}\n")
    with (folder / "pictures.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    listing = folder / "list_landmarks_align_celeba.txt"
    _, header, *old = listing.read_text(encoding="utf-8").splitlines(keepends=True)
    listing.write_text(f"{len(rows)}\n{header}{''.join(old)}{''.join(lines)}", encoding="utf-8")
    code = {"train": 0, "val": 1}
    (folder / "identity_CelebA.txt").write_text("".join(f"{r['file']} {r['person']}\n" for r in rows))
    (folder / "list_eval_partition.txt").write_text("".join(f"{r['file']} {code[r['split']]}\n" for r in rows))
    people = sorted({row["person"] for row in rows})
    teacher = np.eye(len(people), 256)[[people.index(row["person"]) for row in rows]]
    np.save(folder / "teacher.npy", np.round(teacher * 127).astype(np.int8))
    wild = folder.parent / "wild"
    with (wild / "people.csv").open(newline="", encoding="utf-8") as file:
        count = len(list(csv.DictReader(file)))
    np.save(wild / "teacher.npy", np.round(np.eye(count, 256) * 127).astype(np.int8))


def _add_landmarks(folder: Path, rng: np.random.Generator) -> None:
    flat = ",".join(f"{value:.2f}" for value in POINTS.ravel())
    with (folder / "points5.csv").open("a", encoding="utf-8") as file:
        for k in range(24):
            _save(folder / "mtfl" / f"train_{k}.webp", _flat(rng.integers(40, 216, 3), SIDE_PX, rng))
            file.write(f"mtfl,train,train_{k}.webp,30,30,114,130,{flat}\n")


def _write_scenes(folder: Path, split: str, count: int, rng: np.random.Generator) -> None:
    for source in ("wider", "celeba", "portrait", "mask", "empty"):
        for k in range(count):
            picture = _flat(np.array([110, 110, 110]), SCENE_PX, rng)
            label = ""
            if source != "empty":
                x, y = rng.integers(30, SCENE_PX - 30, 2)
                cv2.ellipse(picture, (int(x), int(y)), (16, 22), 0, 0, 360, (60, 60, 220), -1)
                label = f"0 {x / SCENE_PX:.6f} {y / SCENE_PX:.6f} {32 / SCENE_PX:.6f} {44 / SCENE_PX:.6f}\n"
            _save(folder / "images" / split / f"{source}_{k}.webp", picture)
            path = folder / "labels" / split / f"{source}_{k}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(label, encoding="utf-8")


def _flat(color: np.ndarray, side_px: int, rng: np.random.Generator) -> np.ndarray:
    noisy = color + rng.normal(0, 8, (side_px, side_px, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".webp", image)[1].tobytes())
