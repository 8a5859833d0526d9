"""A finished detector run -> `detector.onnx`, its record, and the proof that both runtimes compute what torch does.

The graph: input `images` (B, 3, H, W), RGB 0..1, H and W multiples of 32; output `output0` (B, 5, N): centre x and y,
width and height in pixels of the input, and the score 0..1. No suppression inside: the pipeline joins several sizes.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from torch import nn
from ultralytics.nn.tasks import load_checkpoint

from pipeline.nms import iou_matrix
from pipeline.types import FloatArray, Nchw
from training.config import build, recipe_values
from training.data.scenes import Scene
from training.detector.recipe import DetectorRecipe
from training.detector.score import RunNetwork, run_on_scenes, summary
from training.export.onnx import MAX_FILE_BYTES, OPSET, ExportFailed, current_commit, sha256_of, write_record

MIN_IOU: Final = 0.99  # of a box of the file against torch's box of the same cell
MAX_SCORE_DIFFERENCE: Final = 0.01
PARITY_SHAPES: Final = ((1, 640, 640), (3, 320, 320), (2, 384, 640))  # batch, height, width


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxParity:
    """How far a runtime's boxes are from torch's over every cell that torch scores at 0.05 or more."""

    runtime: str
    boxes: int
    worst_iou: float
    worst_score_difference: float

    @property
    def holds(self) -> bool:
        return self.boxes > 0 and self.worst_iou > MIN_IOU and self.worst_score_difference < MAX_SCORE_DIFFERENCE


def load_network(checkpoint: Path) -> nn.Module:
    """The averaged weights of a checkpoint in evaluation mode, float32, as trained (norms not yet folded)."""
    model, _ = load_checkpoint(checkpoint)
    return model.eval().float()


def write_graph(model: nn.Module, path: Path) -> None:
    """Write the graph with free batch, height and width; weights stored as float16, computed with in float32.

    `model` is left unusable for training: its norms are folded. Raises ExportFailed above MAX_FILE_BYTES.
    """
    model = model.fuse(verbose=False).eval()
    head = model.model[-1]
    head.export, head.dynamic, head.format = True, True, "onnx"
    partial = path.with_suffix(".onnx.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), torch.no_grad():
        # The TorchScript exporter says on every call that it is the old one; it is chosen for its small, plain graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.zeros(2, 3, 320, 416),),
            str(partial),
            input_names=["images"],
            output_names=["output0"],
            dynamic_axes={"images": {0: "batch", 2: "height", 3: "width"}, "output0": {0: "batch", 2: "cells"}},
            opset_version=OPSET,
            dynamo=False,
        )
    graph = onnx.load(str(partial))
    store_as_float16(graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(partial))
    if (size := partial.stat().st_size) > MAX_FILE_BYTES:
        partial.unlink()
        raise ExportFailed(f"{path.name} would be {size / 1e6:.1f} MB, the limit is {MAX_FILE_BYTES / 1e6:.0f} MB")
    partial.replace(path)


def store_as_float16(model: onnx.ModelProto, *, smallest: int = 256) -> None:
    """Keep float32 weights of `smallest` numbers and more as float16 with a Cast behind each; runtimes fold the cast.

    Half the file; checkpoints of the trainer are float16 already, so little is lost but the folding's last bits.
    """
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < smallest:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.float16"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.float16"], [name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])


def onnxruntime_network(path: Path, *, threads: int = 1) -> RunNetwork:
    """The file in ONNX Runtime, float32."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: np.asarray(session.run(None, {"images": images})[0], dtype=np.float32)


def openvino_network(path: Path, *, threads: int = 1, precision: str = "f32") -> RunNetwork:
    """The file in OpenVINO; `precision` is the hint: f32, or bf16 where the processor has it."""
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,
    }
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)
    return lambda images: np.array(compiled(images)[0], dtype=np.float32)


