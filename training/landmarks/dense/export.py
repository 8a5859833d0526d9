"""A trained network for many points as ONNX with its record."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipeline.similarity import CROP_SIDE_PX
from training.data.faces_with_points import SCHEMAS, Schema, read_landmark_sets
from training.export.onnx import ExportFailed, compare_with_torch, export_onnx, write_record
from training.landmarks.dense.train import load_network, mean_errors
from training.landmarks.record import record_of, yolo_start

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
    if written.size_bytes > MAX_BYTES:
        raise ExportFailed(f"{written.path.name} has {written.size_bytes} bytes, the limit is {MAX_BYTES}")
    record = record_of(
        role,
        written,
        fitted,
        parity,
        output=f"points (B,{count},2) pixels of the crop, iBUG's order",
        start=yolo_start(recipe["network"]["start"], "0 to 6 and 15"),
    )
    write_record(out / "records" / f"{role}.json", record | {"scores": {"dev": {"faces": len(dev), "nme": errors}}})
    return written.path
