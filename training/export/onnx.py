"""A trained network -> an ONNX file, its facts as JSON, and the proof that it still computes the same.

Shared by the embedder and the aligner. Nothing here knows faces: a network is a module from (B, 3, S, S) float32,
already normalised, to one or more named outputs.

    facts = export_onnx(network, Path("weights/embedder.onnx"), side_px=112, outputs=("embedding",))
    parity = compare_with_torch(network, Path("weights/embedder.onnx"), side_px=112)
    parity[0].worst_cosine > 0.9999
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from pipeline.types import FloatArray, Nchw
from training.command_line import Refused
from training.export.lean_graph import make_lean

OPSET: Final = 17  # the newest that both OpenVINO and ONNX Runtime take without a converter's rewrite
MAX_FILE_BYTES: Final = 20_000_000  # what one file of the repository may weigh


@dataclass(frozen=True, slots=True)
class Exported:
    """The file that was written: its bytes' name and size, and the names of its outputs in order."""

    path: Path
    sha256: str
    size_bytes: int
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parity:
    """How far one output of the file is from the network's own, over every picture that was tried."""

    output: str
    pictures: int
    worst_cosine: float  # of the flattened outputs, picture by picture
    worst_abs: float  # largest absolute difference of one number


class ExportFailed(Refused):
    """The file is too large or does not compute what the network computes."""


def export_onnx(
    network: nn.Module,
    path: Path,
    *,
    side_px: int,
    outputs: Sequence[str],
    input_name: str = "images",
    to_ship: bool = True,
) -> Exported:
    """Write `network` as ONNX with a free batch size; weights stay inside the one file.

    The file is written beside its place and moved there, so that a reader never sees half of it.
    Raises ExportFailed when it is larger than MAX_FILE_BYTES and is `to_ship`.
    """
    network = network.eval().float().cpu()
    example = torch.zeros(2, 3, side_px, side_px)
    partial = path.with_suffix(".onnx.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), torch.no_grad():
        # The TorchScript exporter says on every call that it is the old one. It is chosen on purpose: it folds
        # constants at a fixed opset and needs no example of every batch size.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            str(partial),
            input_names=[input_name],
            output_names=list(outputs),
            dynamic_axes={name: {0: "batch"} for name in (input_name, *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )
    make_lean(partial)
    size = partial.stat().st_size
    if to_ship and size > MAX_FILE_BYTES:
        partial.unlink()
        raise ExportFailed(f"{path.name} would be {size / 1e6:.1f} MB, the limit is {MAX_FILE_BYTES / 1e6:.0f} MB")
    partial.replace(path)
    return Exported(path=path, sha256=sha256_of(path), size_bytes=size, outputs=tuple(outputs))


def compare_with_torch(
    network: nn.Module, path: Path, *, side_px: int, pictures: Nchw | None = None
) -> tuple[Parity, ...]:
    """Run the file in ONNX Runtime and `network` in torch on the same pictures, in float32, output by output.

    pictures: (N, 3, side_px, side_px), normalised; without them 16 of smooth noise, batches of 1 and of 15, so
    that a batch size frozen by the export is caught.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    names = [output.name for output in session.get_outputs()]
    batch = _smooth_noise(16, side_px) if pictures is None else np.ascontiguousarray(pictures, np.float32)
    network = network.eval().float().cpu()
    parts = [batch[:1], batch[1:]] if len(batch) > 1 else [batch]
    theirs: list[list[FloatArray]] = [[] for _ in names]
    ours: list[list[FloatArray]] = [[] for _ in names]
    for part in parts:
        for kept, output in zip(theirs, session.run(None, {name: part}), strict=True):
            kept.append(output)
        with torch.no_grad():
            result = network(torch.from_numpy(part))
        for kept, output in zip(ours, result if isinstance(result, tuple) else (result,), strict=True):
            kept.append(output.numpy())
    return tuple(
        _parity(name, np.concatenate(a), np.concatenate(b)) for name, a, b in zip(names, ours, theirs, strict=True)
    )


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def current_commit() -> str:
    """The commit the recipe ran at, "+changes" behind it when the tree differs.

    Outside a checkout, as in a copy of its files on another machine, what GIT_COMMIT says; else "unknown".
    """
    try:
        commit = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+changes"],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("GIT_COMMIT", "unknown")
    return commit.strip()


def write_record(path: Path, facts: dict[str, Any]) -> None:
    """Write facts as JSON, sorted as given, dataclasses as their fields; a reader never sees half of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(facts, indent=2, ensure_ascii=False, default=_plain)
    partial = path.with_suffix(".partial")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)


def _plain(value: object) -> Any:
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, np.generic):
        return value.item()
    return asdict(value)  # type: ignore[call-overload]


def _parity(name: str, ours: FloatArray, theirs: FloatArray) -> Parity:
    a, b = ours.reshape(len(ours), -1).astype(np.float64), theirs.reshape(len(theirs), -1).astype(np.float64)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine = (a * b).sum(axis=1) / np.maximum(norms, 1e-12)
    return Parity(name, len(a), float(cosine.min()), float(np.abs(a - b).max()))


def _smooth_noise(count: int, side_px: int) -> Nchw:
    """(count, 3, side, side) in -1..1 with a picture's large shapes: white noise leaves most channels asleep."""
    coarse = torch.rand(count, 3, 7, 7, generator=torch.Generator().manual_seed(0)) * 2 - 1
    smooth = nn.functional.interpolate(coarse, size=(side_px, side_px), mode="bicubic").clamp(-1, 1)
    return np.asarray(smooth.numpy(), np.float32)