def box_parity(reference: RunNetwork, candidate: RunNetwork, batches: list[Nchw], *, runtime: str) -> BoxParity:
    """Compare cell by cell, so that no suppression hides or invents a difference. batches: (B, 3, H, W), RGB 0..1."""
    worst_iou, worst_score, boxes = 1.0, 0.0, 0
    for batch in batches:
        ours, theirs = (run(batch).transpose(0, 2, 1).reshape(-1, 5) for run in (reference, candidate))
        worst_score = max(worst_score, float(np.abs(ours[:, 4] - theirs[:, 4]).max()))
        seen = np.flatnonzero(ours[:, 4] >= 0.05)
        boxes += len(seen)
        for k in seen:
            worst_iou = min(worst_iou, float(iou_matrix(_corners(ours[k : k + 1]), _corners(theirs[k : k + 1]))[0, 0]))
    return BoxParity(runtime=runtime, boxes=boxes, worst_iou=worst_iou, worst_score_difference=worst_score)


def parity_batches(scenes: list[Scene]) -> Iterator[Nchw]:
    """Pictures in every shape of PARITY_SHAPES, stretched to it, over and over when there are few."""
    import cv2

    left = itertools.cycle(scenes)
    for batch, height, width in PARITY_SHAPES:
        pictures = [cv2.resize(next(left).read(), (width, height))[:, :, ::-1] for _ in range(batch)]
        yield np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def export_run(run: Path, *, out: Path, data: Path, checkpoint: str = "last.pt", with_val: bool = True) -> Path:
    """Write `out`/detector.onnx and `out`/records/detector.json from a run's folder.

    checkpoint: the file in the run's `weights`: `last.pt` is the end of the schedule, `best.pt` the epoch with the best
    dev AP from 16 px at one size, which in the last epochs is chance.
    The file replaces an older one only when parity holds; otherwise raises ExportFailed with the figures.
    """
    import json

    from training.detector.pictures import split_scenes
    from training.detector.run import torch_network

    recipe = build(DetectorRecipe, json.loads((run / "recipe.json").read_text(encoding="utf-8"))["recipe"])
    facts_of_run = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
    weights = run / "weights" / checkpoint
    draft = run / "detector.onnx"
    write_graph(load_network(weights), draft)
    _, dev = split_scenes(recipe, data)
    batches = list(parity_batches([scene for scene in dev if scene.source != "empty"]))
    reference = torch_network(load_network(weights))
    parities = [
        box_parity(reference, onnxruntime_network(draft), batches, runtime="onnxruntime"),
        box_parity(reference, openvino_network(draft), batches, runtime="openvino float32"),
    ]
    for parity in parities:
        print(parity)
    if not all(parity.holds for parity in parities):
        raise ExportFailed(f"{draft} does not compute what {weights} does: {parities}")
    sides = (recipe.score_side_px,)
    scores: dict[str, Any] = {"dev": summary(run_on_scenes(dev, openvino_network(draft), sides_px=sides))}
    if with_val:
        from training.data.scenes import list_scenes

        val = list_scenes(data / "scenes", "val")
        scores["val"] = summary(run_on_scenes(val, openvino_network(draft), sides_px=sides))
    path = out / "detector.onnx"
    out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(draft.read_bytes())
    write_record(out / "records" / "detector.json", _record(path, recipe, facts_of_run, parities, scores))
    return path


def _record(
    path: Path, recipe: DetectorRecipe, run: dict[str, Any], parities: list[BoxParity], scores: dict[str, Any]
) -> dict[str, Any]:
    return {
        "role": "detector",
        "file": path.name,
        "sha256": sha256_of(path),
        "size_bytes": path.stat().st_size,
        "input": {
            "name": "images",
            "sizes_px": [recipe.score_side_px, 896, 256],
            "multiple_px": 32,
            "color": "RGB",
            "mean": [0, 0, 0],
            "std": [255, 255, 255],
        },
        "output": "output0 (B, 5, N): centre x, centre y, width, height in input pixels, score 0..1; no suppression",
        "licence": "AGPL-3.0",
        "started_from": "YOLOv8n-pose COCO (Ultralytics, AGPL-3.0)",
        "data": "scenes train: WIDER FACE (part), CelebA originals, portraits, masks, empty pictures; research only",
        "recipe": run["recipe_file"],
        "commit": run["commit"],
        "exported_at": current_commit(),
        "parity": [asdict(parity) for parity in parities],
        "scores": scores,
        "settings": recipe_values(recipe),
        "changed_on_resuming": run.get("changes", []),
    }


def _corners(rows: FloatArray) -> FloatArray:
    """(N, 5) centre, size, score -> (N, 4) corners."""
    return np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], axis=1)
