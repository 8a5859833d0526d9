"""A network with int8 convolutions as a portable ONNX file, by ranges that NNCF finds on OpenVINO's graph.

NNCF reads a graph of OpenVINO's better than the ONNX file of it: there Swish is one node, and no step is put between
its sigmoid and its product, where OpenVINO on a CPU with VNNI misread what NNCF made of the ONNX file. So ranges are
found on OpenVINO's graph, and its steps, weights and biases are written into the ONNX graph, as QuantizeLinear and
DequantizeLinear before the inputs that take them. Nodes are told apart by their names, which both graphs share.
Needs `nncf`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import openvino as ov
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from openvino import opset13

from pipeline.types import Nchw
from training.comparisons.quantise import with_whole_weights
from training.export.lean_graph import forget_unused, lean
from training.export.onnx import ExportFailed

WEIGHED: Final = ("Convolution", "GroupConvolution", "MatMul")


def quantise(source: Path, path: Path, shown: Sequence[Nchw], *, name: str, kept_float: Sequence[str] = ()) -> int:
    """Write `path`, the network of `source` with int8 convolutions, and return how many inputs are quantised.

    shown: inputs that give the ranges; name: the graph's input; kept_float: patterns of the nodes that are left alone.
    Weights are stored as int8, all else as it is computed with. Raises ExportFailed when a step has no place in the
    ONNX graph.
    """
    import nncf
    from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters, OverflowFix

    logging.getLogger("nncf").setLevel(logging.WARNING)
    model = with_whole_weights(onnx.load(str(source)))
    graph = ov.Core().read_model(model.SerializeToString())
    join_swish(graph)
    quantised = nncf.quantize(
        graph,
        nncf.Dataset(list(shown), lambda batch: {name: batch}),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(shown),
        ignored_scope=nncf.IgnoredScope(patterns=list(kept_float)),
        # Half of the range is given away where sums could overflow; with VNNI, for which these files are, none does.
        advanced_parameters=AdvancedQuantizationParameters(overflow_fix=OverflowFix.DISABLE),
    )
    written = write_steps(quantised, model)
    model = lean(model)
    partial = path.with_name(f"{path.name}.partial")
    onnx.save(model, str(partial))
    partial.replace(path)
    return written


def join_swish(model: ov.Model) -> int:
    """Replace every x * sigmoid(x) by one Swish of the product's name, in place; return how many there were."""
    joined = 0
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Multiply":
            continue
        factors = [port.get_source_output() for port in node.inputs()]
        for value, gate in (factors, factors[::-1]):
            made_by = gate.get_node()
            if made_by.get_type_name() == "Sigmoid" and made_by.input(0).get_source_output() == value:
                swish = opset13.swish(value)
                swish.set_friendly_name(node.get_friendly_name())
                for taker in list(node.output(0).get_target_inputs()):
                    taker.replace_source_output(swish.output(0))
                joined += 1
                break
    model.validate_nodes_and_infer_types()
    return joined


def write_steps(quantised: ov.Model, model: onnx.ModelProto) -> int:
    """Write the steps, weights and biases of OpenVINO's graph into the ONNX graph of the same network, in place.

    Returns the number of inputs that were given steps. Raises ExportFailed.
    """
    nodes = {node.name: node for node in model.graph.node}
    made_by = {output: node for node in model.graph.node for output in node.output}
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    added: dict[str, list[onnx.NodeProto]] = {}  # what they quantise -> nodes that stand behind what makes it
    made: dict[str, str] = {}  # what a step was made of -> its output
    written = 0
    for operation in quantised.get_ordered_ops():
        if operation.get_type_name() == "FakeQuantize":
            for taker in operation.output(0).get_target_inputs():
                if taker.get_node().get_type_name() != "ShapeOf":  # of no number
                    node = _node_of(taker.get_node(), nodes)
                    _quantise_input(operation, model, node, _place_of(taker, node), added=added, made=made)
                    written += 1
        elif operation.get_type_name() in WEIGHED and (found := _whole_weights(operation)) is not None:
            node = _node_of(operation, nodes)
            _store_weights(*found, model, node)
            _store_bias(operation, stored, made_by)
            written += 1
    kept = list(model.graph.node)
    del model.graph.node[:]
    for inputs in model.graph.input:
        model.graph.node.extend(added.get(inputs.name, ()))
    for node in kept:
        model.graph.node.extend([node, *(one for output in node.output for one in added.get(output, ()))])
    forget_unused(model.graph)
    return written


def _node_of(operation: Any, nodes: dict[str, onnx.NodeProto]) -> onnx.NodeProto:
    name = operation.get_friendly_name()
    for known in (name, name.removesuffix("/WithoutBiases")):
        if known in nodes:
            return nodes[known]
    raise ExportFailed(f"{name} ({operation.get_type_name()}) is quantised and no node of the ONNX file has its name")


def _place_of(taker: Any, node: onnx.NodeProto) -> int:
    """Which input of the ONNX node this is."""
    place = int(taker.get_index())
    if place >= len(node.input):
        raise ExportFailed(f"{node.name}: input {place} is quantised, and the ONNX node has {len(node.input)}")
    return place


