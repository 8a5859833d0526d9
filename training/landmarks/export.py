"""A trained aligner as `aligner.onnx` with its record, and its errors on labelled faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from torch import nn

from pipeline.similarity import CROP_SIDE_PX
from training.data.faces_with_points import (
    FaceWithPoints,
)
from training.export.onnx import ExportFailed, compare_with_torch, export_onnx, write_record
from training.landmarks.calibrate import calibrate
from training.landmarks.evaluate import caught_at, predictor, run_passes, run_straightened
from training.landmarks.train import load_network

MAX_PARITY_PX: Final = 0.1


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
    if parity[0].worst_abs >= MAX_PARITY_PX:
        raise ExportFailed(f"points differ by {parity[0].worst_abs:.3f} px, the limit is {MAX_PARITY_PX} px")
    recipe = fitted.facts["recipe"]
    model, given = recipe["network"]["model"], recipe["network"]["start"]
    start = given if model != "hourglass" else None
    licence, start_words = (
        {
            "regression": ("CC-BY-NC-SA-4.0", f"EdgeFace (Idiap), its trunk: {start}"),
            "yolo_hourglass": ("AGPL-3.0", f"YOLOv8n-face (derronqi/yolov8-face, AGPL-3.0), layers 0 to 15: {start}"),
        }[model]
        if start
        else ("AGPL-3.0-or-later", "noise")
    )
    record = {
        "role": "aligner",
        "file": written.path.name,
        "sha256": written.sha256,
        "size_bytes": written.size_bytes,
        "input": {
            "name": "images",
            "side_px": CROP_SIDE_PX,
            "color": "RGB",
            "mean": [127.5] * 3,
            "std": [127.5] * 3,
        },
        "output": "points (B,5,2) pixels of the crop; log_error (B,1) ln(expected mean distance / eye distance)",
        "licence": licence,
        "started_from": start_words,
        "steps": fitted.steps,
        "recipe": fitted.facts["recipe"],
        "commit": fitted.facts["commit"],
        "data": fitted.facts["data"],
        "calibration": calibration,
        "parity": parity,
        "scores": scores or {},
    }
    write_record(out / "records" / "aligner.json", record)
    return written.path
