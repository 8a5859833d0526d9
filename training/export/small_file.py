"""A network's ONNX file at half its size or less: float16 weights, and int8 for one dense layer.

The arithmetic stays in float32: the file widens its weights when it is opened. `round_weights` gives the torch network
the very numbers that the file will keep, so that what is measured is what is shipped; `shrink` rewrites the file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from training.export.onnx import MAX_FILE_BYTES, Exported, ExportFailed, sha256_of

SMALL: Final = 1024  # numbers; shorter arrays (biases, norms) stay in float32
BLOCK: Final = 128  # int8 weights that share a scale


def round_weights(network: nn.Module, *, int8: str = "") -> None:
    """Round every large weight to float16 in place; the one whose name ends in `int8` to blocks of int8."""
    with torch.no_grad():
        for name, value in [*network.named_parameters(), *network.named_buffers()]:
            if not value.is_floating_point() or value.numel() <= SMALL:
                continue
            if int8 and name.endswith(int8):
                levels, scale = _in_blocks(value.detach().numpy())
                value.copy_(torch.from_numpy((levels * scale).reshape(value.shape)))
            else:
                value.copy_(value.half().float())


def shrink(exported: Exported, *, int8: str = "") -> Exported:
    """Store the large weights of an ONNX file as `round_weights` rounded them. Replaces the file in one move.

    Raises ExportFailed when what comes out is too large to ship; the file is gone then.
    """
    path = exported.path
    model = narrowed(onnx.load(str(path)), int8=int8)
    onnx.checker.check_model(model)
    partial = path.with_suffix(".onnx.small")
    onnx.save(model, str(partial))
    partial.replace(path)
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        path.unlink()
        raise ExportFailed(f"{path.name} would be {size / 1e6:.1f} MB, the limit is {MAX_FILE_BYTES / 1e6:.0f} MB")
    return replace(exported, sha256=sha256_of(path), size_bytes=size)


def narrowed(model: onnx.ModelProto, *, int8: str = "", small: int = SMALL) -> onnx.ModelProto:
    """Store float32 weights of more than `small` numbers as float16, the one that ends in `int8` in blocks of int8.

    What widens them again stands before the other nodes. Changes the model and returns it.
    """
    graph = model.graph
    widen: list[onnx.NodeProto] = []
    for stored in list(graph.initializer):
        values = numpy_helper.to_array(stored)
        if values.dtype != np.float32 or values.size <= small:
            continue
        name = stored.name
        graph.initializer.remove(stored)
        if int8 and name.endswith(int8):
            levels, scale = _in_blocks(values)
            graph.initializer.append(numpy_helper.from_array(levels, f"{name}.levels"))
            graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
            graph.initializer.append(numpy_helper.from_array(np.array(values.shape, np.int64), f"{name}.shape"))
            widen += [
                helper.make_node("Cast", [f"{name}.levels"], [f"{name}.wide"], to=TensorProto.FLOAT),
                helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [f"{name}.scaled"]),
                helper.make_node("Reshape", [f"{name}.scaled", f"{name}.shape"], [name]),
            ]
        else:
            graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            widen.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*widen, *nodes])
    return model


def _in_blocks(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows in blocks, (R, C / BLOCK, BLOCK) int8, and their scales, (R, C / BLOCK, 1); twice is the same as once."""
    blocks = values.reshape(len(values), -1, BLOCK)
    scale = np.maximum(np.abs(blocks).max(axis=2, keepdims=True), np.finfo(np.float32).tiny) / np.float32(127)
    return np.rint(blocks / scale).astype(np.int8), scale.astype(np.float32)
