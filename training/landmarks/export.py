"""A trained aligner as `aligner.onnx` with its record, and its errors on labelled faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from pipeline.similarity import CROP_SIDE_PX
from training.data.faces_with_points import (
    FaceWithPoints,
)
from training.export.onnx import compare_with_torch, export_onnx, write_record
from training.landmarks.calibrate import calibrate
from training.landmarks.evaluate import caught_at, predictor, run_passes, run_straightened
from training.landmarks.record import record_of, yolo_start
from training.landmarks.train import load_network


def full_evaluation(network: nn.Module, faces: Sequence[FaceWithPoints]) -> dict[str, Any]:
    """By set: one look by rough points; by box one pass and two; failures,
    and how the expected error tells good from bad.
    """
    report: dict[str, Any] = {}
    for name in sorted({face.source for face in faces}):
        part = [face for face in faces if face.source == name]
        straightened = run_straightened(part, predictor(network))
        report[f"{name}, straightened"] = {"one_look": straightened.summary(), "bad_caught": caught_at(straightened)}
        for box in ("like_detector", "given"):
            first, second = run_passes(part, predictor(network), box=box)
            report[f"{name}, {box}"] = {
                "one_pass": first.summary(),
                "two_passes": second.summary(),
                "bad_caught": caught_at(second),
            }
    return report


def export(
    run_dir: Path, out: Path, *, held_out: Sequence[FaceWithPoints] = (), scores: dict[str, Any] | None = None
) -> Path:
    """Write out/aligner.onnx and out/records/aligner.json. Raises ExportFailed when the points differ.

    held_out: faces that the estimate of error is calibrated on; without any it stays as it was trained.
    """
    network, fitted = load_network(run_dir)
    calibration = calibrate(network, held_out) if held_out else None
    written = export_onnx(network, out / "aligner.onnx", side_px=CROP_SIDE_PX, outputs=("points", "log_error"))
    parity = compare_with_torch(network, written.path, side_px=CROP_SIDE_PX)
    record = record_of(
        "aligner",
        written,
        fitted,
        parity,
        output="points (B,5,2) pixels of the crop; log_error (B,1) ln(expected mean distance / eye distance)",
        start=_start_of(fitted.facts["recipe"]),
    )
    write_record(out / "records" / "aligner.json", record | {"calibration": calibration, "scores": scores or {}})
    return written.path


def _start_of(recipe: Mapping[str, Any]) -> tuple[str, str]:
    """Licence and words of what a recipe's network starts from."""
    network = recipe["network"]
    if network["model"] == "regression" and network["start"]:
        return "CC-BY-NC-SA-4.0", f"EdgeFace (Idiap), its trunk: {network['start']}"
    layers = {"yolo_hourglass": "0 to 15", "small_hourglass": "0 to 6 and 15"}.get(network["model"])
    licence, words = yolo_start(network["start"] if layers else None, layers or "")
    before = recipe.get("goes_on_from")
    return licence, f"{words}, through the run {before}" if before else words
