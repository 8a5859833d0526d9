"""dense_landmarks: points of the crop come back to the photo, and the manifest's optional entry is checked."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lookalike.app import open_landmarks68
from lookalike.settings import Settings
from pipeline.dense_landmarks import DenseLandmarks
from pipeline.errors import EngineFailed, ManifestError, WrongHash
from pipeline.manifest import InputSpec, load_manifest
from pipeline.similarity import template_for
from pipeline.types import FloatArray, Nchw

TEXT = (Path(__file__).resolve().parents[2] / "weights" / "manifest.toml").read_text(encoding="utf-8")
PHOTO = np.zeros((300, 300, 3), np.uint8)


class Scripted:
    """An engine that says the same points of every crop: those of the template where five of 68 lie."""

    def __init__(self, count: int = 68) -> None:
        self.count = count

    @property
    def spec(self) -> InputSpec:
        grey = (127.5, 127.5, 127.5)
        return InputSpec(name="images", sizes_px=(112,), color="RGB", mean=grey, std=grey)

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        points = np.zeros((len(batch), self.count, 2), np.float32)
        points[:, :5] = template_for(112, margin_share=0.2)
        return (points,)


def test_points_of_the_crop_come_back_to_where_the_five_lie_in_the_photo() -> None:
    five = template_for(112) * 1.7 + np.array([40, 25], np.float32)
    heap = np.full((5, 2), 9, np.float32)
    placed, nowhere = DenseLandmarks(Scripted()).find(PHOTO, [five, heap])
    np.testing.assert_allclose(placed[:5], five, atol=0.01)
    assert np.isnan(nowhere).all()


def test_another_number_of_points_is_refused() -> None:
    with pytest.raises(EngineFailed, match="wants"):
        DenseLandmarks(Scripted(12)).find(PHOTO, [template_for(112)])


def test_a_file_of_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "landmarks68.onnx").write_bytes(b"another network")
    with pytest.raises(WrongHash, match="landmarks68"):
        open_landmarks68(Settings(weights_dir=tmp_path))


def test_a_manifest_without_the_entry_is_read_and_asking_for_it_is_one_sentence(tmp_path: Path) -> None:
    without = re.split(r"(?m)^\[landmarks68\]", TEXT)[0]
    (tmp_path / "manifest.toml").write_text(without, encoding="utf-8")
    assert load_manifest(tmp_path).landmarks68 is None
    with pytest.raises(ManifestError, match="names no network for 68 points"):
        open_landmarks68(Settings(weights_dir=tmp_path))
