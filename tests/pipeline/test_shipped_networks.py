"""The shipped networks on a portrait that may be shown: what a user would notice first if it broke."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.embedder import Embedder
from pipeline.engine import computed_in, open_engine
from pipeline.face_pipeline import FacePipeline, PipelineConfig, load_pipeline
from pipeline.manifest import load_manifest
from pipeline.nms import iou_matrix
from pipeline.types import Box, Detection, Face, PhotoFaces, RefusalCode, Rgb8
from tests.pictures import encoded

ROOT = Path(__file__).resolve().parents[2]
PORTRAIT = ROOT / "lookalike" / "sample" / "grace_hopper.jpg"  # US Navy, public domain
ASTRONAUT = ROOT / "lookalike" / "sample" / "astronaut.jpg"  # NASA, public domain
# Where a person sees them in the portrait: eyes, nose tip, mouth corners; and the face's outline.
POINTS = np.array([[220, 189], [305, 186], [264, 236], [228, 279], [309, 276]], np.float32)
FACE = Box(165, 100, 360, 335)

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return load_pipeline(ROOT / "weights")


@pytest.fixture(scope="module")
def portrait() -> Rgb8:
    return np.asarray(Image.open(io.BytesIO(PORTRAIT.read_bytes())).convert("RGB"))


@pytest.fixture(scope="module")
def answer(pipeline: FacePipeline) -> PhotoFaces:
    return pipeline.read(PORTRAIT.read_bytes())


def overlap(a: Box, b: Box) -> float:
    rows = [np.array([[box.x0, box.y0, box.x1, box.y1]], np.float32) for box in (a, b)]
    return float(iou_matrix(*rows)[0, 0])


def likeness(a: Face, b: Face) -> float:
    assert a.embedding is not None
    assert b.embedding is not None
    assert a.embedding.model == b.embedding.model
    return float(a.embedding.vector @ b.embedding.vector)


def test_the_portrait_has_its_face_and_points(answer: PhotoFaces) -> None:
    face = answer.faces[0]
    assert face.usable
    assert overlap(face.box, FACE) > 0.7
    assert np.hypot(*(face.points - POINTS).T).mean() < 0.08 * 85  # of the eye distance
    assert face.quality.score > 0.8
    assert abs(face.quality.yaw_deg) < 15


def test_two_people_are_not_alike(pipeline: FacePipeline, answer: PhotoFaces) -> None:
    other = pipeline.read(ASTRONAUT.read_bytes())
    assert other.faces[0].usable
    assert likeness(other.faces[0], answer.faces[0]) < 0.3


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_the_portrait_turned_is_the_same_face(
    pipeline: FacePipeline, portrait: Rgb8, answer: PhotoFaces, turns: int
) -> None:
    turned = pipeline.read_image(np.ascontiguousarray(np.rot90(portrait, -turns)))
    assert turned.quarter_turns == 4 - turns
    assert likeness(turned.faces[0], answer.faces[0]) > 0.98


def test_a_face_that_fills_the_frame_is_found(pipeline: FacePipeline, portrait: Rgb8, answer: PhotoFaces) -> None:
    for crop in (portrait[85:340, 155:370], portrait[60:380, 110:410]):
        photo = pipeline.read_image(np.ascontiguousarray(crop))
        assert len(photo.usable) == 1
        assert likeness(photo.usable[0], answer.faces[0]) > 0.8


@pytest.mark.parametrize("side_px", [40, 60, 240])
def test_sixteen_portraits_are_sixteen_faces(pipeline: FacePipeline, portrait: Rgb8, side_px: int) -> None:
    """Small and large: 40 px of photo hold a face of about 20."""
    bust = Image.fromarray(np.ascontiguousarray(portrait[30:430, 60:460]))
    tile = np.asarray(bust.resize((side_px, side_px), Image.Resampling.BOX))
    sheet = np.tile(tile, (4, 4, 1))
    faces = [face for face in pipeline.read_image(sheet).faces if face.quality.size_px > side_px / 4]
    assert len(faces) == 16


def test_a_face_too_small_and_one_too_blurred_are_told(pipeline: FacePipeline, portrait: Rgb8) -> None:
    picture = Image.fromarray(portrait)
    tiny = picture.resize((50, 60), Image.Resampling.BOX)
    canvas = Image.new("RGB", (240, 180), (150, 150, 150))
    canvas.paste(tiny, (90, 60))
    refused = [face.refusal.code for face in pipeline.read_image(np.asarray(canvas)).faces if face.refusal]
    assert refused == [RefusalCode.TOO_SMALL]


def test_a_plain_wall_has_no_face(pipeline: FacePipeline) -> None:
    photo = pipeline.read(encoded(np.full((480, 640, 3), 180, np.uint8), "JPEG"))
    assert photo.faces == ()


@pytest.mark.parametrize(
    ("file", "figures"),
    [
        (PORTRAIT, {"score": 0.885, "eyes": 84.6, "sharpness": 164.2, "light": 121.9, "yaw": 2.6, "roll": -3.6}),
        (ASTRONAUT, {"score": 0.859, "eyes": 43.2, "sharpness": 100.1, "light": 152.5, "yaw": -0.2, "roll": 3.4}),
    ],
    ids=["portrait", "astronaut"],
)
def test_the_figures_of_the_samples_stay(pipeline: FacePipeline, file: Path, figures: dict[str, float]) -> None:
    """Frozen: they hold the constants by which faces are measured. Room for bf16, none for another constant."""
    (face,) = pipeline.read(file.read_bytes()).usable
    quality = face.quality
    assert quality.score == pytest.approx(figures["score"], abs=0.02)
    assert quality.eye_distance_px == pytest.approx(figures["eyes"], rel=0.02)
    assert quality.sharpness == pytest.approx(figures["sharpness"], rel=0.06)
    assert quality.light == pytest.approx(figures["light"], abs=1.5)
    assert quality.yaw_deg == pytest.approx(figures["yaw"], abs=2.0)
    assert quality.roll_deg == pytest.approx(figures["roll"], abs=1.0)
    assert quality.points_error < 0.045


@pytest.mark.parametrize("colour", [(20, 20, 20), (128, 128, 128), (230, 190, 160)])
def test_a_plain_square_has_no_face(pipeline: FacePipeline, colour: tuple[int, int, int]) -> None:
    """The detector alone scores 0.5 to 0.85 for the whole of it."""
    assert pipeline.read_image(np.full((300, 300, 3), colour, np.uint8)).faces == ()


def test_a_cheek_beside_a_head_is_not_answered_with_the_heads_face(pipeline: FacePipeline, portrait: Rgb8) -> None:
    """The landmarks of the cheek's box slide onto the head: alike by 0.9, the same person twice."""
    astronaut = Image.open(ASTRONAUT).convert("RGB").crop((150, 20, 310, 230)).resize((540, 708))
    head = Image.fromarray(portrait).crop((175, 0, 425, 428)).resize((375, 642))
    both = Image.new("RGB", (455, 642))
    both.paste(head, (80, 0))
    both.paste(astronaut.crop((313, 0, 393, 642)), (0, 0))
    image = np.asarray(both)
    whole, *_ = pipeline.detector.detect(image)
    cheek = Detection(Box(0.0, whole.box.y0 + 60, 80.0, whole.box.y1), 0.6)
    twice = pipeline.aligner.find(image, [whole, cheek])
    assert np.abs(twice[0].points - twice[1].points).mean() < 20, "or the test shows nothing: 110 px between the eyes"

    class FindsBoth:
        thresholds = pipeline.detector.thresholds

        def detect(self, image: Rgb8, *, threshold: float | None = None) -> list[Detection]:
            return [whole, cheek]

        def glance(self, image: Rgb8) -> list[Detection]:
            return [whole]

    photo = FacePipeline(detector=FindsBoth(), aligner=pipeline.aligner, embedder=pipeline.embedder).read_image(image)
    (face,) = photo.faces
    assert face.box == whole.box


