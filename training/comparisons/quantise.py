"""Would a smaller number format serve the embedder? Each variant against float32, through the engines that serve.

    python -m training.comparisons.quantise --data data --out runs/quantise.json

Variants: the file as it ships, where that stores its weights narrowly; bfloat16 (the same file, computed so where the
CPU has it), weights stored as float16, int8 weights with ranges found while running (dynamic), int8 throughout with
ranges found beforehand on train crops (static). A variant is worth shipping when every cosine to float32 stays above
0.995, TPR at FPR 0.01 moves by less than 0.005, and it is faster; docs/decisions/0005-no-int8.md has the
outcome. Minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

from evaluation.datasets.embeddings import embed_pictures, straightened
from evaluation.datasets.pack import FacePicture, read_wild
from evaluation.metrics.verification import tpr_at
from pipeline.batching import to_batch
from pipeline.embedder import Embedder
from pipeline.engine import Backend, Engine, open_engine
from pipeline.manifest import NetworkFacts, load_manifest
from pipeline.manifest_tables import Precision
from pipeline.types import FloatArray, Nchw, Rgb8
from training.command_line import plain_errors
from training.export.onnx import sha256_of
from training.export.small_file import narrowed

KEPT_COSINE: Final = 0.995
FPR: Final = 0.01
HALF_FROM: Final = 256  # numbers of a weight tensor from which half of it is worth a node in the graph
HEAVY: Final = ("Conv", "MatMul", "Gemm")  # where the time goes; with norms and sums in int8 too, nothing is left
BATCHES: Final = (1, 8)
ROUNDS: Final = 15  # of timing, the variants taking turns, so that whatever else runs disturbs them alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One variant in one engine, one core. Times are shares of float32's in the same engine."""

    variant: str
    backend: Backend
    size_bytes: int
    least_cosine: float  # to float32, worst of the measured crops
    mean_cosine: float
    time_share: dict[int, float]  # faces in a batch -> share of float32's time
    ms_a_face: dict[int, float]  # disturbed by whatever else ran
    tpr: float | None  # at FPR 0.01 on `wild` val; measured in the default engine alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    name: str
    facts: NetworkFacts


