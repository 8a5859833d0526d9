"""The seam to inference runtimes: one loaded network behind a small protocol. Knows tensors, not faces.

Each backend is one file with the only import of its vendor. How batches are cut to fixed shapes: batching.py.
"""

from __future__ import annotations

from typing import Final, Literal, Protocol, assert_never

from pipeline.manifest import InputSpec, NetworkFacts
from pipeline.manifest_tables import Precision
from pipeline.types import FloatArray, Nchw

Backend = Literal["openvino", "onnxruntime"]
DEFAULT_BUCKETS: Final = (1, 4)  # with eight a process holds 9 MB more


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
        """Run (B, 3, H, W), already normalised; outputs in the manifest's order, B rows each.

        Any B >= 1 and any shape that the spec allows. A network whose outputs have no batch axis is run with bucket 1
        and B = 1, and its outputs come whole. Raises EngineFailed.
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