def test_both_backends_see_the_same(answer: PhotoFaces) -> None:
    other = load_pipeline(ROOT / "weights", PipelineConfig(backend="onnxruntime")).read(PORTRAIT.read_bytes())
    assert overlap(other.faces[0].box, answer.faces[0].box) > 0.95
    assert np.abs(other.faces[0].points - answer.faces[0].points).max() < 2.0
    assert likeness(other.faces[0], answer.faces[0]) > 0.99


@pytest.mark.parametrize("kept", ["as it runs here", "int8"])
def test_the_embedder_keeps_its_float32_vectors(pipeline: FacePipeline, answer: PhotoFaces, kept: str) -> None:
    """Whatever format the CPU gains by: near to plain float32, or galleries would not fit."""
    facts = load_manifest(ROOT / "weights").embedder
    assert facts.int8 is not None
    exact = Embedder(open_engine(facts, backend="onnxruntime"), model=facts.sha256)
    int8 = Embedder(open_engine(facts.int8), model=facts.sha256)
    least = 0.997 if "int8" in kept or "int8" in computed_in(facts, "openvino") else 0.999
    crops = [answer.faces[0].crop, np.ascontiguousarray(answer.faces[0].crop[:, ::-1])]
    ours = (int8 if kept == "int8" else pipeline.embedder).embed(crops)
    for one, reference in zip(ours, exact.embed(crops), strict=True):
        assert one is not None
        assert reference is not None
        assert float(one.vector @ reference.vector) > least


def test_four_threads_get_the_answer_of_one(pipeline: FacePipeline, answer: PhotoFaces) -> None:
    data = PORTRAIT.read_bytes()
    found: list[Face] = []

    def work() -> None:
        found.extend(pipeline.read(data).faces[0] for _ in range(2))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert min(likeness(face, answer.faces[0]) for face in found) > 0.9999
    assert {face.box for face in found} == {answer.faces[0].box}


def test_memory_stays_flat(pipeline: FacePipeline, portrait: Rgb8) -> None:
    """Photos of many sizes, one face or sixteen: after the first round nothing grows."""
    sheet = np.tile(portrait[::3, ::3], (4, 4, 1))
    photos = [encoded(portrait[:height], "JPEG") for height in (600, 560, 520)] + [encoded(sheet, "JPEG")]
    for data in photos * 2:
        pipeline.read(data)
    before = resident_mb()
    for data in photos * 4:
        pipeline.read(data)
    assert resident_mb() - before < 10


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
