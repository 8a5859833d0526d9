"""Milliseconds a face through the product's engine: `python -m training.comparisons.timing`, and for comparisons."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from torch import nn

from lookalike.paths import SAMPLES
from pipeline.decode import PhotoLimits, decode
from pipeline.engine import computed_in, open_engine
from pipeline.manifest import KINDS, InputSpec, Manifest, NetworkFacts, Role, load_manifest
from pipeline.manifest_tables import Precision
from pipeline.open_parts import open_aligner, open_detector, open_embedder
from pipeline.similarity import CROP_SIDE_PX, align_face
from training.command_line import plain_errors
from training.export.onnx import export_onnx, sha256_of

TIMED_RUNS: Final = 60
SAMPLE: Final = SAMPLES / "grace_hopper.jpg"


def milliseconds(
    network: nn.Module, path: Path, *, role: Role, outputs: Sequence[str], precision: Precision = "f32"
) -> dict[str, Any]:
    """Export to `path` and time one face of 112 px on one core: median and quarter points, size of the file."""
    facts, size_bytes = exported_facts(network, path, role=role, outputs=outputs, precision=precision)
    return time_network(facts) | {"megabytes": round(size_bytes / 1e6, 1)}


def exported_facts(
    network: nn.Module, path: Path, *, role: Role, outputs: Sequence[str], precision: Precision = "f32"
) -> tuple[NetworkFacts, int]:
    """Export to `path`, not to ship: what the engine wants to know of the file, and its size in bytes."""
    exported = export_onnx(network, path, side_px=CROP_SIDE_PX, outputs=outputs, to_ship=False)
    return file_facts(path, role=role, outputs=exported.outputs, precision=precision), exported.size_bytes


def file_facts(path: Path, *, role: Role, outputs: Sequence[str], precision: Precision = "f32") -> NetworkFacts:
    """What the engine wants to know of a network of ours for crops of 112 px that lies at `path`."""
    return NetworkFacts(
        role=role,
        kind=KINDS[role][0],
        path=path,
        sha256=sha256_of(path),
        input=InputSpec(name="images", sizes_px=(CROP_SIDE_PX,), color="RGB", mean=(127.5,) * 3, std=(127.5,) * 3),
        outputs=tuple(outputs),
        precision=precision,
        licence="-",
        facts={},
    )


def time_network(facts: NetworkFacts) -> dict[str, Any]:
    """One face, or one canvas of four by three, on one core: milliseconds, median and quarter points.

    Time it when nothing else runs.
    """
    engine = open_engine(facts, threads=1, buckets=(1,))
    side = max(facts.input.sizes_px)
    batch = np.zeros((1, 3, side * 3 // 4 if facts.input.step_px else side, side), np.float32)
    return _timed(lambda: engine.run(batch))


def formats(facts: NetworkFacts) -> dict[str, NetworkFacts]:
    """A network in each number format that this CPU computes and its files allow, as `computed_in` names them."""
    found = {}
    for precision in ("f32", facts.precision):
        one = replace(facts, precision=precision, int8=None)
        found[computed_in(one, "openvino")] = one
    if facts.int8 is not None:
        for name, one in dict(found).items():
            found["int8" if name == "f32" else f"int8+{name}"] = replace(facts.int8, precision=one.precision)
    return found


def time_parts(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """The same of what the product does with a face, networks and all that is around them, on a sample photo."""
    image = decode(SAMPLE.read_bytes(), limits=PhotoLimits()).image
    detector = open_detector(manifest.detector, manifest.thresholds, backend="openvino", threads=1)
    aligner = open_aligner(manifest.aligner, backend="openvino", threads=1)
    embedder = open_embedder(manifest.embedder, backend="openvino", threads=1)
    face = [max(detector.detect(image), key=lambda found: found.score)]
    crop = align_face(image, aligner.find(image, face)[0].points)
    return {
        "aligner, the crop cut and looked at": _timed(lambda: aligner.find(image, face)),
        "embedder, stretched edges looked for first": _timed(lambda: embedder.embed([crop])),
    }


def _timed(work: Callable[[], object]) -> dict[str, Any]:
    taken = []
    for _ in range(TIMED_RUNS):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    low, middle, high = np.percentile(taken[TIMED_RUNS // 6 :], [25, 50, 75])
    return {"ms_a_face": round(float(middle), 2), "ms_quarters": [round(float(low), 2), round(float(high), 2)]}


def main() -> None:
    """Time the networks that ship in every format this CPU computes, and face by face as they run (with a star)."""
    parser = argparse.ArgumentParser(prog="python -m training.comparisons.timing", description=main.__doc__)
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="folder with manifest.toml")
    manifest = load_manifest(parser.parse_args().weights)
    for facts in (manifest.detector, manifest.aligner, manifest.embedder):
        if not isinstance(facts, NetworkFacts):
            continue
        for name, one in formats(facts).items():
            _print(f"{facts.role:8} {name:9} {'*' * (name == computed_in(facts, 'openvino'))}", time_network(one))
    for words, found in time_parts(manifest).items():
        _print(words, found)


def _print(words: str, found: dict[str, Any]) -> None:
    low, high = found["ms_quarters"]
    print(f"{words:44} {found['ms_a_face']:6.2f} ms on one core ({low} to {high})")


if __name__ == "__main__":
    with plain_errors():
        main()
