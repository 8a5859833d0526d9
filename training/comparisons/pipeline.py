"""Cross-entropy against ArcFace through the whole product: val pictures as files, through all three networks.

`python -m training.comparisons pipeline` takes the runs of `comparisons losses`, puts each behind the detector and
the aligner that ship, and writes pipeline.json in weights/records: TPR at FPR 0.01 and 0.001 with intervals over
people, a face that was not found counted as no match, and what ArcFace gains over cross-entropy, paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from evaluation.datasets.end_to_end import PhotoReader, answer, with_misses
from evaluation.datasets.pack import FacePicture, read_celeba, read_wild
from evaluation.documents.base import plain
from evaluation.metrics import verification
from pipeline.face_pipeline import FacePipeline
from pipeline.manifest import load_manifest
from pipeline.open_parts import open_aligner, open_detector, open_embedder
from training.command_line import Refused
from training.comparisons.timing import exported_facts
from training.embedder.build import build_network
from training.embedder.recipe import stored_recipe
from training.embedder.train import network_weights
from training.export.onnx import current_commit, write_record
from training.loop import CHECKPOINT, Fitted, read_checkpoint

COMPARED: Final = {"ce": "embedder_ce", "arcface": "embedder_arcface"}
FPRS: Final = (0.01, 0.001)
THREADS: Final = 2


def compare_pipeline(*, data: Path, runs: Path, out: Path, weights: Path = Path("weights")) -> Path:
    """Read every val picture with each of the networks; write the record and return its path.

    weights: the folder with the manifest of the detector and the aligner. Raises Refused without the runs.
    """
    val = {
        "celeba aligned": [p for p in read_celeba(data) if p.split == "val" and p.source == "aligned"],
        "wild": [p for p in read_wild(data) if p.split == "val"],
    }
    folder = runs / "compare" / "losses"
    fitted = {name: _finished(folder / run) for name, run in COMPARED.items()}
    readers = {
        name: _reader(run, folder / COMPARED[name] / "network.onnx", weights=weights, data=data)
        for name, run in fitted.items()
    }
    record = {
        "measures": "val pictures as files through the shipped detector and aligner; an unfound face is no match",
        "recipes": {name: run.facts["recipe"] for name, run in fitted.items()},
        "commit": current_commit(),
        "sets": {name: compare_readers(pictures, readers) for name, pictures in val.items() if pictures},
    }
    path = out / "records" / "pipeline.json"
    write_record(path, record)
    return path


def compare_readers(
    pictures: Sequence[FacePicture],
    readers: Mapping[str, PhotoReader],
    *,
    advance: Callable[[int], None] = lambda _done: None,
) -> dict[str, Any]:
    """Figures of each reader, and what the last gains over the first. Raises Refused where nobody can be told apart."""
    scores = {}
    found: dict[str, Any] = {"people": len({one.person for one in pictures}), "pictures": len(pictures)}
    for name, reader in readers.items():
        answered = answer(pictures, reader, advance=advance)
        people = [pictures[row].person for row in answered.rows]
        if len(set(people)) < 2:
            raise Refused(f"{name}: faces of fewer than two people were found in {len(pictures)} pictures")
        pairs = verification.all_pairs(answered.vectors, people)
        scores[name] = with_misses(pairs, found=people, everybody=[one.person for one in pictures])
        points = verification.verify(scores[name], fprs=FPRS).points
        found[name] = {
            "answered": len(people),
            **{str(point.fpr): plain(point.tpr) for point in points},
        }
    first, *_, last = scores
    gains = verification.paired_gain(scores[first], scores[last], fprs=FPRS)
    found["gain"] = {str(fpr): plain(gain) for fpr, gain in zip(FPRS, gains, strict=True)}
    return found


def table(record: dict[str, Any]) -> str:
    """The record as lines: TPR at both rates of each, and the gain."""
    lines = []
    for name, row in record["sets"].items():
        for who in (*COMPARED, "gain"):
            figures = "  ".join(
                f"@{fpr:g} {row[who][str(fpr)]['value']:+.4f} ({row[who][str(fpr)]['low']:+.4f} to"
                f" {row[who][str(fpr)]['high']:+.4f})"
                for fpr in FPRS
            )
            lines.append(f"{name:15} n {row['pictures']:5} {who:8} {figures}")
    return "\n".join(lines)


def _finished(run: Path) -> Fitted:
    fitted = read_checkpoint(run / CHECKPOINT) if (run / CHECKPOINT).is_file() else None
    if fitted is None or fitted.steps < stored_recipe(fitted.facts).steps:
        raise Refused(f"{run}: no such run, or not to its end; python -m training.comparisons losses makes it")
    return fitted


def _reader(fitted: Fitted, path: Path, *, weights: Path, data: Path) -> FacePipeline:
    """The shipped detector and aligner with a run's network behind them."""
    network = build_network(stored_recipe(fitted.facts).network, data).to(memory_format=torch.channels_last)
    network.load_state_dict(network_weights(fitted))
    return pipeline_with(network, path, weights=weights)


def pipeline_with(network: nn.Module, path: Path, *, weights: Path) -> FacePipeline:
    """Export an embedder to `path` and open it behind the detector and aligner of a folder with a manifest."""
    manifest = load_manifest(weights)
    facts, _ = exported_facts(network, path, role="embedder", outputs=("embedding",))
    return FacePipeline(
        detector=open_detector(manifest.detector, manifest.thresholds, backend="openvino", threads=THREADS),
        aligner=open_aligner(manifest.aligner, backend="openvino", threads=THREADS),
        embedder=open_embedder(facts, backend="openvino", threads=THREADS),
    )
