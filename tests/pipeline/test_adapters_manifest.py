"""adapters: from a manifest entry to a working pipeline, and entries that can't be are refused with what would do."""

from __future__ import annotations

import re
import threading
from hashlib import sha256
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from pipeline.engine import Backend
from pipeline.errors import EngineFailed, ManifestError, WeightsMissing, WrongHash
from pipeline.face_pipeline import PipelineConfig, load_pipeline
from pipeline.gates import QualityGates
from pipeline.manifest import KINDS, CascadeFacts, DetectorPoints, load_manifest
from pipeline.open_parts import open_detector, open_embedder
from pipeline.parts import FaceEmbedder
from pipeline.similarity import align_face
from pipeline.types import Rgb8
from tests.pictures import encoded
from tests.pipeline.adapter_graphs import (
    POINTS,
    Bench,
    aligner_entry,
    arcface,
    embedder_entry,
    mtcnn_bench,
    regression,
    scrfd_bench,
    squares,
    weights_folder,
    yolo_bench,
)

ANY_FACE = QualityGates(min_sharpness=0.0, max_light=255.0)
WITH_POINTS = [scrfd_bench(), yolo_bench("yolo_pose", point_rows=3), mtcnn_bench()]
SCALE = 8  # photo pixels that one of the canvas covers: eyes 20 px apart


def photo_of(bench: Bench, *corners: tuple[int, int]) -> Rgb8:
    side = bench.cell_px * SCALE
    return squares(512, 512, *((x * SCALE, y * SCALE, side) for x, y in corners), colour=(230, 0, 0))


@pytest.mark.parametrize("kept", [False, True])
def test_photos_are_embedded_in_int8_where_it_pays_and_vectors_that_are_kept_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """Told apart by what is opened: the int8 file is named and is not there."""
    monkeypatch.setattr("pipeline.engine_openvino.fastest_format", lambda: "f32")
    monkeypatch.setattr("pipeline.engine_openvino.gains_by_int8", lambda other: other == "f32")
    arc = arcface()
    int8 = f'[embedder.int8]\nfile = "int8.onnx"\nsha256 = "{"0" * 64}"\n'
    folder = weights_folder(tmp_path, scrfd_bench(), embedder=embedder_entry(arc) + int8)
    if kept:
        assert load_pipeline(folder, PipelineConfig(int8_embedder=False)).embedder_id == sha256(arc).hexdigest()
    else:
        with pytest.raises(WeightsMissing, match=r"int8\.onnx"):
            load_pipeline(folder, PipelineConfig())


@pytest.mark.parametrize("backend", get_args(Backend))
@pytest.mark.parametrize("bench", WITH_POINTS, ids=lambda bench: bench.name)
def test_a_manifest_of_brought_networks_reads_photos(bench: Bench, backend: Backend, tmp_path: Path) -> None:
    """Detector with points, no aligner, ArcFace: bytes in, faces with vectors out, largest first, one id."""
    pipeline = load_pipeline(weights_folder(tmp_path, bench), PipelineConfig(backend=backend, gates=ANY_FACE))
    pipeline.warm_up()
    image = photo_of(bench, (16, 16), (40, 40))
    photo = pipeline.read(encoded(image))
    assert photo.quarter_turns == 0
    assert len(photo.usable) == 2
    for face in photo.usable:
        corner = np.array([16, 16] if face.box.x0 < 256 else [40, 40])
        points = (corner + POINTS * bench.cell_px) * SCALE
        assert np.abs(face.points - points).max() < 0.5
        assert face.quality.points_error == 0.05
        assert np.array_equal(face.crop, align_face(image, face.points))
        assert face.embedding is not None
        assert face.embedding.model == pipeline.embedder_id == load_manifest(tmp_path).embedder.sha256
        assert np.linalg.norm(face.embedding.vector) == pytest.approx(1.0, abs=1e-5)


