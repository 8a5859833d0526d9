"""A finished detector run -> `detector.onnx`, its record, and the proof that both runtimes compute what torch does.

The graph: input `images` (B, 3, H, W), RGB 0..1, H and W multiples of 32; output `output0` (B, 20, N): centre x and y,
width and height in pixels of the input, the score 0..1, then x, y and visibility of five points. No suppression inside.
"""

from __future__ import annotations

import itertools
import json
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper

from pipeline.adapters.yolo_pose import POINTS, ROWS
from pipeline.detector import BOX_ROWS
from pipeline.nms import iou_matrix
from pipeline.types import FloatArray, Nchw
from training.config import build, recipe_values
from training.data.scenes import Scene, list_scenes
from training.detector.batches import split_scenes
from training.detector.network import torch_network
from training.detector.recipe import DetectorRecipe
from training.detector.score import STEP_PX, RunNetwork, intervals, run_on_scenes, summary
from training.detector.train import MIXES_FILE, mixed
from training.export.lean_graph import lean
from training.export.onnx import MAX_FILE_BYTES, OPSET, ExportFailed, current_commit, sha256_of, write_record
from training.loop import CHECKPOINT, read_checkpoint

HUMAN: Final = ("wider", "mask")  # sources whose boxes people drew
MIN_IOU: Final = 0.99  # of a box of the file against torch's box of the same cell
MAX_SCORE_DIFFERENCE: Final = 0.01
MAX_POINT_RATIO: Final = 0.01
PARITY_SHAPES: Final = ((1, 640, 640), (3, 320, 320), (2, 384, 640))  # batch, height, width


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxParity:
    """How far a runtime's boxes and points are from torch's over every cell that torch scores at 0.05 or more."""

    runtime: str
    boxes: int
    worst_iou: float
    worst_score_difference: float
    worst_point_ratio: float  # distance of two points over the longer side of the box

    @property
    def holds(self) -> bool:
        close = self.worst_iou > MIN_IOU and self.worst_point_ratio < MAX_POINT_RATIO
        return self.boxes > 0 and close and self.worst_score_difference < MAX_SCORE_DIFFERENCE


def write_graph(model: Any, path: Path) -> None:
    """Write the graph with free batch, height and width; weights stored as float16, computed with in float32.

    model: without norms, as `training.detector.network` makes it; its head is left in export mode.
    Raises ExportFailed above MAX_FILE_BYTES.
    """
    model = model.eval()
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
    graph = lean(onnx.load(str(partial)))
    store_as_float16(graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(partial))
    if (size := partial.stat().st_size) > MAX_FILE_BYTES:
        partial.unlink()
        raise ExportFailed(f"{path.name} would be {size / 1e6:.1f} MB, the limit is {MAX_FILE_BYTES / 1e6:.0f} MB")
    partial.replace(path)


