"""The seam to inference runtimes: one loaded network behind a small protocol. Knows tensors, not faces.

Each backend is one file with the only import of its vendor. How batches are cut to fixed shapes: batching.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal, Protocol, assert_never

from pipeline.compiled_cache import CompiledCache
from pipeline.manifest import CascadeFacts, InputSpec, Manifest, NetworkFacts
from pipeline.types import FloatArray, Nchw

Backend = Literal["openvino", "onnxruntime"]
DEFAULT_BUCKETS: Final = (1, 4)  # with eight a process holds 9 MB more


def computed_in(facts: NetworkFacts, backend: Backend) -> str:
    """The number format that a network is computed in, by this backend, here: f32, bf16, f16, int8 or int8+bf16.

    int8: convolutions of the int8 file, all else in float32; int8+bf16: all else in bf16.
    """
    if backend != "openvino":
        return "f32"
    from pipeline.engine_openvino import fastest_format, gains_by_int8

    fastest = "f32" if facts.precision == "f32" else fastest_format()
    if facts.int8 is None or not gains_by_int8(fastest):
        return fastest
    return "int8" if fastest == "f32" else f"int8+{fastest}"


def formats_of(manifest: Manifest, backend: Backend) -> dict[str, str]:
    """The number format of each network that an answer needs, by role; `computed_in` each."""
    parts = (manifest.detector, manifest.aligner, manifest.embedder)
    networks = [one.output if isinstance(one, CascadeFacts) else one for one in parts]
    return {one.role: computed_in(one, backend) for one in networks if isinstance(one, NetworkFacts)}


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
    cache: CompiledCache | None = None,
    lean: bool = False,
) -> Engine:
    """Load a network of the manifest. Raises WeightsMissing, WrongHash, EngineFailed.

    threads: how many cores one inference uses. buckets: batch sizes that it is run with. cache: for engines that
    compile; without it nothing is written. lean: hold less memory, for more time where shapes change.
    """
    if facts.int8 is not None and computed_in(facts, backend).startswith("int8"):
        facts = replace(facts, path=facts.int8.path, sha256=facts.int8.sha256, int8=None)  # at the sizes asked for
    match backend:
        case "openvino":
            from pipeline.engine_openvino import OpenVinoEngine

            return OpenVinoEngine(facts, threads=threads, buckets=buckets, cache=cache, lean=lean)
        case "onnxruntime":
            from pipeline.engine_onnxruntime import OnnxRuntimeEngine

            return OnnxRuntimeEngine(facts, threads=threads, buckets=buckets)
        case _:
            assert_never(backend)
