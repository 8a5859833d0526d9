"""The contract of an engine, kept by every backend alike."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batching import FILL, in_buckets, padded, to_batch
from pipeline.compiled_cache import CompiledCache
from pipeline.engine import DEFAULT_BUCKETS, Backend, computed_in, open_engine
from pipeline.errors import EngineFailed, PipelineError, WeightsMissing, WrongHash
from pipeline.manifest import InputSpec
from pipeline.types import FloatArray
from tests.pictures import scene
from tests.pipeline.graphs import colour_means, facts, heavy


@pytest.fixture(params=get_args(Backend))
def backend(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


def batch_of(count: int, side_px: int = 16) -> FloatArray:
    return np.random.default_rng(count).random((count, 3, side_px, side_px), np.float32)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_a_batch_of_any_size_gives_that_many_rows_in_order(backend: Backend, tmp_path: Path, count: int) -> None:
    """Padding rows never come out, and parts of a long batch come back in their order."""
    engine = open_engine(
        facts(tmp_path, colour_means(gain=2.0), outputs=("means",)), backend=backend, buckets=(1, 2, 4)
    )
    (means,) = engine.run(batch_of(count))
    assert means.dtype == np.float32
    assert np.allclose(means, 2.0 * batch_of(count).mean(axis=(2, 3)), atol=1e-4)


def test_outputs_come_in_the_order_of_the_manifest(backend: Backend, tmp_path: Path) -> None:
    engine = open_engine(facts(tmp_path, colour_means(), outputs=("rows", "means")), backend=backend)
    rows, means = engine.run(batch_of(2))
    assert rows.shape == (2, 1)
    assert np.allclose(rows[:, 0], means.sum(axis=1), atol=1e-4)


def test_every_size_of_the_manifest_is_run_and_no_other(backend: Backend, tmp_path: Path) -> None:
    engine = open_engine(facts(tmp_path, colour_means(), outputs=("means",), sizes_px=(32, 16)), backend=backend)
    for side_px in (32, 16, 32):
        (means,) = engine.run(batch_of(1, side_px))
        assert np.allclose(means, batch_of(1, side_px).mean(axis=(2, 3)), atol=1e-4)
    with pytest.raises(EngineFailed, match="side in"):
        engine.run(batch_of(1, 24))
    assert engine.spec.side_px == 32


@pytest.mark.parametrize(
    "batch",
    [
        pytest.param(np.zeros((0, 3, 16, 16), np.float32), id="empty"),
        pytest.param(np.zeros((1, 4, 16, 16), np.float32), id="four channels"),
        pytest.param(np.zeros((1, 16, 16, 3), np.float32), id="channels last"),
        pytest.param(np.zeros((3, 16, 16), np.float32), id="no batch"),
        pytest.param(np.zeros((1, 3, 16, 16), np.float64), id="float64"),
    ],
)
def test_a_batch_of_another_shape_or_type_is_refused(backend: Backend, tmp_path: Path, batch: FloatArray) -> None:
    engine = open_engine(facts(tmp_path, colour_means(), outputs=("means",)), backend=backend)
    with pytest.raises(EngineFailed, match="wants"):
        engine.run(batch)


def test_outputs_belong_to_the_caller(backend: Backend, tmp_path: Path) -> None:
    """The next inference must not write into what an earlier one returned."""
    engine = open_engine(facts(tmp_path, colour_means(), outputs=("means",)), backend=backend)
    (first,) = engine.run(np.zeros((1, 3, 16, 16), np.float32))
    engine.run(np.ones((1, 3, 16, 16), np.float32))
    assert first.tolist() == [[0.0, 0.0, 0.0]]
    first[:] = 7.0  # and may be written to


def test_several_threads_get_their_own_answers(backend: Backend, tmp_path: Path) -> None:
    engine = open_engine(facts(tmp_path, heavy(), outputs=("means",), sizes_px=(48,)), backend=backend, buckets=(1, 4))
    batches = [batch_of(1 + k % 5, 48) * (k + 1) for k in range(8)]
    wanted = [engine.run(batch)[0] for batch in batches]
    wrong: list[int] = []

    def work(k: int) -> None:
        answers = [engine.run(batches[k])[0] for _ in range(6)]
        wrong.extend(k for answer in answers if not np.allclose(answer, wanted[k], rtol=1e-4, atol=1e-5))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_file_with_another_hash_is_refused(backend: Backend, tmp_path: Path) -> None:
    entry = facts(tmp_path, colour_means(), outputs=("means",))
    entry.path.write_bytes(colour_means(gain=3.0))
    with pytest.raises(WrongHash, match=r"embedder \(network.onnx\).*manifest says"):
        open_engine(entry, backend=backend)


def test_a_missing_file_is_told(backend: Backend, tmp_path: Path) -> None:
    entry = facts(tmp_path, colour_means(), outputs=("means",))
    entry.path.unlink()
    with pytest.raises(WeightsMissing, match="restore the weights folder"):
        open_engine(entry, backend=backend)


def test_a_file_that_is_no_network_is_told_in_our_words(backend: Backend, tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"can't load network\.onnx"):
        open_engine(facts(tmp_path, b"no network", outputs=("means",)), backend=backend)


def test_a_network_with_other_tensors_is_refused(backend: Backend, tmp_path: Path) -> None:
    """Never guessed: the manifest's names or nothing."""
    with pytest.raises(EngineFailed, match="manifest says"):
        open_engine(facts(tmp_path, colour_means(), outputs=("boxes",)), backend=backend)
    with pytest.raises(EngineFailed, match="manifest says"):
        open_engine(facts(tmp_path, colour_means(), outputs=("means",), input_name="input"), backend=backend)


