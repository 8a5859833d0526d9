"""Networks that are opened while other work goes on answer as those that were waited for; faults come with a photo."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import WrongHash
from pipeline.face_pipeline import FacePipeline, PipelineConfig, load_pipeline
from pipeline.gates import QualityGates
from tests.pictures import encoded
from tests.pipeline.adapter_graphs import aligner_entry, regression, scrfd_bench, squares, weights_folder

CONFIG = PipelineConfig(gates=QualityGates(min_sharpness=0.0, max_light=255.0))
BENCH = scrfd_bench()
FACE = squares(512, 512, (128, 128, BENCH.cell_px * 8), colour=(230, 0, 0))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return weights_folder(tmp_path, BENCH, aligner=aligner_entry(regression()))


def told(pipeline: FacePipeline) -> str:
    (face,) = pipeline.read_image(FACE).faces
    assert face.embedding is not None
    numbers = [*face.points.ravel().tolist(), *face.embedding.vector.tolist()]
    return json.dumps([face.embedding.model, str(face.box), numbers])


def test_a_photo_that_comes_at_once_gets_the_answer_of_a_later_one(weights: Path) -> None:
    at_once, waited = (load_pipeline(weights, CONFIG, wait=wait) for wait in (False, True))
    assert at_once.embedder_id == waited.embedder_id
    assert at_once.detector.thresholds == waited.detector.thresholds
    assert told(at_once) == told(waited)
    assert at_once.detector.glance(FACE) == waited.detector.glance(FACE) != []


def test_a_lean_pipeline_gives_the_same_answer(weights: Path) -> None:
    lean, plain = (load_pipeline(weights, replace(CONFIG, lean=lean)) for lean in (True, False))
    assert told(lean) == told(plain)
    photo = encoded(FACE)
    assert [face.box for face in lean.read(photo).faces] == [face.box for face in plain.read(photo).faces] != []


@pytest.mark.parametrize("file", ["det.onnx", "points.onnx", "arc.onnx"])
def test_a_network_that_cant_be_opened_is_told_by_the_first_photo(weights: Path, file: str) -> None:
    """Whichever network it is, and whether or not the photo has a face for it."""
    (weights / file).write_bytes(b"cut off")
    with pytest.raises(WrongHash, match=file):
        load_pipeline(weights, CONFIG)
    for photo in (FACE, np.zeros_like(FACE)):
        with pytest.raises(WrongHash, match=file):
            load_pipeline(weights, CONFIG, wait=False).read_image(photo)
