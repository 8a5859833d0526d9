"""Tiny ONNX networks with the signatures of SCRFD, YOLO pose, MTCNN and ArcFace, and manifests that name them.

What they find is arithmetic: the score of a cell is how red it is, the box and the five points lie at fixed places of
the cell. A pure red square of one cell on black is thus one face whose box and points are known to the pixel.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import FloatArray, Rgb8

SIDE_PX: Final = 64  # of every network's canvas
EDGES: Final = np.array([-2.0, -1.0, 4.0, 6.0], np.float32)  # how far the box's edges lie from the cell's, px
POINTS: Final[FloatArray] = ARCFACE_TEMPLATE / np.float32(112)  # of the cell's side, an upright face
MEAN: Final = 127.5
Shape = list[str | int]


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """One detector's files and entry. `cell_px`: side of the square it takes for a face, in canvas pixels."""

    name: str
    files: dict[str, bytes]
    entry: str  # TOML; `{file}` stands for that file's SHA-256
    cell_px: int
    centred: bool
    has_points: bool = True

    def toml(self) -> str:
        """The entry with each file's hash."""
        text = self.entry
        for file, data in self.files.items():
            text = text.replace("{" + file + "}", hashlib.sha256(data).hexdigest())
        return text


def scrfd(*, side_px: int | None = None, batch_axis: bool = False, with_points: bool = True) -> bytes:
    """Nine outputs, or six: at strides 8, 16, 32 two anchors a cell, the second half as sure as the first.

    side_px: a fixed input, else a free one. batch_axis: outputs (1, N, n) instead of (N, n).
    """
    nodes: list[Any] = []
    constants: dict[str, Any] = {}
    outputs: dict[str, Shape] = {}
    for stride in (8, 16, 32):
        red = np.zeros((2, 3, stride, stride), np.float32)
        red[:, 0] = np.array([[[0.5]], [[0.25]]], np.float32) * 128.0 / MEAN / stride**2
        heads = {"score": (red, [0.5, 0.25])}
        distances = (EDGES * [-1, -1, 1, 1] + [0, 0, stride, stride]) / stride  # from the cell's upper left corner
        heads["box"] = (np.zeros((8, 3, stride, stride), np.float32), [*distances, *distances])
        if with_points:
            heads["points"] = (np.zeros((20, 3, stride, stride), np.float32), [*POINTS.ravel(), *POINTS.ravel()])
        for head, (weight, bias) in heads.items():
            name, size = f"{head}_{stride}", len(bias) // 2
            constants |= {f"{name}_w": weight, f"{name}_b": np.array(bias, np.float32)}
            constants[f"{name}_s"] = np.array([1, -1, size] if batch_axis else [-1, size], np.int64)
            nodes += [
                helper.make_node(
                    "Conv", ["input.1", f"{name}_w", f"{name}_b"], [f"{name}_c"], strides=[stride, stride]
                ),
                helper.make_node("Transpose", [f"{name}_c"], [f"{name}_t"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"{name}_t", f"{name}_s"], [name]),
            ]
            outputs[name] = [1, "N", size] if batch_axis else ["N", size]
    sides: Shape = ["H", "W"] if side_px is None else [side_px, side_px]
    return network(nodes, constants, outputs, takes=[1, 3, *sides], input_name="input.1")


def yolo(*, point_rows: int = 0) -> bytes:
    """(1, 5 + 5 * point_rows, 64): a column for each cell of 8 px; point_rows: 0, 2 (x, y) or 3 (and visibility)."""
    rows = np.array([[8 * x, 8 * y] for y in range(8) for x in range(8)], np.float32)  # corners
    x0y0, x1y1 = rows + EDGES[:2], rows + 8 + EDGES[2:]
    box = np.concatenate([(x0y0 + x1y1) / 2, x1y1 - x0y0], axis=1).T[None]
    points = (rows[:, None] + POINTS * 8).transpose(1, 2, 0)  # (5, 2, 64)
    seen = np.full((5, point_rows, 64), 0.9, np.float32)
    seen[:, :2] = points[:, :point_rows]
    red = np.zeros((1, 3, 8, 8), np.float32)
    red[0, 0] = 1.0 / 64
    nodes = [
        helper.make_node("Conv", ["images", "w"], ["map"], strides=[8, 8]),
        helper.make_node("Reshape", ["map", "shape"], ["score"]),
        helper.make_node("Concat", ["box", "score", *(["points"] if point_rows else [])], ["output0"], axis=1),
    ]
    constants = {"w": red, "shape": np.array([1, 1, 64], np.int64), "box": box.astype(np.float32)}
    if point_rows:
        constants["points"] = seen.reshape(1, -1, 64).astype(np.float32)
    outputs: dict[str, Shape] = {"output0": [1, 5 + 5 * point_rows, 64]}
    return network(nodes, constants, outputs, takes=[1, 3, SIDE_PX, SIDE_PX], input_name="images")