def test_the_aligner_may_be_kept_beside_a_detector_with_points(tmp_path: Path) -> None:
    """Then it looks at the box, and says itself how far off it may be."""
    bench = scrfd_bench()
    both = load_pipeline(
        weights_folder(tmp_path, bench, aligner=aligner_entry(regression())), PipelineConfig(gates=ANY_FACE)
    )
    (face,) = both.read_image(photo_of(bench, (16, 16))).faces
    assert face.quality.points_error == pytest.approx(np.exp(-3.0), rel=1e-3)
    of_detector = (np.array([16, 16]) + POINTS * bench.cell_px) * SCALE
    assert np.abs(face.points - of_detector).max() > 5.0


@pytest.mark.parametrize("backend", get_args(Backend))
@pytest.mark.parametrize("count", [1, 3, 9])
def test_a_file_that_takes_one_face_at_a_time_is_given_one(tmp_path: Path, backend: Backend, count: int) -> None:
    """`batches = [1]`: for exports with a fixed batch, and for networks too large to be compiled twice."""
    embedder = opened_embedder(tmp_path, arcface(batch=1), backend=backend, extra="batches = [1]\n")
    crops = [np.full((112, 112, 3), (255, 20 * k, 0), np.uint8) for k in range(count)]
    vectors = [found.vector for found in embedder.embed(crops) if found]
    assert len(vectors) == count
    for k, vector in enumerate(vectors):
        wanted = np.array([255 - 127.5, 20 * k - 127.5, -127.5])
        assert np.allclose(vector, wanted / np.linalg.norm(wanted), atol=1e-4)


def test_without_the_key_batches_a_group_is_one_batch_and_such_a_file_is_told(tmp_path: Path) -> None:
    embedder = opened_embedder(tmp_path, arcface(batch=1), backend="onnxruntime")
    with pytest.raises(EngineFailed):
        embedder.embed([np.zeros((112, 112, 3), np.uint8)] * 8)


def test_an_arcface_trained_on_bgr_is_fed_bgr(tmp_path: Path) -> None:
    red = np.full((112, 112, 3), (255, 0, 0), np.uint8)
    (found,) = opened_embedder(tmp_path, arcface(), color="BGR").embed([red])
    assert found is not None
    assert np.allclose(found.vector, np.array([-1, -1, 1]) / np.sqrt(3), atol=1e-4)


