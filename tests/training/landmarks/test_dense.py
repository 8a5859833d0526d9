"""Many points: network, batches, a run to its file, and the crops they straighten; small and untrained."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pipeline.similarity import ARCFACE_TEMPLATE, apply_affine
from pipeline.types import FloatArray
from training.command_line import Refused
from training.config import load_recipe
from training.data.crop_augment import CropAugment
from training.data.faces_with_points import SCHEMAS, FaceWithPoints, Schema, read_landmark_sets
from training.landmarks.batches import normalise
from training.landmarks.dense.alignment import matrix_by
from training.landmarks.dense.batches import DenseBatches, sample_dense_crop
from training.landmarks.dense.cli import main
from training.landmarks.dense.evaluate import open_exported
from training.landmarks.dense.network import DenseHourglass
from training.landmarks.dense.recipe import DenseRecipe
from training.landmarks.dense.train import load_network, mean_errors

pytestmark = pytest.mark.train
LEFT_EYE = slice(36, 42)
STILL = CropAugment(rough_points=0, rough_shift=0, rough_scale=0, rough_roll_deg=0, border_share=0, occlusion_share=0)


def drawn_68() -> FloatArray:
    """68 places of a face in 150 px: the five of the template where five are made of them, a jaw below the mouth."""
    five = ARCFACE_TEMPLATE + 19
    points = np.full((68, 2), five.mean(axis=0), np.float32)
    points[:17] = np.stack([np.linspace(25, 125, 17), 60 + 60 * np.sin(np.linspace(0.2, np.pi - 0.2, 17))], axis=1)
    angle = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    ring = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points[36:42], points[42:48] = five[0] + ring, five[1] + ring
    points[30], points[48], points[54] = five[2:]
    return points


def write_faces(folder: Path, count: int = 14) -> Path:
    """A data folder with `points68.csv` of drawn faces, every seventh of them val, and both sets."""
    points = drawn_68()
    rows = ["set,split,file,box_x0,box_y0,box_x1,box_y1," + ",".join(f"x{k},y{k}" for k in range(68))]
    for name in ("helen_afw", "ytf68"):
        (folder / "landmarks" / name).mkdir(parents=True)
        for index in range(count):
            image = np.full((150, 150, 3), 40 + 5 * index, np.uint8)
            for x, y in points:
                cv2.circle(image, (round(float(x)), round(float(y))), 2, (230, 200, 90), -1)
            cv2.imwrite(str(folder / "landmarks" / name / f"{index}_0.png"), image)
            numbers = ",".join(f"{v:.2f}" for v in points.ravel())
            split = "val" if index % 7 == 0 else "train"
            rows.append(f"{name},{split},{index}_0.png,25,30,125,130,{numbers}")
    (folder / "landmarks" / "points68.csv").write_text("\n".join(rows) + "\n")
    return folder


def faces_in(folder: Path) -> list[FaceWithPoints]:
    return read_landmark_sets(folder / "landmarks", split="train", schema=Schema.IBUG68)


@pytest.mark.parametrize("name", ["ibug68", "eyes12"])
def test_both_recipes_fill_their_type_and_name_their_points(name: str) -> None:
    recipe = load_recipe(Path(f"training/recipes/{name}.toml"), DenseRecipe)
    assert recipe.network.points == name
    assert recipe.network.start is not None


def test_an_untrained_network_places_all_its_points_in_the_middle_of_the_crop() -> None:
    torch.manual_seed(0)
    read = DenseHourglass(12, fine_width=8).eval().read(torch.rand(2, 3, 112, 112) * 2 - 1)
    assert read.points.shape == (2, 12, 2)
    assert (read.fine.shape, read.coarse.shape) == ((2, 12, 28, 28), (2, 12, 14, 14))
    assert (read.points - 55.5).abs().max() < 12


def test_the_twelve_are_taught_the_rows_of_the_68_round_the_eyes_and_a_batch_follows_its_step(tmp_path: Path) -> None:
    faces = faces_in(write_faces(tmp_path))

    def batches(schema: Schema) -> DenseBatches:
        shares = {"helen_afw": 1.0, "ytf68": 0.0}
        return DenseBatches(faces, shares=shares, schema=schema, augment=CropAugment(), batch_size=3, seed=5)

    many, twelve = batches(Schema.IBUG68), batches(Schema.EYES12)
    torch.testing.assert_close(many(4).points[:, 36:48], twelve(4).points)
    torch.testing.assert_close(many(4).images, batches(Schema.IBUG68)(4).images)
    assert not torch.equal(many(4).images, many(5).images)
    with pytest.raises(Refused, match="ytf68 has a share"):
        DenseBatches([], shares={"ytf68": 1.0}, schema=Schema.IBUG68, augment=CropAugment(), batch_size=1, seed=0)


@pytest.mark.parametrize("flip_share", [0.0, 1.0])
def test_a_mirrored_crop_has_its_points_in_the_order_of_what_is_seen(tmp_path: Path, flip_share: float) -> None:
    """The eye that is left in the crop keeps the left eye's rows, and every point lies on its own dot."""
    face = faces_in(write_faces(tmp_path, 2))[0]
    image = np.asarray(cv2.imread(str(face.path)))[..., ::-1]
    augment = CropAugment(**{**{name: getattr(STILL, name) for name in STILL.__slots__}, "flip_share": flip_share})
    _, points = sample_dense_crop(np.ascontiguousarray(image), face, augment=augment, rng=np.random.default_rng(1))
    assert points[LEFT_EYE, 0].mean() < points[42:48, 0].mean()
    assert points[0, 0] < points[16, 0]


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # Lightning with this torch
def test_a_run_goes_on_and_becomes_a_file_whose_record_opens_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.set_num_threads(1)
    data, run = write_faces(tmp_path / "data"), tmp_path / "run"
    common = ["--data", str(data)]
    for steps, more in ((1, []), (2, ["--resume"])):
        recipe = tmp_path / "tiny.toml"
        recipe.write_text(
            f'[network]\npoints = "eyes12"\nfine_width = 8\n[run]\nsteps = {steps}\nbatch = 2\nwarmup_steps = 1\n'
        )
        assert main(["train", "--recipe", str(recipe), "--run", str(run), *more, *common]) == 0
    assert main(["export", str(run), "--out", str(tmp_path / "out"), *common]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "landmarks12.onnx")
    record = tmp_path / "out" / "records" / "landmarks12.json"
    told = json.loads(record.read_text())
    assert (told["role"], told["steps"], told["started_from"]) == ("landmarks12", 2, "noise")
    network, _ = load_network(run)
    crop = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    with torch.no_grad():
        want = network(normalise([crop]))[0].numpy()
    exported = open_exported(record)
    assert exported.schema is Schema.EYES12
    engine = exported.dense._engine
    np.testing.assert_allclose(engine.run(normalise([crop]).numpy())[0][0], want, atol=0.1)
    with pytest.raises(Refused, match="export first"):
        open_exported(tmp_path / "out" / "records" / "none.json")


