"""adapters: one contract for every kind of detector, shipped or brought, on both engines, from a manifest entry."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from pipeline.engine import Backend, Engine, open_engine
from pipeline.errors import EngineFailed
from pipeline.letterbox import Letterbox, fit
from pipeline.manifest import load_manifest
from pipeline.open_parts import open_detector
from pipeline.parts import FaceDetector
from pipeline.types import Detection, FloatArray, Nchw, Rgb8
from tests.pipeline.adapter_graphs import (
    EDGES,
    POINTS,
    SIDE_PX,
    Bench,
    aligner_entry,
    mtcnn_bench,
    regression,
    scrfd_bench,
    squares,
    weights_folder,
    yolo_bench,
)

RED, BLUE = (255, 0, 0), (0, 0, 255)
BENCHES = {
    bench.name: bench
    for bench in (
        yolo_bench("yolo, the shipped kind", point_rows=0),
        yolo_bench("yolo_pose with visibility", point_rows=3),
        yolo_bench("yolo_pose without", point_rows=2),
        scrfd_bench("scrfd"),
        scrfd_bench("scrfd of fixed size", side_px=SIDE_PX),
        scrfd_bench("scrfd with a batch axis", batch_axis=True),
        scrfd_bench("scrfd without points", with_points=False),
        mtcnn_bench("mtcnn"),
        mtcnn_bench("mtcnn transposed", transposed=True),
    )
}


@pytest.fixture(params=get_args(Backend))
def backend(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]


@pytest.fixture
def detector(bench: Bench, backend: Backend, tmp_path: Path) -> FaceDetector:
    return opened(bench, tmp_path, backend)


def opened(bench: Bench, folder: Path, backend: Backend = "openvino") -> FaceDetector:
    aligner = {} if bench.has_points else {"aligner": aligner_entry(regression())}
    manifest = load_manifest(weights_folder(folder, bench, **aligner))
    return open_detector(manifest.detector, manifest.thresholds, backend=backend, threads=1)


class Photo:
    """A photo of width x height in which a canvas pixel is a whole number of photo pixels, or half of one."""

    def __init__(self, bench: Bench, width: int, height: int) -> None:
        self.bench, self.width, self.height = bench, width, height
        self.place: Letterbox = fit(width=width, height=height, side_px=SIDE_PX, centred=bench.centred)[0]

    def with_faces(self, *corners: tuple[int, int], colour: tuple[int, int, int] = RED) -> Rgb8:
        """Squares whose upper left corners lie at these canvas pixels."""
        side = self.bench.cell_px / self.place.scale
        places = [
            ((x - self.place.pad_x) / self.place.scale, (y - self.place.pad_y) / self.place.scale, side)
            for x, y in corners
        ]
        return squares(self.width, self.height, *places, colour=colour)

    def box(self, x: int, y: int) -> FloatArray:
        cell = self.bench.cell_px
        edges = np.array([[x, y, x + cell, y + cell]], np.float32) + EDGES
        return np.asarray(self.place.to_photo(edges)[0], np.float32)

    def points(self, x: int, y: int) -> FloatArray:
        # By hand, not by the function under test: a canvas pixel is 1 / scale photo pixels.
        canvas = np.array([x, y], np.float32) + POINTS * self.bench.cell_px
        return np.asarray((canvas - [self.place.pad_x, self.place.pad_y]) / self.place.scale, np.float32)


def edges(found: Detection) -> list[float]:
    return [found.box.x0, found.box.y0, found.box.x1, found.box.y1]


def test_box_and_points_come_in_the_photos_own_pixels(detector: FaceDetector, bench: Bench) -> None:
    """Wide, tall, with odd margins, as large as the canvas, far larger and smaller."""
    for width, height in [(128, 96), (96, 128), (128, 112), (64, 64), (512, 384), (32, 24)]:
        photo = Photo(bench, width, height)
        (found,) = detector.detect(photo.with_faces((16, 24)), threshold=0.6)
        pixel = 1.0 / photo.place.scale
        assert np.allclose(edges(found), photo.box(16, 24), atol=0.05 * pixel), (width, height)
        assert 0.7 < found.score <= 1.01
        assert (found.points is not None) == bench.has_points
        if found.points is not None:
            assert found.points.shape == (5, 2)
            assert found.points.dtype == np.float32
            assert np.allclose(found.points, photo.points(16, 24), atol=0.05 * pixel), (width, height)


def test_the_network_sees_red_where_the_photo_is_red(detector: FaceDetector, bench: Bench) -> None:
    photo = Photo(bench, 128, 96)
    assert detector.detect(photo.with_faces((16, 24), colour=BLUE)) == []


def test_a_photo_without_a_face_has_none(detector: FaceDetector) -> None:
    for shape in ((96, 128, 3), (20, 300, 3), (300, 20, 3)):
        assert detector.detect(np.zeros(shape, np.uint8)) == []


def test_the_surest_face_comes_first_and_the_threshold_may_be_given(detector: FaceDetector, bench: Bench) -> None:
    """A face seen darker gets a lower score; `threshold` stands in for the manifest's."""
    photo = Photo(bench, 128, 96)
    image = np.maximum(photo.with_faces((16, 16), colour=(200, 0, 0)), photo.with_faces((40, 32)))
    found = detector.detect(image)
    assert [one.box.x1 for one in found] == [pytest.approx(photo.box(*at)[2], abs=0.1) for at in ((40, 32), (16, 16))]
    assert found[0].score > 0.9 > found[1].score > 0.6
    assert len(detector.detect(image, threshold=0.9)) == 1
    assert detector.thresholds.score == 0.6


