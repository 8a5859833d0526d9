"""quantise: variants compute what float32 computes as far as their format lets them, and are told apart by numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from pipeline.batching import to_batch
from pipeline.engine import open_engine
from pipeline.manifest import NetworkFacts
from tests.pictures import scene
from tests.pipeline.graphs import facts, heavy
from training.comparisons.quantise import BATCHES, measure, variants, with_half_weights

CROPS = [scene(32, 32, seed=k) for k in range(12)]


@pytest.fixture
def network(tmp_path: Path) -> NetworkFacts:
    return facts(tmp_path, heavy(layers=3), outputs=("means",), sizes_px=(32,))


def test_weights_stored_in_half_the_bytes_give_the_same_answer(tmp_path: Path, network: NetworkFacts) -> None:
    """Weights alone are halved: what is computed stays float32, so only the rounding of the weights is seen."""
    half = with_half_weights(onnx.load(network.path)).SerializeToString()
    assert len(half) < 0.6 * len(network.read_bytes())
    other = facts(tmp_path, half, outputs=("means",), sizes_px=(32,), name="half.onnx")
    batch = to_batch(CROPS, network.input)
    for backend in ("openvino", "onnxruntime"):
        (wanted,) = open_engine(network, backend=backend).run(batch)
        (found,) = open_engine(other, backend=backend).run(batch)
        assert np.abs(found - wanted).max() < 2e-3 * np.abs(wanted).max()


def test_a_file_with_narrow_weights_is_measured_against_its_wide_self(tmp_path: Path, network: NetworkFacts) -> None:
    half = with_half_weights(onnx.load(network.path)).SerializeToString()
    other = facts(tmp_path, half, outputs=("means",), sizes_px=(32,), name="half.onnx")
    wide, shipped, narrow, *_ = variants(other, tmp_path, CROPS)
    assert [one.name for one in (wide, shipped, narrow)] == ["float32", "as shipped", "bfloat16"]
    assert shipped.facts.sha256 == narrow.facts.sha256 == other.sha256
    assert wide.facts.path.stat().st_size > 1.6 * len(half)
    batch = to_batch(CROPS, network.input)
    (wanted,) = open_engine(other, backend="onnxruntime").run(batch)
    (found,) = open_engine(wide.facts, backend="onnxruntime").run(batch)
    assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()


def test_no_variant_is_opened_as_the_int8_file_beside_the_shipped_one(tmp_path: Path, network: NetworkFacts) -> None:
    made = variants(replace(network, int8=network), tmp_path, CROPS)
    assert {one.facts.int8 for one in made} == {None}


def test_every_variant_is_measured_against_float32(tmp_path: Path, network: NetworkFacts) -> None:
    made = list(variants(network, tmp_path, CROPS))
    assert [one.name for one in made] == ["float32", "bfloat16", "float16 weights", "int8 dynamic", "int8 static"]
    assert len({one.facts.sha256 for one in made}) == 4, "bfloat16 is float32's file"
    outcomes = measure(made, CROPS, "openvino", [])
    reference = outcomes[0]
    assert reference.least_cosine == pytest.approx(1.0, abs=1e-5)
    assert reference.time_share == dict.fromkeys(BATCHES, 1.0)
    for one in outcomes:
        assert 0.9 < one.least_cosine <= one.mean_cosine + 1e-6 <= 1.00001
        assert set(one.time_share) == set(BATCHES)
        assert min(one.ms_a_face.values()) > 0
        assert one.tpr is None
    assert outcomes[2].size_bytes < reference.size_bytes
    assert outcomes[2].least_cosine > outcomes[4].least_cosine, "int8 costs more than half weights"