def variants(facts: NetworkFacts, folder: Path, crops: Sequence[Rgb8]) -> Iterator[Variant]:
    """Make every variant as a file in `folder`; float32 first. crops: what the static ranges are found on."""
    shipped = onnx.load_from_string(facts.read_bytes())
    narrow = any(weight.data_type in (TensorProto.FLOAT16, TensorProto.INT8) for weight in shipped.graph.initializer)
    source = folder / "float32.onnx"
    source.write_bytes(with_whole_weights(shipped).SerializeToString() if narrow else facts.read_bytes())
    yield Variant(name="float32", facts=facts_of(facts, source))
    if narrow:
        yield Variant(name="as shipped", facts=facts_of(facts, facts.path))
    yield Variant(name="bfloat16", facts=facts_of(facts, facts.path if narrow else source, precision="bf16"))
    half = folder / "float16-weights.onnx"
    onnx.save(with_half_weights(onnx.load(source)), half)
    yield Variant(name="float16 weights", facts=facts_of(facts, half))
    dynamic = folder / "int8-dynamic.onnx"
    quantize_dynamic(source, dynamic, weight_type=QuantType.QInt8, per_channel=True)
    yield Variant(name="int8 dynamic", facts=facts_of(facts, dynamic))
    static = folder / "int8-static.onnx"
    quantize_static(
        source,
        static,
        _Crops(facts, crops),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=list(HEAVY),
        # Position codes depend on no picture and are folded away; OpenVINO stumbles over them in int8.
        nodes_to_exclude=[node.name for node in onnx.load(source).graph.node if "pos_embd" in node.name],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    yield Variant(name="int8 static", facts=facts_of(facts, static))


def with_whole_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Carry out what widens stored weights (casts, scales, shapes), so that float32 weights are left."""
    stored = {weight.name: weight for weight in model.graph.initializer}
    kept = []
    for node in model.graph.node:
        if not node.input or not all(name in stored for name in node.input):
            kept.append(node)
            continue
        weights = [stored[name] for name in node.input]
        output = helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, None)
        graph = helper.make_graph([node], "widened", [], [output], initializer=weights)
        (value,) = ReferenceEvaluator(helper.make_model(graph, opset_imports=model.opset_import)).run(None, {})
        stored[node.output[0]] = numpy_helper.from_array(value, node.output[0])
    needed = {name for node in kept for name in node.input}
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    del whole.graph.node[:], whole.graph.initializer[:]
    whole.graph.node.extend(kept)
    whole.graph.initializer.extend(weight for name, weight in stored.items() if name in needed)
    return whole


def with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large float32 weights as float16 with a cast behind each; everything is still computed in float32."""
    return narrowed(model, small=HALF_FROM - 1)


def measure(
    found: Sequence[Variant], crops: Sequence[Rgb8], backend: Backend, held_out: Sequence[FacePicture]
) -> list[Outcome]:
    """Cosines, times and TPR of every variant in one engine; the first is the reference."""
    engines = [open_engine(one.facts, backend=backend, threads=1, buckets=BATCHES) for one in found]
    vectors = [_unit_rows(engine, crops) for engine in engines]
    times = {size: _times(engines, to_batch(crops[:size], found[0].facts.input)) for size in BATCHES}
    outcomes = []
    for row, (variant, engine) in enumerate(zip(found, engines, strict=True)):
        cosines = (vectors[row] * vectors[0]).sum(axis=1)
        outcomes.append(
            Outcome(
                variant=variant.name,
                backend=backend,
                size_bytes=variant.facts.path.stat().st_size,
                least_cosine=float(cosines.min()),
                mean_cosine=float(cosines.mean()),
                time_share={size: float(np.median(t[row] / t[0])) for size, t in times.items()},
                ms_a_face={size: float(np.median(t[row]) * 1e3 / size) for size, t in times.items()},
                tpr=_tpr(Embedder(engine, model=variant.facts.sha256), held_out) if held_out else None,
            )
        )
    return outcomes


def _tpr(embedder: Embedder, pictures: Sequence[FacePicture]) -> float:
    found = embed_pictures(pictures, embedder)
    return tpr_at(found.vectors, found.people, fprs=(FPR,))[FPR]


def _times(engines: Sequence[Engine], batch: Nchw) -> FloatArray:
    """Seconds of one run, (engines, ROUNDS), after one run each that counts for nothing."""
    taken = np.zeros((len(engines), ROUNDS), np.float32)
    for turn in range(-1, ROUNDS):
        for row, engine in enumerate(engines):
            start = time.perf_counter()
            engine.run(batch)
            if turn >= 0:
                taken[row, turn] = time.perf_counter() - start
    return taken


def _unit_rows(engine: Engine, crops: Sequence[Rgb8]) -> FloatArray:
    (rows,) = engine.run(to_batch(crops, engine.spec))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def facts_of(facts: NetworkFacts, path: Path, *, precision: Precision = "f32") -> NetworkFacts:
    """The facts of another file of the same network, which is opened itself, not the int8 file beside it."""
    return replace(facts, path=path, sha256=sha256_of(path), precision=precision, int8=None)


class _Crops(CalibrationDataReader):
    """Hands the crops over one at a time, as the network takes them."""

    def __init__(self, facts: NetworkFacts, crops: Sequence[Rgb8]) -> None:
        self._feeds = iter({facts.input.name: to_batch([crop], facts.input)} for crop in crops)

    def get_next(self) -> dict[str, Nchw] | None:
        return next(self._feeds, None)


def _some(pictures: Sequence[FacePicture], count: int, *, seed: int) -> list[FacePicture]:
    rows = np.random.default_rng(seed).permutation(len(pictures))[:count]
    return [pictures[row] for row in rows]


def main(arguments: Sequence[str] | None = None, *, say: Callable[[str], Any] = print) -> int:
    """Measure and print one line a variant."""
    parser = argparse.ArgumentParser(
        prog="python -m training.comparisons.quantise",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="the unpacked data pack")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder with manifest.toml")
    parser.add_argument(
        "--crops", type=int, default=200, help="train crops for the ranges, and as many for the cosines"
    )
    parser.add_argument("--held-out", type=int, default=-1, help="pictures for the TPR; -1: all of `wild` val, 0: none")
    parser.add_argument("--out", type=Path, help="write every number as JSON")
    chosen = parser.parse_args(arguments)
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser advises steps that change nothing here
    pictures = read_wild(chosen.data)
    train = _some([one for one in pictures if one.split == "train"], 2 * chosen.crops, seed=0)
    crops = [straightened(one) for one in train]
    held_out = [one for one in pictures if one.split == "val"]
    held_out = held_out if chosen.held_out < 0 else held_out[: chosen.held_out]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        found = list(variants(load_manifest(chosen.weights).embedder, Path(folder), crops[: chosen.crops]))
        for backend, probes in (("openvino", held_out), ("onnxruntime", [])):
            for one in measure(found, crops[chosen.crops :], backend, probes):  # type: ignore[arg-type]  # a literal
                outcomes.append(one)
                say(_line(one))
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(json.dumps([asdict(one) for one in outcomes], indent=2) + "\n", encoding="utf-8")
    return 0


def _line(one: Outcome) -> str:
    shares = ", ".join(f"{share:.2f} of the time for {size}" for size, share in one.time_share.items())
    tpr = "" if one.tpr is None else f", TPR@{FPR:g} {one.tpr:.4f}"
    kept = "kept" if one.least_cosine > KEPT_COSINE else "lost"
    return (
        f"{one.backend:11} {one.variant:15} {one.size_bytes / 1e6:5.1f} MB, cosine {one.least_cosine:.4f} at least, "
        f"{one.mean_cosine:.4f} in the mean ({kept}); {shares}{tpr}"
    )


if __name__ == "__main__":
    with plain_errors():
        sys.exit(main())
