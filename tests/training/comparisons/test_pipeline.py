"""Two embedders behind one detector and aligner: files in, figures with intervals out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from evaluation.datasets.pack import read_celeba
from pipeline.types import Embedding, Rgb8
from tests.evaluation.tiny_pack import MODEL, ScriptedNetworks, write_pack
from training.command_line import Refused
from training.comparisons.pipeline import compare_pipeline, compare_readers, pipeline_with, table
from training.embedder.build import build_network
from training.embedder.recipe import NetworkSettings

pytestmark = pytest.mark.train


class Blind:
    """Embeds every face somewhere, whoever it shows."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)

    def embed(self, crops: list[Rgb8], *, tight: list[bool] | None = None) -> list[Embedding]:
        vectors = self._rng.normal(size=(len(crops), 3)).astype(np.float32)
        return [Embedding(vector=v / np.float32(np.linalg.norm(v)), model=MODEL) for v in vectors]


def test_the_gain_is_the_seeing_readers_and_missed_faces_count_for_both(tmp_path: Path) -> None:
    pictures = [p for p in read_celeba(write_pack(tmp_path)) if p.split == "val"]
    blind, seeing = ScriptedNetworks(), ScriptedNetworks()
    blind.embedder = Blind()  # type: ignore[assignment]
    row = compare_readers(pictures, {"ce": blind, "arcface": seeing})
    assert row["ce"]["answered"] == row["arcface"]["answered"] < row["pictures"] == len(pictures)
    assert row["arcface"]["0.01"]["value"] > row["ce"]["0.01"]["value"] + 0.3
    assert row["gain"]["0.01"]["value"] == pytest.approx(
        row["arcface"]["0.01"]["value"] - row["ce"]["0.01"]["value"], abs=2e-6
    )
    assert row["gain"]["0.01"]["low"] > 0
    assert row["arcface"]["0.01"]["value"] < 1  # the dark pictures' pairs are lost
    lines = table({"sets": {"celeba aligned": row}}).splitlines()
    assert [line.split()[4] for line in lines] == ["ce", "arcface", "gain"]


def test_a_run_is_read_behind_the_shipped_detector_and_aligner(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    network = build_network(NetworkSettings(backbone="mobilenetv3_small_050", start=Path()), tmp_path)
    reader = pipeline_with(network.eval(), tmp_path / "network.onnx", weights=Path("weights"))
    photo = reader.read(Path("lookalike/sample/grace_hopper.jpg").read_bytes())
    (face,) = photo.usable
    assert face.embedding is not None
    assert face.embedding.vector.shape == (512,)
    assert face.embedding.model == reader.embedder_id


def test_without_the_runs_it_says_which_command_makes_them(tmp_path: Path) -> None:
    data = write_pack(tmp_path / "data")
    with pytest.raises(Refused, match=r"training\.comparisons losses"):
        compare_pipeline(data=data, runs=tmp_path / "runs", out=tmp_path / "out")