def store_as_float16(model: onnx.ModelProto, *, smallest: int = 256) -> None:
    """Keep float32 weights of `smallest` numbers and more as float16 with a Cast behind each; runtimes fold the cast.

    Half the file.
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
    worst_iou, worst_score, worst_point, boxes = 1.0, 0.0, 0.0, 0
    for batch in batches:
        ours, theirs = (run(batch).transpose(0, 2, 1).reshape(-1, ROWS[0]) for run in (reference, candidate))
        worst_score = max(worst_score, float(np.abs(ours[:, 4] - theirs[:, 4]).max()))
        seen = np.flatnonzero(ours[:, 4] >= 0.05)
        boxes += len(seen)
        apart = np.abs(ours[seen, BOX_ROWS:] - theirs[seen, BOX_ROWS:]).reshape(-1, POINTS, 3)[..., :2]
        longer = ours[seen, 2:4].max(axis=1, initial=1.0)[:, None, None]
        worst_point = max(worst_point, float((apart / longer).max(initial=0.0)))
        for k in seen:
            worst_iou = min(worst_iou, float(iou_matrix(_corners(ours[k : k + 1]), _corners(theirs[k : k + 1]))[0, 0]))
    return BoxParity(
        runtime=runtime,
        boxes=boxes,
        worst_iou=worst_iou,
        worst_score_difference=worst_score,
        worst_point_ratio=worst_point,
    )


def parity_batches(scenes: list[Scene]) -> Iterator[Nchw]:
    """Pictures in every shape of PARITY_SHAPES, stretched to it, over and over when there are few."""
    import cv2

    left = itertools.cycle(scenes)
    for batch, height, width in PARITY_SHAPES:
        pictures = [cv2.resize(next(left).read(), (width, height))[:, :, ::-1] for _ in range(batch)]
        yield np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def export_run(run: Path, *, out: Path, data: Path, mix: float | None = None) -> Path:
    """Write `out`/detector.onnx and `out`/records/detector.json from a finished run's folder.

    mix: the share of the way from the start to the run's average, 0..1; the recipe's without it.
    The file replaces an older one only when parity holds; otherwise raises ExportFailed with the figures.
    """
    mixes = run / MIXES_FILE
    compared = json.loads(mixes.read_text(encoding="utf-8")) if mixes.is_file() else {}
    fitted = read_checkpoint(run / CHECKPOINT)
    recipe = build(DetectorRecipe, fitted.facts["recipe"])
    mix = recipe.mix if mix is None else mix
    draft = run / "detector.onnx"
    write_graph(mixed(recipe, data, fitted.averaged, mix), draft)
    _, dev = split_scenes(recipe, data)
    batches = list(parity_batches([scene for scene in dev if scene.source != "empty"]))
    reference = torch_network(mixed(recipe, data, fitted.averaged, mix))
    parities = [
        box_parity(reference, onnxruntime_network(draft), batches, runtime="onnxruntime"),
        box_parity(reference, openvino_network(draft), batches, runtime="openvino float32"),
    ]
    for parity in parities:
        print(parity)
    if not all(parity.holds for parity in parities):
        raise ExportFailed(f"{draft} does not compute what the run's network does: {parities}")
    path = out / "detector.onnx"
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(draft, path)
    facts = {
        "recipe": fitted.facts["recipe_file"],
        "commit": fitted.facts["commit"],
        "steps": fitted.steps,
        "mix": mix,
        "mixes": compared.get("rows", []),
        "parity": [asdict(parity) for parity in parities],
        "settings": recipe_values(recipe),
    }
    write_record(out / "records" / "detector.json", record_of(path, recipe, data, facts))
    return path


def record_of(path: Path, recipe: DetectorRecipe, data: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """What the file is, and how it does on held-out train scenes and on val in one upright look, float32."""
    network = openvino_network(path)
    judged = {"dev": split_scenes(recipe, data)[1], "val": list_scenes(data / "scenes", "val")}
    pairs = {name: run_on_scenes(scenes, network, side_px=recipe.side_px) for name, scenes in judged.items()}
    human = {name: [pair for pair in found if pair.source in HUMAN] for name, found in pairs.items()}
    return {
        "role": "detector",
        "file": path.name,
        "sha256": sha256_of(path),
        "size_bytes": path.stat().st_size,
        "input": {
            "name": "images",
            "side_px": recipe.side_px,
            "step_px": STEP_PX,
            "color": "RGB",
            "mean": [0, 0, 0],
            "std": [255, 255, 255],
        },
        "output": "output0 (B, 20, N): centre x, centre y, width, height in input pixels, score 0..1, then x, y, "
        "visibility of five points; no suppression",
        "licence": "AGPL-3.0",
        "started_from": "YOLOv8n-face of derronqi/yolov8-face, trained on WIDER FACE (AGPL-3.0)",
        "data": "WIDER FACE (the start), then scenes train: WIDER FACE (part), CelebA originals, portraits, masks, "
        "pictures without people; research only",
        "exported_at": current_commit(),
        "scores": {name: summary(found) for name, found in pairs.items()},
        "scores_of_human_boxes": {name: summary(found) for name, found in human.items()},
        "intervals_of_val": {"all": intervals(pairs["val"]), "human_boxes": intervals(human["val"])},
        **facts,
    }


def _corners(rows: FloatArray) -> FloatArray:
    """(N, 5) centre, size, score -> (N, 4) corners."""
    return np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], axis=1)