class Spy:
    """An engine that keeps what it was given."""

    def __init__(self, engine: Engine, seen: list[Nchw]) -> None:
        self.spec, self._engine, self._seen = engine.spec, engine, seen

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        self._seen.append(batch)
        return self._engine.run(batch)


@pytest.mark.parametrize(
    ("name", "dark", "grey"),
    [("scrfd", (48, 0), 0), ("yolo_pose without", (2, 32), 114), ("mtcnn", (48, 0), 0)],
)
def test_the_photo_lies_in_its_square_as_in_training(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, dark: tuple[int, int], grey: int
) -> None:
    """A white photo twice as wide as high: its pixels, and the grey at (row, column) beside it."""
    seen: list[Nchw] = []
    monkeypatch.setattr("pipeline.open_parts.open_engine", lambda *given, **how: Spy(open_engine(*given, **how), seen))
    opened(BENCHES[name], tmp_path).detect(np.full((64, 128, 3), 255, np.uint8))
    first = next(batch for batch in seen if batch.shape[2] == SIDE_PX)
    mean, std = (0.0, 255.0) if name.startswith("yolo") else (127.5, 128.0)
    assert first[0, :, 24, 32].tolist() == pytest.approx([(255 - mean) / std] * 3)
    assert first[0, :, *dark].tolist() == pytest.approx([(grey - mean) / std] * 3)


def test_boxes_are_clipped_to_the_photo(detector: FaceDetector, bench: Bench) -> None:
    """The box of a face in the corner reaches 2 px of canvas beyond it."""
    photo = Photo(bench, 128, 128)
    (found,) = detector.detect(photo.with_faces((0, 0)))
    assert edges(found)[:2] == [0.0, 0.0]
    assert found.box.x1 == pytest.approx(photo.box(0, 0)[2], abs=0.1)


def test_threads_get_their_own_answers(detector: FaceDetector, bench: Bench) -> None:
    photo = Photo(bench, 128, 128)
    corners = [(16, 16), (32, 16), (16, 40), (40, 40)]
    images = [photo.with_faces(corner) for corner in corners]
    wanted = [edges(detector.detect(image)[0]) for image in images]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(8):
            (found,) = detector.detect(images[k])
            if not np.allclose(edges(found), wanted[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(images))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len({tuple(one) for one in wanted}) == len(corners)


@pytest.mark.parametrize(
    ("claimed", "file"),
    [("yolo", yolo_bench("", point_rows=3)), ("yolo_pose", yolo_bench("", point_rows=0))],
    ids=["a pose network as boxes", "boxes as a pose network"],
)
def test_a_file_of_another_kind_is_refused_when_it_answers(
    tmp_path: Path, backend: Backend, claimed: str, file: Bench
) -> None:
    """Reading a keypoint's row as a score would go on quietly."""
    folder = weights_folder(tmp_path, file, aligner=aligner_entry(regression()))
    text = (folder / "manifest.toml").read_text("utf-8").replace('"yolo_pose"', '"KIND"').replace('"yolo"', '"KIND"')
    (folder / "manifest.toml").write_text(text.replace("KIND", claimed), "utf-8")
    manifest = load_manifest(folder)
    detector = open_detector(manifest.detector, manifest.thresholds, backend=backend, threads=1)
    with pytest.raises(EngineFailed, match="wants"):
        detector.detect(np.zeros((64, 64, 3), np.uint8))
