"""Steps, weights and biases of a quantised graph of OpenVINO's, written into the ONNX file of the same network."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import openvino as ov
import pytest
from onnx import helper, numpy_helper
from openvino import opset13 as ops

from training.export.lean_graph import part_biases
from training.export.onnx import ExportFailed
from training.export.quantised_graph import join_swish, write_steps


def network() -> onnx.ModelProto:
    """Two convolutions with Swish between them; the second one's weights are far from whole steps."""
    rng = np.random.default_rng(0)
    weights = {
        "w1": rng.normal(size=(4, 3, 3, 3)),
        "b1": rng.normal(size=4),
        "w2": rng.normal(size=(2, 4, 1, 1)),
        "b2": np.array([0.5, -0.5]),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], name="/first"),
        helper.make_node("Sigmoid", ["c1"], ["s1"], name="/gate"),
        helper.make_node("Mul", ["c1", "s1"], ["m1"], name="/act"),
        helper.make_node("Conv", ["m1", "w2", "b2"], ["y"], name="/second"),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "g",
        [value("x", onnx.TensorProto.FLOAT, [1, 3, 8, 8])],
        [value("y", onnx.TensorProto.FLOAT, [1, 2, 6, 6])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def read(model: onnx.ModelProto) -> ov.Model:
    return ov.Core().read_model(model.SerializeToString())


def quantised(graph: ov.Model, *, ranges: int = 1) -> ov.Model:
    """As NNCF leaves the second convolution: steps before it, int8 weights with a scale a channel, another bias."""
    second = next(one for one in reversed(graph.get_ordered_ops()) if one.get_type_name() == "Convolution")
    low, high = (np.full((1, ranges, 1, 1), end, np.float32) for end in (-0.3, 4.8))  # 0 is the fifteenth step
    second.input(0).replace_source_output(
        ops.fake_quantize(second.input(0).get_source_output(), low, high, low, high, 256).output(0)
    )
    weights = np.array(second.input(1).get_source_output().get_node().data, np.float32)
    scale = np.abs(weights).max(axis=(1, 2, 3), keepdims=True) / 127
    whole = ops.convert(ops.constant(np.rint(weights / scale).astype(np.int8)), "f32")
    second.input(1).replace_source_output(ops.multiply(whole, ops.constant(scale)).output(0))
    takers = [taker.get_node() for taker in second.output(0).get_target_inputs()]
    (add,) = (taker for taker in takers if taker.get_type_name() == "Add")
    add.input(1).replace_source_output(ops.constant(np.array([9.0, -9.0], np.float32).reshape(1, 2, 1, 1)).output(0))
    graph.validate_nodes_and_infer_types()
    return graph


def answer(graph: ov.Model) -> Any:
    x = np.random.default_rng(1).normal(size=(1, 3, 8, 8)).astype(np.float32)
    return np.array(ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0])


@pytest.mark.parametrize("biases_apart", [False, True])
def test_the_onnx_file_computes_what_openvinos_graph_does(*, biases_apart: bool) -> None:
    model = network()
    if biases_apart:
        part_biases(model.graph)
    whole, graph = answer(read(model)), read(model)
    assert join_swish(graph) == 1
    np.testing.assert_allclose(answer(graph), whole, atol=1e-4)
    wanted = answer(quantised(graph))
    assert write_steps(graph, model) == 2
    onnx.checker.check_model(model)
    np.testing.assert_allclose(answer(read(model)), wanted, atol=1e-3)
    assert np.abs(wanted - whole).max() > 1  # the bias at least


def test_quantised_weights_are_stored_as_int8_and_the_float_ones_are_gone() -> None:
    model = network()
    graph = read(model)
    join_swish(graph)
    write_steps(quantised(graph), model)
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert kinds["/second.weight.whole"] == onnx.TensorProto.INT8
    assert "w2" not in kinds
    assert kinds["w1"] == onnx.TensorProto.FLOAT


def test_a_range_a_channel_is_refused_in_a_sentence() -> None:
    model = network()
    graph = read(model)
    join_swish(graph)
    with pytest.raises(ExportFailed, match="/second: a range for each of 4 channels"):
        write_steps(quantised(graph, ranges=4), model)
