"""The detector's file with int8 convolutions, for processors with VNNI and without bf16. Needs `nncf`.

Ranges are found on train scenes, on canvases as served. The last 1x1 convolutions of the head and what decodes boxes
and points stay in float: pixels of a large canvas do not fit 256 steps.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import numpy_helper

from pipeline.letterbox import letterbox
from pipeline.types import Nchw
from training.command_line import Refused
from training.comparisons.quantise import with_whole_weights
from training.config import build
from training.data.scenes import Scene
from training.detector.batches import split_scenes
from training.detector.export import openvino_network, record_of, store_as_float16
from training.detector.recipe import DetectorRecipe
from training.detector.score import STEP_PX
from training.export.onnx import ExportFailed, write_record

CHECKED: Final = 20  # scenes on which the file must agree with the float one
MAX_SCORE_DIFFERENCE: Final = 0.2  # an engine that misreads the graph is far beyond it
KEPT_FLOAT: Final = r"^/model\.22/(?!cv[234]\.\d/cv[234]\.\d\.[01]/).*"  # of the head all but its 3x3 convolutions


def export_int8(weights: Path, *, data: Path, pictures: int) -> Path:
    """Write `weights`/detector_int8.onnx and its record from `weights`/detector.onnx and the record of that."""
    source = weights / "detector.onnx"
    stored = weights / "records" / "detector.json"
    if not (source.is_file() and stored.is_file()):
        raise Refused(f"{weights}: no detector.onnx with its record; export the run first")
    facts = json.loads(stored.read_text(encoding="utf-8"))
    recipe = build(DetectorRecipe, facts["settings"])
    scenes, _ = split_scenes(recipe, data)
    step = max(1, len(scenes) // pictures)
    path = weights / "detector_int8.onnx"
    draft = weights / "detector_int8.onnx.draft"
    write_int8(source, draft, canvases(scenes[::step][:pictures], side_px=recipe.side_px))
    shown = [scene for scene in scenes if scene.source != "empty"][:CHECKED]
    apart = score_difference(draft, source, canvases(shown, side_px=recipe.side_px))
    if apart > MAX_SCORE_DIFFERENCE:
        draft.unlink()
        raise ExportFailed(f"in OpenVINO the int8 file is up to {apart:.2f} away from the float one's scores: not kept")
    draft.replace(path)
    told = {name: facts[name] for name in ("recipe", "commit", "steps", "mix", "settings")}
    told |= {"made_from": facts["sha256"], "calibrated_on": pictures}
    write_record(weights / "records" / "detector_int8.json", record_of(path, recipe, data, told))
    return path


def score_difference(candidate: Path, reference: Path, pictures: Iterable[Nchw]) -> float:
    """The largest difference of two files' scores in OpenVINO, in each picture's cell that is surest of a face."""
    ours, theirs = openvino_network(candidate), openvino_network(reference)
    apart = 0.0
    for canvas in pictures:
        wanted, found = theirs(canvas)[0, 4], ours(canvas)[0, 4]
        surest = int(wanted.argmax())
        apart = max(apart, abs(float(wanted[surest] - found[surest])))
    return apart


def canvases(scenes: Iterable[Scene], *, side_px: int) -> Iterable[Nchw]:
    """Each scene on its canvas, (1, 3, H, W), RGB 0..1."""
    for scene in scenes:
        canvas, _ = letterbox(np.ascontiguousarray(scene.read()[:, :, ::-1]), side_px=side_px, step_px=STEP_PX)
        yield np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255)


def write_int8(source: Path, path: Path, pictures: Iterable[Nchw]) -> None:
    """Quantise the graph of `source` by the ranges that `pictures` give, and store what is int8 as int8."""
    import nncf

    logging.getLogger("nncf").setLevel(logging.WARNING)
    shown = list(pictures)
    quantised = nncf.quantize(
        with_whole_weights(onnx.load(str(source))),
        nncf.Dataset(shown, lambda canvas: {"images": canvas}),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(shown),
        ignored_scope=nncf.IgnoredScope(patterns=[KEPT_FLOAT]),
    )
    store_as_int8(quantised)
    store_as_float16(quantised)
    onnx.checker.check_model(quantised)
    partial = path.with_suffix(".onnx.partial")
    onnx.save(quantised, str(partial))
    partial.replace(path)


def store_as_int8(model: onnx.ModelProto) -> None:
    """Carry out every QuantizeLinear of a stored weight, so that the file holds the int8 numbers alone."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    kept = []
    for node in model.graph.node:
        if node.op_type != "QuantizeLinear" or node.input[0] not in stored:
            kept.append(node)
            continue
        weight, scale, zero = (numpy_helper.to_array(stored[name]) for name in node.input)
        axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 1)
        shape = [-1 if dimension == axis and scale.ndim else 1 for dimension in range(weight.ndim)]
        steps = np.rint(weight / scale.reshape(shape)) + zero.reshape(shape).astype(np.float32)
        limits = np.iinfo(zero.dtype)
        whole = numpy_helper.from_array(steps.clip(limits.min, limits.max).astype(zero.dtype), node.output[0])
        stored[node.output[0]] = whole
    needed: set[str] = {name for node in kept for name in node.input}
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(kept)
    model.graph.initializer.extend(tensor for name, tensor in stored.items() if name in needed)