def mtcnn_stage(stage: str) -> bytes:
    """P-Net: maps of windows of 12 px every 2. R-Net and O-Net: rows. All: how red; only O-Net moves boxes."""
    side = {"pnet": 12, "rnet": 24, "onet": 48}[stage]
    edges = EDGES / 12 if stage == "onet" else np.zeros(4, np.float32)
    heads = {"box": edges, "score": np.array([0.5, 0.5], np.float32)}
    if stage == "onet":
        heads["points"] = POINTS.T.ravel()  # five x, then five y
    nodes: list[Any] = []
    constants: dict[str, Any] = {}
    outputs: dict[str, Shape] = {}
    for head, bias in heads.items():
        weight = np.zeros((len(bias), 3, side, side), np.float32)
        if head == "score":
            weight[:, 0] = np.array([[[-0.5]], [[0.5]]], np.float32) * 128.0 / MEAN / side**2
        constants |= {f"{head}_w": weight, f"{head}_b": np.asarray(bias, np.float32)}
        out = head if stage == "pnet" else f"{head}_map"
        step = 2 if stage == "pnet" else 1
        nodes.append(helper.make_node("Conv", ["data", f"{head}_w", f"{head}_b"], [out], strides=[step, step]))
        if stage != "pnet":
            nodes.append(helper.make_node("Flatten", [out], [head], axis=1))
        outputs[head] = ["B", len(bias), "h", "w"] if stage == "pnet" else ["B", len(bias)]
    return network(nodes, constants, outputs, takes=["B", 3, "H", "W"], input_name="data")


def arcface(*, batch: int | None = None, input_name: str = "input.1", output: str = "683") -> bytes:
    """(B, 3, 112, 112) -> (B, 3): the mean of each channel, which a face's colour decides."""
    node = helper.make_node("ReduceMean", [input_name], [output], axes=[2, 3], keepdims=0)
    size: str | int = "B" if batch is None else batch
    return network([node], {}, {output: [size, 3]}, takes=[size, 3, 112, 112], input_name=input_name)


