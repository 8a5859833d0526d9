"""OpenVINO behind the engine seam. The only import of openvino."""

from __future__ import annotations

import functools
import sys
import threading
from pathlib import Path
from typing import Final

import numpy as np

from pipeline.batching import check_batch, check_names, run_in_buckets
from pipeline.compiled_cache import CompiledCache, cache_key
from pipeline.errors import EngineFailed
from pipeline.manifest import InputSpec, NetworkFacts
from pipeline.types import FloatArray, Nchw

# openvino reports each import to its makers through openvino_telemetry, with an id that it stores in the home folder.
# A None in sys.modules makes that package fail to import; openvino then works without telemetry.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
# Its converter of other frameworks' models is two fifths of its import, and it works without. Who needs it imports it
# by its own name afterwards.
_HIDDEN: Final = "openvino.tools.ovc"
_hides = _HIDDEN not in sys.modules
if _hides:
    sys.modules[_HIDDEN] = None  # type: ignore[assignment]
import openvino as ov  # noqa: E402 - after the lines above

if _hides:
    del sys.modules[_HIDDEN]


# Kernels of each kind that are kept for canvases to come. The detector has 73 convolutions, so these are the kernels of
# its last fourteen shapes. Over 40 photos of 15 shapes they save 25 ms of a photo's processor time.
KEPT_KERNELS: Final = 1024


class OpenVinoEngine:
    """One network, compiled once, or once for each size of squares. Thread-safe; writes nothing but to its cache.

    Batch sizes share what is compiled, weights and memory too: each on its own would take 35 MB more. So do canvases of
    the photo's shape: seven shapes of a detector compiled each on its own take 5.4 s and 400 MB, all in one 0.5 s and
    150 MB; kernels are then built when a photo of another shape comes, which takes some 30 ms.
    """

    def __init__(
        self,
        facts: NetworkFacts,
        *,
        threads: int,
        buckets: tuple[int, ...],
        cache: CompiledCache | None = None,
        lean: bool = False,
    ) -> None:
        """Read and check the file and compile it, so that the first answer need not wait.

        cache: where compiled networks are looked for and kept; nothing is written without it. lean: keep no kernels of
        canvases that have been, which are 3 to 4 MB a shape.
        Raises WeightsMissing, WrongHash, EngineFailed.
        """
        self._facts = facts
        self._buckets = buckets
        self._cache = cache
        self._options: dict[str, str | int | bool] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            # Pinned threads of two processes all sit on the same cores while others idle.
            "ENABLE_CPU_PINNING": False,
            # Networks of one shape never look them up, and pay a third more memory for keeping them.
            "CPU_RUNTIME_CACHE_CAPACITY": KEPT_KERNELS if facts.input.step_px and not lean else 0,
            # Subgraphs compiled on their own: 40 MB over all shapes, and not a tenth of a millisecond gained.
            "SNIPPETS_MODE": "DISABLE",
        }
        if facts.precision == "f32":
            # Unset, OpenVINO computes in bf16 on the CPUs that have it; the manifest says where that was measured.
            self._options["INFERENCE_PRECISION_HINT"] = "f32"
        self._core = ov.Core()
        model_bytes = facts.read_bytes()
        takes = facts.input
        free = ov.Dimension(takes.step_px, takes.longest_px)
        self._any_shape = self._compiled(model_bytes, free) if takes.step_px else None
        self._squares = {} if takes.step_px else {side: self._compiled(model_bytes, side) for side in takes.sizes_px}

    @property
    def spec(self) -> InputSpec:
        return self._facts.input

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        check_batch(batch, self._facts)
        return run_in_buckets(batch, self._buckets, (self._any_shape or self._squares[batch.shape[2]]).infer)

    def _compiled(self, model_bytes: bytes, side: int | ov.Dimension) -> _Request:
        rows = ov.Dimension(min(self._buckets), max(self._buckets))
        shape = ov.PartialShape([rows, 3, side, side])
        key = cache_key(
            {"file": self._facts.sha256, "shape": shape, "options": self._options, "openvino": ov.get_version()}
        )
        kept = None if self._cache is None else self._cache.get(key)
        if kept is not None and self._cache is not None:
            try:
                return _Request(self._core.import_model(kept, "CPU", self._options), self._facts)
            except RuntimeError:  # cut off, or of another build: compiled anew below
                self._cache.drop(key)
        try:
            model = self._core.read_model(model_bytes)
            inputs = [name for port in model.inputs for name in port.get_names()]
            check_names(
                self._facts, inputs=inputs, outputs=[name for port in model.outputs for name in port.get_names()]
            )
            _reshape(model, self._facts.input.name, shape)
            compiled = self._core.compile_model(model, "CPU", self._options)
            if self._cache is not None:
                self._cache.put_later(key, lambda: bytes(compiled.export_model().getvalue()))
            return _Request(compiled, self._facts)
        except RuntimeError as error:
            raise EngineFailed(f"{self._facts.role}: OpenVINO can't load {self._facts.path.name}: {error}") from error


def _reshape(model: ov.Model, name: str, shape: ov.PartialShape) -> None:
    """Give the one input its shape.

    `Model.reshape` also mends graphs in which a batch of one is written down, and takes five times as long.
    """
    if shape[0] == 1:
        model.get_parameters()[0].set_partial_shape(shape)
        model.validate_nodes_and_infer_types()
    else:
        model.reshape({name: shape})


@functools.cache
def fastest_format() -> str:
    """What OpenVINO computes in on this CPU where it is let: bf16, f16 or f32."""
    return str(ov.Core().get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name())


def gains_by_int8(other: str) -> bool:
    """Whether int8 convolutions were measured to be quicker than `other` (a number format) on such a CPU.

    They are where it has VNNI, beside float32 and beside bf16 in vectors; bf16 in AMX's matrix units is quicker.
    OpenVINO computes in int8 without VNNI, too, but in more steps, and sums may overflow.
    """
    flags = _cpu_flags()
    return bool(flags & {"avx512_vnni", "avx_vnni"}) and (
        other == "f32" or (other == "bf16" and "amx_bf16" not in flags)
    )


@functools.cache
def _cpu_flags() -> frozenset[str]:
    """What this CPU is able to do, in Linux's words; nothing on other systems."""
    try:
        return frozenset(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return frozenset()


class _Request:
    """One compiled network. One inference at a time: with a single stream the runtime would queue them anyway."""

    def __init__(self, compiled: ov.CompiledModel, facts: NetworkFacts) -> None:
        self._lock = threading.Lock()
        self._request = compiled.create_infer_request()
        self._facts = facts
        self._ports = [compiled.output(name) for name in facts.outputs]

    def infer(self, batch: Nchw) -> tuple[FloatArray, ...]:
        with self._lock:
            try:
                self._request.infer({self._facts.input.name: batch}, share_inputs=True)
            except RuntimeError as error:
                raise EngineFailed(f"{self._facts.role}: OpenVINO failed: {error}") from error
            # Copied under the lock: the next inference writes into the same memory.
            return tuple(np.array(self._request.get_tensor(port).data, np.float32) for port in self._ports)
