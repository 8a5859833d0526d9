"""ONNX Runtime behind the engine seam, in float32. The only import of onnxruntime."""

from __future__ import annotations

import numpy as np

from pipeline.batching import check_batch, check_names, run_in_buckets
from pipeline.errors import EngineFailed, EngineMissing
from pipeline.manifest import InputSpec, NetworkFacts
from pipeline.types import FloatArray, Nchw

try:
    import onnxruntime as ort
except ModuleNotFoundError as error:
    raise EngineMissing("onnxruntime") from error


class OnnxRuntimeEngine:
    """One session; the runtime itself is thread-safe. Batches keep to the buckets so that its arena stays flat."""

    def __init__(self, facts: NetworkFacts, *, threads: int, buckets: tuple[int, ...]) -> None:
        """Read and check the file. Raises WeightsMissing, WrongHash, EngineFailed."""
        self._facts = facts
        self._buckets = buckets
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors; its warnings speak of graphs, not of what a reader could do
        data = facts.read_bytes()
        try:
            self._session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors share no base but Exception
            raise EngineFailed(f"{facts.role}: ONNX Runtime can't load {facts.path.name}: {error}") from error
        check_names(
            facts,
            inputs=[item.name for item in self._session.get_inputs()],
            outputs=[item.name for item in self._session.get_outputs()],
        )

    @property
    def spec(self) -> InputSpec:
        return self._facts.input

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        check_batch(batch, self._facts)
        return run_in_buckets(batch, self._buckets, self._infer)

    def _infer(self, batch: Nchw) -> tuple[FloatArray, ...]:
        try:
            outputs = self._session.run(list(self._facts.outputs), {self._facts.input.name: batch})
        except Exception as error:  # its errors share no base but Exception
            raise EngineFailed(f"{self._facts.role}: ONNX Runtime failed: {error}") from error
        return tuple(np.asarray(output, np.float32) for output in outputs)