def regression() -> bytes:
    """The shipped aligner's signature: the template's points in every crop, an expected error of e^-3."""
    zero = np.zeros((11, 3, 112, 112), np.float32)
    bias = np.array([*ARCFACE_TEMPLATE.ravel(), -3.0], np.float32)
    nodes = [
        helper.make_node("Conv", ["images", "w", "b"], ["map"]),
        helper.make_node("Flatten", ["map"], ["row"], axis=1),
        helper.make_node("Slice", ["row", "i0", "i10", "i1"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["points"]),
        helper.make_node("Slice", ["row", "i10", "i11", "i1"], ["log_error"]),
    ]
    constants = {name: np.array([int(name[1:])], np.int64) for name in ("i0", "i1", "i10", "i11")}
    shape = {"shape": np.array([-1, 5, 2], np.int64)}
    return network(
        nodes,
        constants | shape | {"w": zero, "b": bias},
        {"points": ["B", 5, 2], "log_error": ["B", 1]},
        takes=["B", 3, 112, 112],
        input_name="images",
    )


def network(
    nodes: list[Any], constants: dict[str, Any], outputs: dict[str, Shape], *, takes: Shape, input_name: str
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, takes)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def takes(name: str, *, side_px: int, std: float = MEAN, mean: float = MEAN, table: str = "detector") -> str:
    """An [input] table."""
    return (
        f'[{table}.input]\nname = "{name}"\nside_px = {side_px}\ncolor = "RGB"\n'
        f"mean = [{mean}, {mean}, {mean}]\nstd = [{std}, {std}, {std}]\n"
    )


def thresholds(*, covered: float = 1.0, iou: float = 0.4) -> str:
    return f"[detector.thresholds]\nscore = 0.6\nsure = 0.7\niou = {iou}\ncovered = {covered}\n"


def one_file(kind: str, file: str, outputs: list[str], takes_table: str) -> str:
    return (
        f'[detector]\nkind = "{kind}"\nfile = "{file}"\nsha256 = "{{{file}}}"\noutputs = {outputs}\n'
        f'precision = "f32"\nlicence = "CC0-1.0"\n{takes_table}{thresholds()}'
    )


def scrfd_bench(name: str = "scrfd", **how: Any) -> Bench:
    heads = ("score", "box", "points") if how.get("with_points", True) else ("score", "box")
    outputs = [f"{head}_{stride}" for head in heads for stride in (8, 16, 32)]
    return Bench(
        name=name,
        files={"det.onnx": scrfd(**how)},
        entry=one_file("scrfd", "det.onnx", outputs, takes("input.1", side_px=SIDE_PX, std=128.0)),
        cell_px=8,
        centred=False,
        has_points="points" in heads,
    )


def yolo_bench(name: str, *, point_rows: int) -> Bench:
    return Bench(
        name=name,
        files={"yolo.onnx": yolo(point_rows=point_rows)},
        entry=one_file(
            "yolo_pose" if point_rows else "yolo",
            "yolo.onnx",
            ["output0"],
            takes("images", side_px=SIDE_PX, mean=0.0, std=255.0),
        ),
        cell_px=8,
        centred=True,
        has_points=bool(point_rows),
    )


def mtcnn_bench(name: str = "mtcnn", *, transposed: bool = False) -> Bench:
    """The tiny stages are the same seen from either diagonal, so they serve both orders of axes."""
    stages = {"pnet": SIDE_PX, "rnet": 24, "onet": 48}
    entry = (
        '[detector]\nkind = "mtcnn"\nlicence = "CC0-1.0"\nmin_face_px = 12\nfactor = 0.709\nproposal_score = 0.7\n'
        f'refinement_score = 0.7\ntransposed = {str(transposed).lower()}\npoints_order = "xxyy"\n'
    )
    for stage, side in stages.items():
        outputs = ["score", "box", "points"] if stage == "onet" else ["score", "box"]
        entry += (
            f'[detector.{stage}]\nfile = "{stage}.onnx"\nsha256 = "{{{stage}.onnx}}"\noutputs = {outputs}\n'
            f'precision = "f32"\n' + takes("data", side_px=side, std=128.0, table=f"detector.{stage}")
        )
    return Bench(
        name=name,
        files={f"{stage}.onnx": mtcnn_stage(stage) for stage in stages},
        entry=entry + thresholds(covered=0.7),
        cell_px=12,
        centred=False,
    )


def embedder_entry(data: bytes, *, color: str = "RGB", extra: str = "") -> str:
    return (
        f'[embedder]\nkind = "arcface"\nfile = "arc.onnx"\nsha256 = "{hashlib.sha256(data).hexdigest()}"\n'
        f'outputs = ["683"]\nprecision = "f32"\nlicence = "CC0-1.0"\n{extra}'
        + takes("input.1", side_px=112, table="embedder").replace("RGB", color)
    )


def aligner_entry(data: bytes) -> str:
    return (
        f'[aligner]\nfile = "points.onnx"\nsha256 = "{hashlib.sha256(data).hexdigest()}"\n'
        'outputs = ["points", "log_error"]\nprecision = "f32"\nlicence = "CC0-1.0"\n'
        + takes("images", side_px=112, table="aligner")
    )


POINTS_OF_DETECTOR: Final = '[aligner]\nkind = "detector_points"\nexpected_error = 0.05\n'


def weights_folder(
    folder: Path, bench: Bench, *, aligner: str = POINTS_OF_DETECTOR, embedder: str | None = None
) -> Path:
    """Write the bench's files, an ArcFace and an aligner with their manifest; the folder."""
    arc = arcface()
    for name, data in {**bench.files, "arc.onnx": arc, "points.onnx": regression()}.items():
        (folder / name).write_bytes(data)
    text = "\n".join([bench.toml(), aligner, embedder or embedder_entry(arc)])
    (folder / "manifest.toml").write_text(text, encoding="utf-8")
    return folder


def squares(width: int, height: int, *places: tuple[float, float, float], colour: tuple[int, int, int]) -> Rgb8:
    """Squares x, y, side of one colour on black, edges on whole pixels."""
    image = np.zeros((height, width, 3), np.uint8)
    for x, y, side in places:
        assert all(float(value).is_integer() for value in (x, y, side)), "between pixels"
        image[int(y) : int(y + side), int(x) : int(x + side)] = colour
    return image
