"""face_pipeline: bytes in, measured faces out, in the photo's own pixels whichever way it lies."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engine import DEFAULT_BUCKETS
from pipeline.errors import BadPhoto
from pipeline.face_pipeline import PipelineConfig
from pipeline.gates import QualityGates
from pipeline.types import Box, PhotoFaces, RefusalCode
from tests.pictures import encoded
from tests.pipeline.drawn_faces import (
    MODEL,
    AlignerByColour,
    DetectorByColour,
    DrawnWorld,
    EmbedderByColour,
    blank,
    draw_face,
)


def cosine(a: PhotoFaces, b: PhotoFaces) -> float:
    first, second = a.usable[0].embedding, b.usable[0].embedding
    assert first is not None
    assert second is not None
    return float(first.vector @ second.vector)


def test_a_face_comes_with_box_points_crop_and_vector_in_the_photos_pixels() -> None:
    image = blank()
    points = draw_face(image, centre=(150.0, 110.0), eyes_px=40.0)
    photo = DrawnWorld().pipeline().read(encoded(image))
    (face,) = photo.faces
    assert np.abs(face.points - points).max() < 0.7
    assert np.allclose([face.box.x0, face.box.y0, face.box.x1, face.box.y1], [106, 66, 194, 154], atol=2.0)
    assert face.quality.eye_distance_px == pytest.approx(40.0, abs=0.7)
    assert abs(face.quality.roll_deg) < 1.5
    assert face.crop.shape == (112, 112, 3)
    assert face.embedding is not None
    assert face.embedding.model == MODEL
    assert np.linalg.norm(face.embedding.vector) == pytest.approx(1.0, abs=1e-5)
    assert face.refusal is None
    assert set(photo.timing_ms) == {"decode", "detect", "align", "embed"}
    assert photo.quarter_turns == 0


def test_the_largest_face_comes_first() -> None:
    image = blank(640, 240)
    for x, eyes_px in ((90.0, 20.0), (300.0, 50.0), (520.0, 35.0)):
        draw_face(image, centre=(x, 120.0), eyes_px=eyes_px)
    sizes = [face.quality.size_px for face in DrawnWorld().pipeline().read_image(image).faces]
    assert len(sizes) == 3
    assert sizes == sorted(sizes, reverse=True)


def test_faces_of_one_photo_share_each_batch() -> None:
    image = blank(640, 240)
    for x in (90.0, 300.0, 520.0):
        draw_face(image, centre=(x, 120.0))
    world = DrawnWorld()
    assert len(world.pipeline().read_image(image).usable) == 3
    assert world.aligner.batches == [3, 3], "one for the boxes, one for the straightened crops"
    assert world.embedder.batches == [3]


def test_forty_faces_are_answered() -> None:
    image = blank(1600, 1000)
    for row in range(5):
        for column in range(8):
            draw_face(image, centre=(100.0 + 200 * column, 100.0 + 200 * row), eyes_px=40.0)
    photo = DrawnWorld(detector=DetectorByColour.at_640()).pipeline().read_image(image)
    assert len(photo.usable) == 40
    assert photo.left_out == 0
    few = (
        DrawnWorld(detector=DetectorByColour.at_640(), config=PipelineConfig(max_faces=7)).pipeline().read_image(image)
    )
    assert len(few.faces) == 7
    assert few.left_out == 33, "told, so that whoever answers can say so"


def test_a_photo_without_a_face_is_an_answer_after_all_five_looks() -> None:
    world = DrawnWorld()
    photo = world.pipeline().read(encoded(blank()))
    assert photo.faces == ()
    assert photo.usable == ()
    assert world.detector.runs == 5, "one look, one from afar and three glances"


def test_a_large_face_of_a_camera_s_frame_is_found_by_one_glance_and_others_as_in_a_photo() -> None:
    image = blank()
    draw_face(image, centre=(150.0, 110.0), eyes_px=40.0)
    photo, frame = (DrawnWorld(detector=DetectorByColour.at_640()) for _ in range(2))
    whole = photo.pipeline().read(encoded(image))
    seen = frame.pipeline().read(encoded(image), frame=True)
    assert cosine(whole, seen) > 0.99
    assert frame.detector.runs == 1
    assert frame.detector.pixels < photo.detector.pixels, "on the small canvas"
    empty = DrawnWorld()
    assert empty.pipeline().read(encoded(blank()), frame=True).faces == ()
    assert empty.detector.runs == 6, "the glance, then all that a photo gets"


def test_a_doubtful_box_without_points_is_no_face_and_a_sure_one_is_told() -> None:
    """Two looks must agree that there is nothing; a box that the detector is sure of is listed as refused."""
    image = blank()
    draw_face(image, centre=(150.0, 110.0), roll=0.0)
    blind = AlignerByColour(level_deg=-1.0)
    doubtful = DrawnWorld(detector=DetectorByColour(upright_score=0.5), aligner=blind)
    assert doubtful.pipeline().read_image(image).faces == ()
    (face,) = DrawnWorld(detector=DetectorByColour(upright_score=0.9), aligner=blind).pipeline().read_image(image).faces
    assert face.refusal is not None
    assert face.refusal.code is RefusalCode.POINTS_UNSURE


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize(("lying_score", "why"), [(0.1, "not found lying"), (0.45, "doubtful"), (0.8, "found lying")])
def test_a_turned_photo_gives_the_same_face_in_its_own_frame(turns: int, lying_score: float, why: str) -> None:
    """Whether the detector misses lying faces, doubts them or finds them, the answer is that of the upright photo."""
    image = blank(333, 240)
    points = draw_face(image, centre=(90.0, 130.0), eyes_px=36.0, roll=7.0)
    turned = np.ascontiguousarray(np.rot90(image, -turns))
    pipeline = DrawnWorld(detector=DetectorByColour(lying_score=lying_score)).pipeline()
    upright, photo = pipeline.read_image(image), pipeline.read_image(turned)
    (face,) = photo.usable
    wanted = points.copy()  # carried by the definition of a clockwise turn, once for each
    height, width = image.shape[:2]
    for _ in range(turns):
        wanted = np.stack([height - 1 - wanted[:, 1], wanted[:, 0]], axis=1)
        height, width = width, height
    assert np.abs(face.points - wanted).max() < 0.7
    x, y = wanted.mean(axis=0)
    assert face.box.x0 < x < face.box.x1
    assert face.box.y0 < y < face.box.y1
    assert photo.image is turned
    assert photo.quarter_turns == (-turns) % 4
    assert np.array_equal(face.crop, upright.usable[0].crop)
    assert cosine(upright, photo) == pytest.approx(1.0, abs=1e-5)
    off = (face.quality.roll_deg - (7.0 + 90.0 * turns) + 180.0) % 360.0 - 180.0
    assert abs(off) < 2.0


def test_one_lying_face_among_upright_ones_leaves_the_photo_as_it_is() -> None:
    image = blank(640, 240)
    for x, roll in ((90.0, 0.0), (300.0, 90.0), (520.0, 0.0)):
        draw_face(image, centre=(x, 120.0), eyes_px=36.0, roll=roll)
    photo = DrawnWorld(detector=DetectorByColour(lying_score=0.7)).pipeline().read_image(image)
    assert photo.quarter_turns == 0
    assert sorted(round(face.quality.roll_deg / 90) for face in photo.usable) == [0, 0, 1]
    lying = next(face for face in photo.usable if face.quality.roll_deg > 45)
    others = [face for face in photo.usable if face is not lying]
    assert np.abs(lying.crop.astype(int) - others[0].crop).mean() < 8, "straightened like the others"


@settings(max_examples=25, deadline=None)
@given(st.floats(-180, 180), st.floats(18, 60))
def test_any_roll_gives_the_same_straightened_face(roll: float, eyes_px: float) -> None:
    image, upright = blank(), blank()
    points = draw_face(image, centre=(160.0, 120.0), eyes_px=eyes_px, roll=roll)
    draw_face(upright, centre=(160.0, 120.0), eyes_px=eyes_px)
    pipeline = DrawnWorld(detector=DetectorByColour(lying_score=0.9)).pipeline()
    photo = pipeline.read_image(image)
    assert np.abs(photo.usable[0].points - points).max() < 1.5
    assert cosine(photo, pipeline.read_image(upright)) > 0.99


def test_a_large_photo_says_its_scale() -> None:
    image = blank(4096, 3072)
    points = draw_face(image, centre=(2000.0, 1500.0), eyes_px=400.0)
    photo = DrawnWorld(detector=DetectorByColour.at_640()).pipeline().read(encoded(image, "JPEG"))
    assert photo.scale == 2.0
    assert photo.image.shape == (1536, 2048, 3)
    assert np.abs(photo.points_as_sent(photo.faces[0].points) - points).max() < 4.0
    box = photo.box_as_sent(photo.faces[0].box)
    assert (box.x0 + box.x1) / 2 == pytest.approx(2000.5, abs=4.0)
    assert box.width == pytest.approx(880, rel=0.02)


@pytest.mark.parametrize(
    ("gates", "code"),
    [
        (QualityGates(min_eye_distance_px=100.0), RefusalCode.TOO_SMALL),
        (QualityGates(max_points_error=0.01), RefusalCode.POINTS_UNSURE),
        (QualityGates(max_light=50.0), RefusalCode.TOO_BRIGHT),
        (QualityGates(min_sharpness=1e9), RefusalCode.BLURRED),
    ],
)
def test_a_refused_face_is_listed_with_its_reason_and_not_embedded(gates: QualityGates, code: RefusalCode) -> None:
    image = blank()
    draw_face(image, centre=(150.0, 110.0))
    world = DrawnWorld(config=PipelineConfig(gates=gates))
    photo = world.pipeline().read_image(image)
    (face,) = photo.faces
    assert face.refusal is not None
    assert face.refusal.code is code
    assert face.embedding is None
    assert photo.usable == ()
    assert world.embedder.batches == []


def test_a_zero_vector_is_refused_and_not_divided_by() -> None:
    image = blank()
    draw_face(image, centre=(150.0, 110.0))
    photo = DrawnWorld(embedder=EmbedderByColour(zero=True)).pipeline().read_image(image)
    (face,) = photo.faces
    assert face.refusal is not None
    assert face.refusal.code is RefusalCode.DEGENERATE
    assert face.embedding is None


def test_points_in_one_place_are_refused() -> None:
    class OnePlace:
        def __init__(self) -> None:
            self.spec = DrawnWorld().aligner.spec

        def run(self, batch: np.ndarray) -> tuple[np.ndarray, ...]:
            return np.full((len(batch), 5, 2), 50.0, np.float32), np.full((len(batch), 1), -3.0, np.float32)

    image = blank()
    draw_face(image, centre=(150.0, 110.0))
    world = DrawnWorld()
    world.aligner = OnePlace()  # type: ignore[assignment]  # any engine will do
    (face,) = world.pipeline().read_image(image).faces
    assert face.refusal is not None
    assert face.refusal.code is RefusalCode.DEGENERATE
    assert np.isfinite(face.points).all()
    assert face.crop.shape == (112, 112, 3)


def test_bytes_that_are_no_photo_raise_bad_photo() -> None:
    with pytest.raises(BadPhoto):
        DrawnWorld().pipeline().read(b"text")
    with pytest.raises(BadPhoto):
        DrawnWorld(config=PipelineConfig(max_pixels=100)).pipeline().read(encoded(blank()))


def test_warming_up_runs_the_batches_of_group_photos() -> None:
    world = DrawnWorld()
    world.pipeline().warm_up()
    assert max(world.aligner.batches) >= max(DEFAULT_BUCKETS)
    assert world.embedder.batches == [max(DEFAULT_BUCKETS)]


def test_threads_do_not_mix_photos() -> None:
    pipeline = DrawnWorld().pipeline()
    images = []
    for k in range(4):
        image = blank()
        draw_face(image, centre=(100.0 + 30 * k, 100.0), eyes_px=24.0 + 5 * k)
        images.append(image)
    wanted = [pipeline.read_image(image).faces[0].box for image in images]
    got: list[list[Box]] = [[] for _ in images]

    def work(k: int) -> None:
        for _ in range(5):
            got[k].append(pipeline.read_image(images[k]).faces[0].box)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(images))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [[box] * 5 for box in wanted]


def test_a_face_is_used_or_refused_and_never_both() -> None:
    image = blank(640, 240)
    for x, eyes_px in ((90.0, 8.0), (300.0, 50.0), (520.0, 35.0)):
        draw_face(image, centre=(x, 120.0), eyes_px=eyes_px)
    config = PipelineConfig(gates=replace(QualityGates(), min_eye_distance_px=12.0))
    photo = DrawnWorld(detector=DetectorByColour.at_640(), config=config).pipeline().read_image(image)
    assert [(face.embedding is None) == (face.refusal is not None) for face in photo.faces] == [True] * 3
    assert len(photo.usable) == 2
