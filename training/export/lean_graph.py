"""A network's ONNX graph in fewer nodes, with the same numbers: the less there is of it, the sooner it is compiled.

An exporter writes down how it finds shapes, step by step; most of that is the same for every input and is folded by
onnxslim. What OpenVINO's reader makes much of is said more simply: it finds out by nine nodes how a convolution's bias
is laid out, so a bias is added in a node of its own, laid out already; and a zero point of 0, which is subtracted from
every weight, is left out. Needs `onnxslim`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import onnx
from onnx import helper, numpy_helper

FOLDED_BYTES: Final = 4096  # larger arrays stay as they are stored: weights in float16 or int8


def make_lean(path: Path) -> None:
    """Rewrite an ONNX file in place with fewer nodes; a reader never sees half of it."""
    partial = path.with_name(f"{path.name}.lean")
    onnx.save(lean(onnx.load(str(path))), str(partial))
    partial.replace(path)


def lean(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network in fewer nodes; may change the model that it is given."""
    import onnxslim

    found: onnx.ModelProto = onnxslim.slim(model, size_threshold=FOLDED_BYTES)
    part_biases(found.graph)
    drop_zero_points(found.graph)
    forget_unused(found.graph)
    onnx.checker.check_model(found)
    return found


def part_biases(graph: onnx.GraphProto) -> int:
    """Add the stored bias of every convolution of pictures in a node of its own; return how many there were."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    nodes, parted = list(graph.node), 0
    del graph.node[:]
    for node in nodes:
        if node.op_type != "Conv" or len(node.input) < 3 or node.input[2] not in stored:
            graph.node.append(node)
            continue
        bias = numpy_helper.to_array(stored[node.input.pop()]).reshape(1, -1, 1, 1)
        graph.initializer.append(numpy_helper.from_array(bias, f"{node.name}.bias"))
        output, node.output[0] = node.output[0], f"{node.output[0]}.unbiased"
        adding = helper.make_node("Add", [node.output[0], f"{node.name}.bias"], [output], name=f"{node.name}.add")
        graph.node.extend([node, adding])
        parted += 1
    return parted


def drop_zero_points(graph: onnx.GraphProto) -> int:
    """Leave out the zero points of stored int8 numbers where all are 0; return how many there were."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    dropped = 0
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and len(node.input) == 3 and node.input[0] in stored:
            zero_point = stored.get(node.input[2])
            if zero_point is not None and not zero_point.any():
                node.input.pop()
                dropped += 1
    return dropped


def forget_unused(graph: onnx.GraphProto) -> None:
    """Remove stored arrays that no node takes."""
    needed = {name for node in graph.node for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(tensors)