def _constant(port: Any) -> NDArray[np.float32] | None:
    """The numbers behind an input that depends on no picture, widened."""
    node = port.get_node()
    while node.get_type_name() in {"Convert", "Reshape"}:
        node = node.input(0).get_source_output().get_node()
    return np.asarray(node.data, np.float32) if node.get_type_name() == "Constant" else None


def _range(step: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    ends = [_constant(step.input(place).get_source_output()) for place in (1, 2)]
    if ends[0] is None or ends[1] is None:
        raise ExportFailed(f"{step.get_friendly_name()}: its range depends on the picture")
    return ends[0].reshape(-1), ends[1].reshape(-1)


def _whole_weights(operation: Any) -> tuple[NDArray[np.int8], NDArray[np.float32]] | None:
    """The int8 numbers of a layer and their scales; None where its weights are not quantised."""
    product = operation.input(1).get_source_output().get_node()
    if product.get_type_name() == "Reshape":  # of a convolution in groups
        product = product.input(0).get_source_output().get_node()
    if product.get_type_name() != "Multiply":
        return None
    wide = product.input(0).get_source_output().get_node()
    scale = _constant(product.input(1).get_source_output())
    if wide.get_type_name() != "Convert" or scale is None:
        return None
    constant = wide.input(0).get_source_output().get_node()
    if constant.get_type_name() != "Constant" or constant.get_element_type() != ov.Type.i8:
        raise ExportFailed(f"{operation.get_friendly_name()}: its weights are not stored as int8 and a scale")
    return np.array(constant.data, np.int8), scale.reshape(-1)


def _store_weights(
    whole: NDArray[np.int8], scale: NDArray[np.float32], model: onnx.ModelProto, node: onnx.NodeProto
) -> None:
    """Replace a stored weight by int8 numbers and a scale an output channel."""
    old = next(tensor for tensor in model.graph.initializer if tensor.name == node.input[1])
    name = f"{node.name}.weight"
    along = {} if scale.size == 1 else {"axis": 0}
    if scale.size not in (1, old.dims[0]):
        raise ExportFailed(f"{node.name}: {scale.size} scales for weights of {tuple(old.dims)}")
    scales = scale.reshape(()) if scale.size == 1 else scale
    parts = {"whole": whole.reshape(tuple(old.dims)), "scale": scales, "zero": np.zeros(scales.shape, np.int8)}
    model.graph.initializer.extend(numpy_helper.from_array(part, f"{name}.{kind}") for kind, part in parts.items())
    widen = helper.make_node("DequantizeLinear", [f"{name}.{kind}" for kind in parts], [name], name=name, **along)
    model.graph.node.insert(0, widen)
    node.input[1] = name


def _store_bias(operation: Any, stored: dict[str, onnx.TensorProto], made_by: dict[str, onnx.NodeProto]) -> None:
    """Take over the bias that NNCF corrected: the ONNX node's own, or that of the node which adds it."""
    takers = [taker.get_node() for taker in operation.output(0).get_target_inputs()]
    takers = [taker for taker in takers if taker.get_type_name() == "Add"]
    if len(takers) != 1:
        return
    sums = [made_by[name] for name in takers[0].output(0).get_names() if name in made_by]
    biases = [stored[name] for node in sums for name in (node.input[2:] or node.input) if name in stored]
    constants = [found for port in takers[0].inputs() if (found := _constant(port.get_source_output())) is not None]
    for bias in biases:
        for values in constants:
            if values.size == np.prod(bias.dims):
                bias.CopyFrom(numpy_helper.from_array(values.reshape(tuple(bias.dims)), bias.name))


def _quantise_input(
    step: Any,
    model: onnx.ModelProto,
    node: onnx.NodeProto,
    place: int,
    *,
    added: dict[str, list[onnx.NodeProto]],
    made: dict[str, str],
) -> None:
    """Put a step behind what a node takes, or have the node take the one that is there already."""
    lowest, highest = _range(step)
    if lowest.size != 1:  # of a depthwise convolution, whose weights NNCF rounds as ONNX can't say either
        raise ExportFailed(f"{node.name}: a range for each of {lowest.size} channels; keep it float")
    levels = int(step.get_attributes()["levels"])
    scale = np.asarray((highest - lowest) / (levels - 1), np.float32).reshape(())
    zero = np.rint(-lowest / scale).reshape(())
    symmetric = zero == levels // 2  # 256 levels reach one further below 0 than above, 255 as far
    parts = {"scale": scale, "zero": np.zeros((), np.int8) if symmetric else zero.astype(np.uint8)}
    taken, key = node.input[place], step.get_friendly_name()
    if key not in made:
        name = made[key] = f"{taken}.steps.{len(made)}"
        model.graph.initializer.extend(numpy_helper.from_array(part, f"{name}.{kind}") for kind, part in parts.items())
        scaled = [f"{name}.{kind}" for kind in parts]
        added.setdefault(taken, []).extend(
            [
                helper.make_node("QuantizeLinear", [taken, *scaled], [f"{name}.whole"], name=f"{name}.quantise"),
                helper.make_node("DequantizeLinear", [f"{name}.whole", *scaled], [name], name=f"{name}.widen"),
            ]
        )
    elif not made[key].startswith(f"{taken}.steps."):
        raise ExportFailed(f"{node.name}: input {place} is {taken}, its steps are {made[key]}")
    node.input[place] = made[key]