def test_backends_agree(tmp_path: Path) -> None:
    entry = facts(tmp_path, heavy(), outputs=("means",), sizes_px=(48,))
    a, b = (open_engine(entry, backend=name).run(batch_of(3, 48))[0] for name in get_args(Backend))
    assert np.allclose(a, b, rtol=1e-3, atol=1e-5)


def test_the_number_format_that_is_told_is_the_one_computed_in(tmp_path: Path) -> None:
    """Told apart by what comes out: a narrow format keeps 8 or 11 bits of a number, so its answers differ."""
    f32 = facts(tmp_path, heavy(), outputs=("means",), sizes_px=(48,), name="same.onnx")
    bf16 = facts(tmp_path, heavy(), outputs=("means",), sizes_px=(48,), precision="bf16", name="same.onnx")
    a, b = (open_engine(entry).run(batch_of(2, 48))[0] for entry in (f32, bf16))
    assert (computed_in(bf16, "openvino") == "f32") == np.array_equal(a, b)
    assert computed_in(f32, "openvino") == computed_in(bf16, "onnxruntime") == "f32"


def test_an_int8_file_is_taken_where_it_pays_and_the_whole_one_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told apart by their gain: the stand-in for the int8 file answers twice as much."""
    whole = facts(tmp_path, colour_means(), outputs=("means",), precision="bf16")
    small = facts(tmp_path, colour_means(gain=2.0), outputs=("means",), precision="bf16", name="small.onnx")
    entry, batch = replace(whole, int8=small), batch_of(1, 16)
    means = open_engine(whole).run(batch)[0]
    for fastest, flags, told, gain in (
        ("f32", {"avx512_vnni"}, "int8", 2.0),
        ("f32", {"avx2"}, "f32", 1.0),
        ("bf16", {"avx512_vnni", "avx512_bf16"}, "int8+bf16", 2.0),
        ("bf16", {"avx512_vnni", "avx512_bf16", "amx_bf16"}, "bf16", 1.0),
        ("bf16", {"avx512_bf16"}, "bf16", 1.0),
        ("f16", {"asimdhp"}, "f16", 1.0),
    ):
        monkeypatch.setattr("pipeline.engine_openvino.fastest_format", lambda fastest=fastest: fastest)
        monkeypatch.setattr("pipeline.engine_openvino._cpu_flags", lambda flags=flags: frozenset(flags))
        assert computed_in(entry, "openvino") == told
        assert np.allclose(open_engine(entry).run(batch)[0], gain * means, rtol=1e-3)
        other = replace(entry, input=replace(entry.input, sizes_px=(24,)))
        assert np.allclose(open_engine(other).run(batch_of(1, 24))[0], gain * batch_of(1, 24).mean((2, 3)), atol=0.02)
    assert computed_in(entry, "onnxruntime") == "f32"


def test_a_detectors_canvas_may_have_any_shape_of_its_steps_and_no_other(tmp_path: Path) -> None:
    entry = facts(tmp_path, colour_means(), outputs=("means",), sizes_px=(64,))
    entry = replace(entry, input=replace(entry.input, step_px=32))
    for backend in get_args(Backend):
        engine = open_engine(entry, backend=backend, buckets=(1,))
        for shape in ((32, 64), (64, 32), (64, 64), (32, 128)):
            batch = np.full((1, 3, *shape), 0.5, np.float32)
            assert np.allclose(engine.run(batch)[0], 0.5)
        for shape in ((48, 64), (32, 160)):
            with pytest.raises(EngineFailed, match="multiples of 32 up to 128"):
                engine.run(np.zeros((1, 3, *shape), np.float32))


def test_a_lean_engine_answers_the_same_when_shapes_take_turns(tmp_path: Path) -> None:
    """The other one takes kernels of an earlier shape again: they must be those of this shape."""
    entry = facts(tmp_path, heavy(), outputs=("means",), sizes_px=(64,))
    entry = replace(entry, input=replace(entry.input, step_px=32))
    lean, keeping = (open_engine(entry, buckets=(1,), lean=lean) for lean in (True, False))
    for height, width in [(32, 64), (64, 32), (64, 64), (96, 32)] * 2:
        batch = np.random.default_rng(height).random((1, 3, height, width), np.float32)
        assert np.array_equal(lean.run(batch)[0], keeping.run(batch)[0])


def test_a_kept_network_answers_as_a_compiled_one_and_a_spoilt_one_is_compiled_anew(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "lookalike"
    entry, batch = facts(tmp_path, heavy(), outputs=("means",), sizes_px=(48,)), batch_of(1, 48)
    plain = open_engine(entry).run(batch)[0]
    cache = CompiledCache(folder)
    first = open_engine(entry, cache=cache).run(batch)[0]
    assert not folder.exists(), "the first answer does not wait for the disk"
    cache.write()
    (blob,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    kept = blob.read_bytes()
    assert np.array_equal(open_engine(entry, cache=cache).run(batch)[0], plain)
    cache.write()
    assert blob.read_bytes() == kept
    assert np.array_equal(first, plain)
    blob.write_bytes(b"cut off")
    assert np.array_equal(open_engine(entry, cache=cache).run(batch)[0], plain)
    cache.write()
    assert len(blob.read_bytes()) > 1000, "kept anew"
    folder.chmod(0o777)
    blob.unlink()
    open_engine(entry, cache=cache)
    cache.write()
    assert list(folder.iterdir()) == [], "a folder that anybody may write to is not used"


def test_without_a_place_to_keep_it_a_network_is_compiled_and_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="ascii")
    entry = facts(tmp_path, colour_means(), outputs=("means",))
    cache = CompiledCache(tmp_path / "file" / "lookalike")
    engine = open_engine(entry, cache=cache)
    cache.write()
    assert engine.run(batch_of(1, 16))[0].shape == (1, 3)


def test_bf16_stays_near_float32_where_the_manifest_allows_it(tmp_path: Path) -> None:
    """On a CPU without bf16 both are float32 and agree; on one with it, it is still this network."""
    f32 = facts(tmp_path, heavy(), outputs=("means",), sizes_px=(48,), precision="f32")
    bf16 = facts(tmp_path, heavy(), outputs=("means",), sizes_px=(48,), precision="bf16", name="same.onnx")
    a, b = (open_engine(entry).run(batch_of(2, 48))[0] for entry in (f32, bf16))
    assert float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b)) > 0.999


def test_every_error_is_one_of_the_package() -> None:
    assert issubclass(EngineFailed, PipelineError)
    assert issubclass(WrongHash, PipelineError)


@given(st.integers(1, 200), st.sampled_from([(1,), (1, 8), (1, 2, 4, 16), (4,)]))
def test_buckets_hold_every_row_once_and_waste_little(count: int, buckets: tuple[int, ...]) -> None:
    parts = list(in_buckets(count, buckets))
    assert sum(rows for rows, _ in parts) == count
    assert all(1 <= rows <= bucket and bucket in buckets for rows, bucket in parts)
    assert all(rows == bucket for rows, bucket in parts[:-1])
    assert all(rows >= FILL * bucket or bucket == min(buckets) for rows, bucket in parts)


@pytest.mark.parametrize(
    ("count", "parts"),
    [(1, [1]), (2, [1, 1]), (3, [4]), (4, [4]), (5, [4, 1]), (7, [4, 4]), (40, [4] * 10)],
)
def test_three_faces_are_a_batch_of_four_and_two_are_not(count: int, parts: list[int]) -> None:
    assert [bucket for _, bucket in in_buckets(count, DEFAULT_BUCKETS)] == parts


def test_padding_is_zeros_behind_the_rows() -> None:
    part = batch_of(3)
    full = padded(part, 4)
    assert np.array_equal(full[:3], part)
    assert not full[3].any()
    assert padded(part, 3).flags.c_contiguous


@pytest.mark.parametrize("color", ["RGB", "BGR"])
def test_pictures_are_normalised_as_the_manifest_says(color: str) -> None:
    """Mean and std are in the network's own channel order."""
    spec = InputSpec(
        name="images",
        sizes_px=(8,),
        color="RGB" if color == "RGB" else "BGR",
        mean=(10.0, 20.0, 30.0),
        std=(2.0, 4.0, 8.0),
    )
    images = [scene(8, 8, seed=1), scene(8, 8, seed=2)]
    oracle = np.stack(images).astype(np.float64)[..., :: -1 if color == "BGR" else 1]
    oracle = ((oracle - np.array(spec.mean)) / np.array(spec.std)).transpose(0, 3, 1, 2)
    batch = to_batch(images, spec)
    assert batch.dtype == np.float32
    assert np.allclose(batch, oracle, atol=1e-4)