def test_threads_share_a_brought_embedder(tmp_path: Path) -> None:
    embedder = opened_embedder(tmp_path, arcface())
    crops = [[np.full((112, 112, 3), (255, 30 * k, 10 * j), np.uint8) for j in range(k + 1)] for k in range(6)]
    wanted = [[one.vector.tolist() for one in embedder.embed(some) if one] for some in crops]
    wrong: list[int] = []

    def work(k: int) -> None:
        answers = [[one.vector.tolist() for one in embedder.embed(crops[k]) if one] for _ in range(10)]
        wrong.extend(k for answer in answers if answer != wanted[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(crops))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_embedder_of_another_crop_is_refused(tmp_path: Path) -> None:
    folder = weights_folder(tmp_path, scrfd_bench())
    text = (folder / "manifest.toml").read_text("utf-8").replace("side_px = 112", "side_px = 160")
    (folder / "manifest.toml").write_text(text, "utf-8")
    with pytest.raises(ManifestError, match="aligned to 112 px"):
        open_embedder(load_manifest(folder).embedder, backend="openvino", threads=1)


def opened_embedder(folder: Path, data: bytes, *, backend: Backend = "openvino", **entry: str) -> FaceEmbedder:
    weights_folder(folder, scrfd_bench(), embedder=embedder_entry(data, **entry))
    (folder / "arc.onnx").write_bytes(data)
    return open_embedder(load_manifest(folder).embedder, backend=backend, threads=1)


@pytest.mark.parametrize("role", ["detector", "embedder", "aligner"])
def test_a_kind_that_is_not_known_is_refused_with_those_that_are(tmp_path: Path, role: str) -> None:
    folder = weights_folder(tmp_path, scrfd_bench())
    text = (folder / "manifest.toml").read_text("utf-8")
    at = text.index(f"[{role}]")
    (folder / "manifest.toml").write_text(text[:at] + re.sub(r'kind = "\w+"', 'kind = "guess"', text[at:], count=1))
    kinds = {name: ", ".join(known) for name, known in KINDS.items()}
    with pytest.raises(ManifestError, match=rf"\[{role}\] kind: 'guess' is none of {kinds[role]}$"):  # type: ignore[index]  # a role
        load_manifest(folder)


@pytest.mark.parametrize(
    ("bench", "old", "new", "where"),
    [
        (mtcnn_bench(), "[detector.rnet", "[detector.rnet2", "[detector.rnet] file is missing"),
        (mtcnn_bench(), "[detector.onet", "[detector.onet2", "[detector.onet] file is missing"),
        (mtcnn_bench(), 'file = "onet.onnx"', 'file = "a/onet.onnx"', "[detector.onet] file"),
        (
            mtcnn_bench(),
            "transposed = false",
            "transposed = 0",
            "[detector] transposed: should be a valid boolean",
        ),
        (mtcnn_bench(), '"xxyy"', '"yyxx"', "[detector] points_order: 'yyxx' is none of xxyy, xyxy"),
        (mtcnn_bench(), "factor = 0.709", "factor = 1.0", "[detector] factor"),
        (mtcnn_bench(), "min_face_px = 12", "min_face_px = 4", "[detector] min_face_px"),
        (mtcnn_bench(), "min_face_px = 12", "min_face_px = 65", "no face is larger"),
        (mtcnn_bench(), "['score', 'box', 'points']", "['score', 'box']", "[detector.onet] outputs: wants 3 names"),
        (scrfd_bench(), "['score_8', ", "[", "[detector] outputs: wants 6 or 9 or 10 or 15 names, got 8"),
        (scrfd_bench(), 'precision = "f32"', 'precision = "f32"\nbatches = 1', "[detector] batches"),
        (scrfd_bench(), "score = 0.6", "scroe = 0.6", "[detector] thresholds score is missing"),
        (
            scrfd_bench(),
            'precision = "f32"',
            'precision = "f32"\nbatchs = [1]',
            "batchs: there is no such key",
        ),
        (
            scrfd_bench(),
            'kind = "scrfd"',
            "kind = ['scrfd']",
            "is none of yolo, yolo_pose, scrfd",
        ),
        (scrfd_bench(), "score = 0.6", "score = true", "[detector] thresholds score"),
        (scrfd_bench(), "side_px = 64", "sizes_px = [64, 32]", "[detector] input"),
        (scrfd_bench(), "expected_error = 0.05", "", "[aligner] expected_error"),
        (scrfd_bench(with_points=False), "", "", "[aligner] kind: the detector of this manifest gives no points"),
        (yolo_bench("", point_rows=0), "", "", "[aligner] kind: the detector of this manifest gives no points"),
    ],
)
def test_what_is_wrong_in_an_entry_is_told_with_its_place(
    tmp_path: Path, bench: Bench, old: str, new: str, where: str
) -> None:
    folder = weights_folder(tmp_path, bench)
    text = (folder / "manifest.toml").read_text("utf-8")
    assert old in text
    (folder / "manifest.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ManifestError, match=re.escape(where)):
        load_manifest(folder)


def test_an_entry_says_what_the_boxes_come_from(tmp_path: Path) -> None:
    """A gallery remembers its detector by this: another file or another setting of the cascade is another detector."""
    folder = weights_folder(tmp_path, mtcnn_bench())
    before = load_manifest(folder)
    assert isinstance(before.detector, CascadeFacts)
    assert isinstance(before.aligner, DetectorPoints)
    assert before.aligner.sha256 == before.detector.sha256
    assert before.aligner.licence == "CC0-1.0"
    path = folder / "manifest.toml"
    path.write_text(path.read_text("utf-8").replace("factor = 0.709", "factor = 0.6"), "utf-8")
    assert load_manifest(folder).detector.sha256 != before.detector.sha256


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_each_file_of_a_cascade_is_checked(tmp_path: Path, name: str) -> None:
    folder = weights_folder(tmp_path, mtcnn_bench())
    (folder / f"{name}.onnx").write_bytes(b"another network")
    manifest = load_manifest(folder)
    with pytest.raises(WrongHash, match=rf"{name}\.onnx"):
        open_detector(manifest.detector, manifest.thresholds, backend="openvino", threads=1)
