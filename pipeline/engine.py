"""The seam to inference runtimes: one loaded network behind a small protocol. Knows tensors, not faces.

Each backend is one file with the only import of its vendor. Shapes are fixed: a batch is padded to the next bucket,
so that a runtime plans memory a few times and never again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, Protocol, assert_never

import numpy as np

from pipeline.errors import EngineFailed
from pipeline.manifest import InputSpec, NetworkFacts, Precision
from pipeline.types import FloatArray, Nchw, Rgb8

Backend = Literal["openvino", "onnxruntime"]
DEFAULT_BUCKETS: Final = (1, 4)  # with eight a process holds 9 MB more

FILL: Final = 0.6  # of a bucket must be rows: eight in one batch take as long as five alone


def computed_in(precision: Precision, backend: Backend) -> str:
    """The number format that a network of this precision in the manifest is computed in, by this backend, here."""
    if precision == "f32" or backend != "openvino":
        return "f32"
    from pipeline.engine_openvino import fastest_format

    return fastest_format()


class Engine(Protocol):
    """One loaded network; knows tensors, not faces. `run` may be called from several threads."""

    @property
    def spec(self) -> InputSpec: ...

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        """Run (B, 3, side, side), already normalised; outputs in the manifest's order, B rows each.

        Any B >= 1 and any of the spec's sizes. A network whose outputs have no batch axis is run with bucket 1 and
        B = 1, and its outputs come whole. Raises EngineFailed.
        """
        ...


def open_engine(
    facts: NetworkFacts,
    *,
    backend: Backend = "openvino",
    threads: int = 2,
    buckets: tuple[int, ...] = DEFAULT_BUCKETS,
) -> Engine:
    """Load a network of the manifest. Raises WeightsMissing, WrongHash, EngineFailed.

    threads: how many cores one inference uses. buckets: batch sizes that it is run with.
    """
    match backend:
        case "openvino":
            from pipeline.engine_openvino import OpenVinoEngine

            return OpenVinoEngine(facts, threads=threads, buckets=buckets)
        case "onnxruntime":
            from pipeline.engine_onnxruntime import OnnxRuntimeEngine

            return OnnxRuntimeEngine(facts, threads=threads, buckets=buckets)
        case _:
            assert_never(backend)


def to_batch(images: Sequence[Rgb8], spec: InputSpec) -> Nchw:
    """Normalise B pictures (side, side, 3) RGB as the network was trained: (B, 3, side, side) float32."""
    side = images[0].shape[0]
    batch = np.empty((len(images), 3, side, side), np.float32)
    order = (0, 1, 2) if spec.color == "RGB" else (2, 1, 0)  # the only place where channels swap
    for image, row in zip(images, batch, strict=True):
        for channel, source in enumerate(order):
            np.subtract(image[..., source], np.float32(spec.mean[channel]), out=row[channel])
            row[channel] *= np.float32(1.0 / spec.std[channel])
    return batch


def in_buckets(count: int, buckets: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Cut `count` rows into (rows, bucket) parts, each in the largest bucket that it fills well enough."""
    smallest = min(buckets)
    while count > 0:
        bucket = max((size for size in buckets if count >= FILL * size), default=smallest)
        rows = min(count, bucket)
        yield rows, bucket
        count -= rows


def padded(part: Nchw, bucket: int) -> Nchw:
    """Fill a part up to its bucket with zeros; contiguous either way."""
    if len(part) == bucket:
        return np.ascontiguousarray(part)
    full = np.zeros((bucket, *part.shape[1:]), np.float32)
    full[: len(part)] = part
    return full


def without_padding(output: FloatArray, rows: int, bucket: int) -> FloatArray:
    """Drop the rows that `padded` added; a full bucket comes whole, whatever its first axis counts."""
    return output if rows == bucket else output[:rows]


def check_batch(batch: Nchw, facts: NetworkFacts) -> None:
    """Refuse a batch of another shape or type than the manifest gives. Raises EngineFailed."""
    sides = facts.input.sizes_px
    right = batch.ndim == 4 and batch.shape[0] >= 1 and batch.shape[1] == 3 and batch.shape[2] == batch.shape[3]
    if not right or batch.shape[2] not in sides or batch.dtype != np.float32:
        raise EngineFailed(
            f"{facts.role}: wants (B >= 1, 3, side, side) float32 with side in {sides}, got {batch.shape} {batch.dtype}"
        )


def check_names(facts: NetworkFacts, *, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Refuse a file whose tensors are named otherwise than the manifest says. Raises EngineFailed."""
    missing = {facts.input.name} - set(inputs) | set(facts.outputs) - set(outputs)
    if missing or len(inputs) != 1:
        raise EngineFailed(
            f"{facts.role}: {facts.path.name} has inputs {list(inputs)} and outputs {list(outputs)}, the manifest "
            f"says {facts.input.name} and {list(facts.outputs)}"
        )