def test_a_network_from_noise_errs_by_more_than_a_tenth_of_the_eye_distance(tmp_path: Path) -> None:
    """All its points lie in the middle of the crop; the sets that have faces are told, and no others."""
    faces = faces_in(write_faces(tmp_path, 3))[:1]
    network = DenseHourglass(12, fine_width=8)
    errors = mean_errors(network, faces, Schema.EYES12)
    assert set(errors) == {"helen_afw"}
    assert errors["helen_afw"] > 0.1


@pytest.mark.parametrize("schema", [Schema.IBUG68, Schema.EYES12])
def test_found_points_straighten_a_turned_face_as_its_five_do(schema: Schema) -> None:
    """The 68 by the five made of them, the twelve by level eyes: on this unturned head it is one crop."""
    turn = np.array([[0.8, -0.6, 30.0], [0.6, 0.8, -20.0]])
    points = apply_affine(turn, drawn_68())
    own = points if schema is Schema.IBUG68 else points[36:48]
    placed = apply_affine(matrix_by(schema, own), SCHEMAS[Schema.IBUG68].to_align(points))
    np.testing.assert_allclose(placed[:2].mean(axis=0), ARCFACE_TEMPLATE[:2].mean(axis=0), atol=0.5)
    np.testing.assert_allclose(placed, ARCFACE_TEMPLATE, atol=1.0)
