"""A trained network for many points as ONNX with its record."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipeline.similarity import CROP_SIDE_PX
from training.data.faces_with_points import SCHEMAS, Schema, read_landmark_sets
from training.export.onnx import ExportFailed, compare_with_torch, export_onnx, write_record
from training.landmarks.dense.train import load_network, mean_errors

MAX_PARITY_PX: Final = 0.1
MAX_BYTES: Final = 3_000_000
ROLES: Final = {Schema.IBUG68: "landmarks68", Schema.EYES12: "landmarks12"}


def export(run_dir: Path, out: Path, *, data: Path) -> Path:
    """Write out/landmarks68.onnx (of eyes12: landmarks12.onnx) and its record below out/records.

    Raises ExportFailed when the points differ from torch's or the file is larger than 3 MB.
    """
    network, fitted = load_network(run_dir)
    recipe = fitted.facts["recipe"]
    schema = Schema(recipe["network"]["points"])
    role, count = ROLES[schema], SCHEMAS[schema].count
    dev = read_landmark_sets(data / "landmarks", split="dev", schema=Schema.IBUG68)
    errors = mean_errors(network, dev, schema)
    written = export_onnx(network, out / f"{role}.onnx", side_px=CROP_SIDE_PX, outputs=("points",))
    parity = compare_with_torch(network, written.path, side_px=CROP_SIDE_PX)
    if parity[0].worst_abs >= MAX_PARITY_PX:
        raise ExportFailed(f"points differ by {parity[0].worst_abs:.3f} px, the limit is {MAX_PARITY_PX} px")
    if written.size_bytes > MAX_BYTES:
        raise ExportFailed(f"{written.path.name} has {written.size_bytes} bytes, the limit is {MAX_BYTES}")
    start = recipe["network"]["start"]
    record = {
        "role": role,
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
        "output": f"points (B,{count},2) pixels of the crop, iBUG's order",
        "licence": "AGPL-3.0" if start else "AGPL-3.0-or-later",
        "started_from": (
            f"YOLOv8n-face (derronqi/yolov8-face, AGPL-3.0), layers 0 to 6 and 15: {start}" if start else "noise"
        ),
        "steps": fitted.steps,
        "recipe": recipe,
        "commit": fitted.facts["commit"],
        "data": fitted.facts["data"],
        "parity": parity,
        "scores": {"dev": {"faces": len(dev), "nme": errors}},
    }
    write_record(out / "records" / f"{role}.json", record)
    return written.path
