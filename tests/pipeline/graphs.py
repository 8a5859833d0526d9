"""Small ONNX networks with known answers, and the manifest entries that go with them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pipeline.manifest import KINDS, InputSpec, NetworkFacts, Role
from pipeline.manifest_tables import Precision


def colour_means(*, gain: float = 1.0) -> bytes:
    """(B, 3, H, W) -> `means` (B, 3): each channel's mean times gain; `rows` (B, 1): their sum."""
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["raw"], axes=[2, 3], keepdims=0),
        helper.make_node("Mul", ["raw", "gain"], ["means"]),
        helper.make_node("MatMul", ["means", "ones"], ["rows"]),
    ]
    constants = {"gain": np.array([gain], np.float32), "ones": np.ones((3, 1), np.float32)}
    return _network(nodes, constants, {"means": ["B", 3], "rows": ["B", 1]})


def heavy(*, layers: int = 6, width: int = 24) -> bytes:
    """(B, 3, H, W) -> `means` (B, width): convolutions enough for several threads to overlap in."""
    rng = np.random.default_rng(0)
    nodes, constants, last, depth = [], {}, "images", 3
    for layer in range(layers):
        constants[f"w{layer}"] = (rng.standard_normal((width, depth, 3, 3)) / (3 * depth**0.5)).astype(np.float32)
        nodes.append(helper.make_node("Conv", [last, f"w{layer}"], [f"c{layer}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{layer}"], [f"r{layer}"]))
        last, depth = f"r{layer}", width
    nodes.append(helper.make_node("ReduceMean", [last], ["means"], axes=[2, 3], keepdims=0))
    return _network(nodes, constants, {"means": ["B", width]})


def facts(
    folder: Path,
    network: bytes,
    *,
    outputs: tuple[str, ...],
    name: str = "network.onnx",
    role: Role = "embedder",
    sizes_px: tuple[int, ...] = (16,),
    precision: Precision = "f32",
    input_name: str = "images",
    **spec: Any,
) -> NetworkFacts:
    """Write the network into `folder` and describe it; pixels come in as 0..1 unless `mean` or `std` say otherwise."""
    path = folder / name
    path.write_bytes(network)
    return NetworkFacts(
        role=role,
        kind=KINDS[role][0],
        path=path,
        sha256=hashlib.sha256(network).hexdigest(),
        input=InputSpec(
            name=input_name,
            sizes_px=sizes_px,
            color=spec.get("color", "RGB"),
            mean=spec.get("mean", (0.0, 0.0, 0.0)),
            std=spec.get("std", (255.0, 255.0, 255.0)),
        ),
        outputs=outputs,
        precision=precision,
        licence="CC0-1.0",
        facts={},
    )


def _network(nodes: list[Any], constants: dict[str, Any], outputs: dict[str, list[str | int]]) -> bytes:
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["B", 3, "H", "W"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
