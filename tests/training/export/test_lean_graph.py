"""Fewer nodes, the same numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from training.export.lean_graph import drop_zero_points, lean, make_lean, part_biases

X = np.random.default_rng(2).normal(size=(2, 3, 6, 6)).astype(np.float32)


def network() -> onnx.ModelProto:
    """An int8 convolution with a bias, flattened by a shape that is found step by step, as exporters write it."""
    rng = np.random.default_rng(0)
    stored = {
        "whole": rng.integers(-127, 128, (4, 3, 1, 1)).astype(np.int8),
        "scale": rng.uniform(0.01, 0.02, 4).astype(np.float32),
        "zero": np.zeros(4, np.int8),
        "bias": rng.normal(size=4).astype(np.float32),
        "first": np.array(0, np.int64),
        "rest": np.array([-1], np.int64),
        "at": np.array([0], np.int64),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["whole", "scale", "zero"], ["w"], name="/widen", axis=0),
        helper.make_node("Conv", ["x", "w", "bias"], ["c"], name="/conv"),
        helper.make_node("Shape", ["c"], ["shape"], name="/shape"),
        helper.make_node("Gather", ["shape", "first"], ["rows"], name="/gather"),
        helper.make_node("Unsqueeze", ["rows", "at"], ["row"], name="/unsqueeze"),
        helper.make_node("Concat", ["row", "rest"], ["flat"], name="/concat", axis=0),
        helper.make_node("Reshape", ["c", "flat"], ["y"], name="/reshape"),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "g",
        [value("x", onnx.TensorProto.FLOAT, ["batch", 3, 6, 6])],
        [value("y", onnx.TensorProto.FLOAT, ["batch", 144])],
        [numpy_helper.from_array(array, name) for name, array in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def answer(model: onnx.ModelProto, x: NDArray[np.float32] = X) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0], np.float32)


def test_the_lean_graph_computes_the_same_in_fewer_nodes_for_any_batch(tmp_path: Path) -> None:
    wanted = [answer(network(), x) for x in (X, X[:1])]
    path = tmp_path / "network.onnx"
    onnx.save(network(), path)
    make_lean(path)
    found = onnx.load(path)
    assert len(found.graph.node) < len(network().graph.node)
    for x, y in zip((X, X[:1]), wanted, strict=True):
        np.testing.assert_allclose(answer(found, x), y, atol=1e-5)
    assert [file.name for file in tmp_path.iterdir()] == ["network.onnx"]


def test_int8_weights_stay_int8() -> None:
    kinds = [tensor.data_type for tensor in lean(network()).graph.initializer]
    assert onnx.TensorProto.INT8 in kinds


def test_a_bias_is_added_in_a_node_of_its_own() -> None:
    model = network()
    assert part_biases(model.graph) == 1
    assert [len(node.input) for node in model.graph.node if node.op_type == "Conv"] == [2]
    np.testing.assert_allclose(answer(model), answer(network()), atol=1e-5)
    assert part_biases(model.graph) == 0


def test_a_zero_point_that_subtracts_something_stays() -> None:
    model = network()
    zero = next(tensor for tensor in model.graph.initializer if tensor.name == "zero")
    zero.CopyFrom(numpy_helper.from_array(np.array([0, 0, 3, 0], np.int8), "zero"))
    assert drop_zero_points(model.graph) == 0
    assert drop_zero_points(network().graph) == 1
