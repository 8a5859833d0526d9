"""What the record of a network of points says of its file, whatever points they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pipeline.similarity import CROP_SIDE_PX
from training.export.onnx import Exported, ExportFailed, Parity
from training.loop import Fitted

MAX_PARITY_PX: Final = 0.1  # between the file's points and torch's


def record_of(
    role: str, written: Exported, fitted: Fitted, parity: Sequence[Parity], *, output: str, start: tuple[str, str]
) -> dict[str, Any]:
    """The facts of a file; scores and what else there is to say come after it.

    output: the outputs in words. start: the licence and the words for what the network started from.
    Raises ExportFailed when the file's points are further from torch's than MAX_PARITY_PX.
    """
    if parity[0].worst_abs >= MAX_PARITY_PX:
        raise ExportFailed(f"points differ by {parity[0].worst_abs:.3f} px, the limit is {MAX_PARITY_PX} px")
    licence, words = start
    return {
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
        "output": output,
        "licence": licence,
        "started_from": words,
        "steps": fitted.steps,
        "recipe": fitted.facts["recipe"],
        "commit": fitted.facts["commit"],
        "data": fitted.facts["data"],
        "parity": parity,
    }


def yolo_start(path: str | None, layers: str) -> tuple[str, str]:
    """Licence and words of a start from YOLOv8n-face's layers; of noise without a file."""
    if path is None:
        return "AGPL-3.0-or-later", "noise"
    return "AGPL-3.0", f"YOLOv8n-face (derronqi/yolov8-face, AGPL-3.0), layers {layers}: {path}"
