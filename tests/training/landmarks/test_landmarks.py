"""The aligner's networks, loss, batches, run and file, small and untrained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipeline.similarity import CROP_SIDE_PX, template_for
from pipeline.types import FloatArray, Rgb8
from training.command_line import Refused
from training.comparisons import aligners as compare_aligners
from training.config import load_recipe
from training.data.ahead import Ahead
from training.data.crop_augment import CropAugment
from training.data.faces_with_points import FaceWithPoints
from training.landmarks.batches import LandmarkBatch, LandmarkBatches, normalise
from training.landmarks.calibrate import bake, fit
from training.landmarks.cli import main
from training.landmarks.evaluate import Predicted, caught_at, run_passes
from training.landmarks.export import export
from training.landmarks.hourglass import HourglassNetwork, decode, hourglass_loss, target_maps
from training.landmarks.network import LandmarkNetwork, mean_position
from training.landmarks.recipe import DataRecipe, LandmarkRecipe, LossRecipe, NetworkRecipe, RunRecipe
from training.landmarks.train import FALSE_BOX_ERROR, LandmarkModule, landmark_loss, load_network, train
from training.landmarks.yolo_hourglass import C2f, Convolution, YoloHourglass, map_loss

pytestmark = pytest.mark.train

RECIPES = sorted(Path("training/recipes").glob("landmarks*.toml"))
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255))
SMALL_HOURGLASS = NetworkRecipe(model="hourglass", width=8, stacks=2, depth=3)


def write_faces(folder: Path, count: int = 26) -> Path:
    """A data folder with drawn faces: a disc with a dot of its own colour for each point."""
    (folder / "landmarks" / "mtfl").mkdir(parents=True)
    head = "set,split,file,box_x0,box_y0,box_x1,box_y1," + ",".join(f"x{k},y{k}" for k in range(5))
    rows = [head]
    for index in range(count):
        image = np.full((150, 150, 3), 40 + 5 * index, np.uint8)
        points = template_for(150, margin_share=0.2)
        cv2.circle(image, (75, 75), 45, (190, 180, 170), -1)
        for (x, y), colour in zip(points, COLOURS, strict=True):
            cv2.circle(image, (round(float(x)), round(float(y))), 4, colour[::-1], -1)
        cv2.imwrite(str(folder / "landmarks" / "mtfl" / f"{index}.png"), image)
        numbers = ",".join(f"{v:.2f}" for v in points.ravel())
        rows.append(f"mtfl,{'val' if index % 13 == 0 else 'train'},{index}.png,30,30,120,120,{numbers}")
    (folder / "landmarks" / "points5.csv").write_text("\n".join(rows) + "\n")
    return folder


def small_recipe(network: NetworkRecipe) -> LandmarkRecipe:
    return LandmarkRecipe(
        network=network,
        data=DataRecipe(helen_afw=0, mtfl=1, ytf68=0, celeba=0, wild=0),
        run=RunRecipe(steps=3, batch=2, warmup_steps=1, check_every=100),
    )


@pytest.mark.parametrize("path", RECIPES, ids=[path.stem for path in RECIPES])
def test_every_recipe_fills_its_type_and_names_what_it_starts_from(path: Path) -> None:
    recipe = load_recipe(path, LandmarkRecipe)
    if recipe.network.model == "regression":
        assert (recipe.network.start is None) == ("noise" in path.stem)
        assert recipe.network.backbone in {"edgenext_xx_small", "edgenext_x_small"}


@pytest.mark.parametrize("head", ["integral", "pooled"])
def test_an_untrained_regressor_answers_in_the_contracts_shapes(head: str) -> None:
    network = LandmarkNetwork(backbone="edgenext_xx_small", head=head).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        points, log_error = network(torch.zeros(3, 3, CROP_SIDE_PX, CROP_SIDE_PX))
    assert points.shape == (3, 5, 2)
    assert log_error.shape == (3, 1)
    assert ((points > 20) & (points < 92)).all()


def test_the_mean_position_of_a_peak_is_the_centre_of_its_cell() -> None:
    """Cell (row 3, column 10) of 28 covers crop pixels 39.5..43.5 across and 11.5..15.5 down."""
    logits = torch.full((1, 1, 28, 28), -50.0)
    logits[0, 0, 3, 10] = 50.0
    position, spread = mean_position(logits)
    torch.testing.assert_close(position, torch.tensor([[[41.5, 13.5]]]))
    assert float(spread) < 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_hourglass_maps_give_their_points_back_finer_than_a_cell(seed: int) -> None:
    """Decoding the very maps that it is taught: within 0.05 px, though a cell has four."""
    points = torch.from_numpy(np.random.default_rng(seed).uniform(8, 104, (4, 5, 2)).astype(np.float32))
    torch.testing.assert_close(decode(target_maps(points)), points, atol=0.05, rtol=0)


def test_an_untrained_hourglass_draws_nearly_empty_maps() -> None:
    """Its trunk is a long sum: heads of the usual size begin at maps of 100 and never come down in a short run."""
    torch.manual_seed(0)
    maps = HourglassNetwork().train().heat_maps(torch.randn(4, 3, CROP_SIDE_PX, CROP_SIDE_PX))
    assert max(float(each.detach().abs().max()) for each in maps) < 0.5


def test_every_stack_of_the_hourglass_is_supervised() -> None:
    network = HourglassNetwork(width=8, stacks=2, depth=4)
    maps = network.heat_maps(torch.randn(2, 3, CROP_SIDE_PX, CROP_SIDE_PX))
    assert [tuple(each.shape) for each in maps] == [(2, 5, 28, 28)] * 2
    hourglass_loss(maps, torch.full((2, 5, 2), 50.0)).sum().backward()
    for head in network.heads:
        assert head.weight.grad is not None
        assert float(head.weight.grad.abs().sum()) > 0


def test_the_shipped_hourglass_takes_every_layer_of_its_start(tmp_path: Path) -> None:
    """The start's keys are Ultralytics'; one that lacks a layer is refused by name."""
    torch.manual_seed(0)
    other = YoloHourglass()
    layers = {f"model.{name}": value for name, value in other.trunk.state_dict().items()}
    save_file(layers | {"model.22.dfl.conv.weight": torch.zeros(1)}, str(tmp_path / "start.safetensors"))
    made = YoloHourglass(start=tmp_path / "start.safetensors")
    for name, value in made.trunk.state_dict().items():
        torch.testing.assert_close(value, other.trunk.state_dict()[name])
    del layers["model.9.cv1.conv.weight"]
    save_file(layers, str(tmp_path / "short.safetensors"))
    with pytest.raises(Refused, match=r"9\.cv1\.conv\.weight"):
        YoloHourglass(start=tmp_path / "short.safetensors")


def test_two_sizes_are_joined_as_if_the_smaller_had_been_widened_first() -> None:
    torch.manual_seed(0)
    low, beside = torch.randn(2, 24, 4, 4), torch.randn(2, 8, 7, 7)
    wide = torch.nn.functional.interpolate(low, size=(7, 7), mode="nearest")
    for layer in (Convolution(32, 16), C2f(32, 16, 1, adds=False)):
        torch.testing.assert_close(layer.joined(low, beside), layer(torch.cat([wide, beside], dim=1)))


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # Lightning with this torch
def test_a_run_begins_at_what_another_one_learnt_of_the_same_layers(tmp_path: Path) -> None:
    """The deep aligner's average at rate 0: what both have is the same, the rest is as it starts."""
    data = write_faces(tmp_path / "data")
    deep = tmp_path / "runs" / "deep"
    train(small_recipe(NetworkRecipe(model="yolo_hourglass")), data=data, run_dir=deep, progress=False)
    still = small_recipe(NetworkRecipe(model="small_hourglass"))
    recipe = replace(still, goes_on_from="deep", run=replace(still.run, rate=0.0))
    train(recipe, data=data, run_dir=tmp_path / "runs" / "small", progress=False)
    learnt, began = (load_network(tmp_path / "runs" / name)[0].state_dict() for name in ("deep", "small"))
    shared = [name for name, value in began.items() if name in learnt and learnt[name].shape == value.shape]
    assert {name.split(".")[0] for name in shared} == {"trunk", "join", "smooth", "coarse", "fine", "error"}
    assert set(began) - set(shared) == {"error.0.weight"}
    for name in shared:
        torch.testing.assert_close(began[name], learnt[name])


def test_a_run_that_goes_on_from_one_that_is_not_there_says_so(tmp_path: Path) -> None:
    recipe = replace(small_recipe(NetworkRecipe(model="small_hourglass")), goes_on_from="nobody")
    with pytest.raises(Refused, match="nobody"):
        train(recipe, data=write_faces(tmp_path / "data"), run_dir=tmp_path / "run", progress=False)


def test_maps_are_least_wrong_where_they_are_the_gaussian_round_the_point() -> None:
    """Cross-entropy cannot fall under the target's own entropy; a point outside of the crop counts nothing."""
    points = torch.full((1, 5, 2), 50.0)
    right = target_maps(points).clamp_min(1e-12).log()
    assert float(map_loss(right, points)) < float(map_loss(torch.zeros(1, 5, 28, 28), points))
    assert float(map_loss(right, points)) < float(map_loss(right.roll(2, dims=3), points))
    assert float(map_loss(right, torch.full((1, 5, 2), -60.0))) == 0.0


def test_the_calibrated_estimate_has_the_mean_of_what_came() -> None:
    """Errors 1.5 times of a power of what was said, with noise: both numbers are found, and the means agree."""
    rng = np.random.default_rng(3)
    said = rng.normal(-3.2, 0.5, 4000)
    came = 1.5 * np.exp(0.8 * said) * rng.gamma(8.0, 1 / 8.0, 4000)
    slope, offset = fit(said, came)
    assert slope == pytest.approx(0.8, abs=0.03)
    assert offset == pytest.approx(np.log(1.5), abs=0.08)
    assert np.exp(offset + slope * said).mean() == pytest.approx(came.mean(), rel=0.01)


def test_a_baked_calibration_changes_the_estimate_and_no_point() -> None:
    network = YoloHourglass().eval()
    crops = torch.randn(2, 3, CROP_SIDE_PX, CROP_SIDE_PX)
    with torch.no_grad():
        points, before = network(crops)
        bake(network, slope=1.2, offset=-0.5)
        same, after = network(crops)
    torch.testing.assert_close(points, same)
    torch.testing.assert_close(after, 1.2 * before - 0.5)


def test_a_face_that_hangs_in_its_crop_is_none_that_should_be_read(tmp_path: Path) -> None:
    augment = CropAugment(second_pass_share=1.0, rough_turned=1.0, rough_roll_deg=1.0)
    made = {
        limit: LandmarkBatches(
            {"mtfl": some_faces(write_faces(tmp_path / str(limit), 4))},
            shares={"mtfl": 1.0},
            empty=(),
            empty_share=0.0,
            augment=replace(augment, read_deg=limit),
            batch_size=6,
            seed=1,
        )(0).has_face.tolist()
        for limit in (60.0, 180.0)
    }
    assert made == {60.0: [0.0] * 6, 180.0: [1.0] * 6}


def batch_of(points: torch.Tensor, *, has_face: list[float]) -> LandmarkBatch:
    return LandmarkBatch(torch.zeros(len(points), 3, 112, 112), points, torch.tensor(has_face))


def test_a_crop_without_a_face_moves_no_point_and_expects_a_large_error() -> None:
    true = torch.from_numpy(template_for(112))[None]
    points, log_error = (true + 30).requires_grad_(), torch.zeros(1, 1, requires_grad=True)
    each = (points - true).abs().mean(dim=(1, 2))
    terms = landmark_loss(each, points, log_error, batch_of(true, has_face=[0.0]), LossRecipe(error_weight=1.0))
    terms["loss"].backward()
    assert float(points.grad.abs().sum()) == 0
    assert float(terms["error"].detach()) == pytest.approx(-np.log(FALSE_BOX_ERROR))


def test_the_expected_error_is_taught_the_logarithm_of_the_actual_one() -> None:
    """Points 4 px off on every axis, eyes 35.2 px apart: log(4 * sqrt(2) / 35.2); and points learn nothing from it."""
    true = torch.from_numpy(template_for(112))[None]
    points, log_error = (true + 4).requires_grad_(), torch.zeros(1, 1, requires_grad=True)
    terms = landmark_loss(
        torch.zeros(1), points, log_error, batch_of(true, has_face=[1.0]), LossRecipe(error_weight=1.0)
    )
    terms["loss"].backward()
    eyes = float((true[0, 1] - true[0, 0]).norm())
    assert float(terms["error"].detach()) == pytest.approx(-np.log(4 * 2**0.5 / eyes), rel=1e-4)
    assert points.grad is None


def some_faces(folder: Path) -> list[FaceWithPoints]:
    from training.data.faces_with_points import read_landmark_sets

    return read_landmark_sets(folder / "landmarks", split="train")


def test_a_batch_is_a_function_of_its_step_ahead_or_not(tmp_path: Path) -> None:
    faces = {"mtfl": some_faces(write_faces(tmp_path))}
    batches = LandmarkBatches(
        faces, shares={"mtfl": 1.0}, empty=(), empty_share=0.1, augment=CropAugment(), batch_size=4, seed=3
    )
    ahead = Ahead(batches)
    steps = [0, 1, 5, 6]  # 5: a resumed run does not come in order
    for step in steps:
        got, want = ahead(step), batches(step)
        torch.testing.assert_close(got.images, want.images)
        torch.testing.assert_close(got.points, want.points)
    ahead.close()
    assert not torch.equal(batches(0).images, batches(1).images)


def test_a_source_with_a_share_needs_faces() -> None:
    with pytest.raises(ValueError, match="wild has a share"):
        LandmarkBatches({}, shares={"wild": 0.5}, empty=(), empty_share=0, augment=CropAugment(), batch_size=1, seed=0)


def test_two_passes_map_points_back_to_the_picture(tmp_path: Path) -> None:
    """A predictor that sees where the dots are in the crop is right in the picture, after either pass."""
    faces = some_faces(write_faces(tmp_path, 3))

    def find_dots(crops: Sequence[Rgb8]) -> tuple[FloatArray, FloatArray]:
        points = []
        for crop in crops:
            near = [np.abs(crop.astype(int) - colour).sum(axis=2) < 120 for colour in COLOURS]
            points.append([np.argwhere(each).mean(axis=0)[::-1] for each in near])
        return np.array(points, np.float32), np.zeros(len(crops), np.float32)

    for result in run_passes(faces, find_dots):
        away = np.linalg.norm(result.points - [face.five for face in faces], axis=-1)
        assert away.max() < 1.5


def test_the_threshold_that_catches_bad_faces_costs_nothing_when_the_network_knows() -> None:
    errors = np.linspace(0.01, 0.3, 100)
    knows = caught_at(Predicted(errors, errors * 1.2, np.zeros((100, 5, 2), np.float32)), bad=0.15, share=1.0)
    assert knows["good_refused"] == 0
    guesses = caught_at(Predicted(errors, errors[::-1].copy(), np.zeros((100, 5, 2), np.float32)), bad=0.15)
    assert guesses["good_refused"] > 0.9


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # Lightning with this torch
@pytest.mark.parametrize(
    "network",
    [
        NetworkRecipe(width=16),
        SMALL_HOURGLASS,
        NetworkRecipe(model="yolo_hourglass"),
        NetworkRecipe(model="small_hourglass"),
    ],
    ids=["regression", "hourglass", "yolo_hourglass", "small_hourglass"],
)
def test_a_run_becomes_a_file_that_computes_the_same(tmp_path: Path, network: NetworkRecipe) -> None:
    """Train three steps, export, load in ONNX Runtime with a batch that export never saw."""
    import onnxruntime

    torch.set_num_threads(1)
    data = write_faces(tmp_path / "data")
    run = tmp_path / "run"
    train(small_recipe(network), data=data, run_dir=run, progress=False)
    path = export(run, tmp_path / "weights")
    trained, fitted = load_network(run)
    crops = normalise(list(np.random.default_rng(0).integers(0, 256, (5, 112, 112, 3), dtype=np.uint8)))
    with torch.no_grad():
        want = trained(crops)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    points, log_error = session.run(["points", "log_error"], {"images": crops.numpy()})
    np.testing.assert_allclose(points, want[0].numpy(), atol=0.1)
    np.testing.assert_allclose(log_error, want[1].numpy(), atol=1e-3)
    record = json.loads((tmp_path / "weights" / "records" / "aligner.json").read_text())
    assert record["role"] == "aligner"
    assert record["steps"] == fitted.steps == 3
    assert record["parity"][0]["worst_abs"] < 0.1


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # Lightning with this torch
def test_the_commands_train_go_on_evaluate_and_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two steps, then with --resume to three; figures as JSON on stdout; the file where it was asked for."""
    data, run = write_faces(tmp_path / "data"), tmp_path / "run"
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(
        '[network]\nmodel = "hourglass"\nwidth = 8\ndepth = 3\n'
        "[data]\nhelen_afw = 0.0\nytf68 = 0.0\nceleba = 0.0\nwild = 0.0\n[run]\nbatch = 2\nwarmup_steps = 1\n"
    )
    common = ["--data", str(data)]
    for steps, more in ((2, []), (3, ["--resume"])):
        wanted = ["train", "--recipe", str(recipe), "--run", str(run), "--set", f"run.steps={steps}", *more]
        assert main([*wanted, *common]) == 0
    assert load_network(run)[1].steps == 3
    capsys.readouterr()
    assert main(["evaluate", str(run), "--split", "val", *common]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["mtfl, given"]["two_passes"]["n"] == 2
    assert main(["export", str(run), "--out", str(tmp_path / "out"), *common]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "aligner.onnx")


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # Lightning with this torch
def test_compared_aligners_share_a_budget_and_get_errors_and_milliseconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    data, recipes = write_faces(tmp_path / "data"), tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "compare_aligners.toml").write_text("[run]\nsteps = 2\nbatch = 2\nwarmup_steps = 1\n")
    drawn = "[data]\nhelen_afw = 0.0\nytf68 = 0.0\nceleba = 0.0\nwild = 0.0\n[network]\n"
    (recipes / "glass.toml").write_text(f'{drawn}model = "hourglass"\nwidth = 8\ndepth = 3\n')
    (recipes / "points.toml").write_text(f'{drawn}width = 8\n[loss]\nkind = "l1"\n')
    monkeypatch.setitem(compare_aligners.SETS, "aligners", ("points", "glass"))
    path = compare_aligners.compare_aligners(
        "aligners", data=data, runs=tmp_path / "runs", out=tmp_path / "out", recipes=recipes, progress=False
    )
    record = json.loads(path.read_text(encoding="utf-8"))
    assert [row["loss"] for row in record["runs"].values()] == ["l1", "heat maps"]
    for row in record["runs"].values():
        assert row["crops_seen"] == 4
        assert row["val"]["mtfl"]["two_looks"]["n"] == 2
        assert row["ms_a_face"] > 0
        for look, against in row["against_first"]["val"]["mtfl"].items():
            first = record["runs"]["points"]["val"]["mtfl"]["two_looks"]["nme"]
            assert against["value"] == pytest.approx(row["val"]["mtfl"][look]["nme"] - first)
            assert against["low"] <= against["value"] <= against["high"]
    assert len(compare_aligners.table(record).splitlines()) == 4


def test_the_trunk_learns_slower_than_the_head() -> None:
    module = LandmarkModule(LandmarkRecipe(run=RunRecipe(rate=1e-3, trunk_rate=0.5)))
    rates = {group["lr"] for group in module.configure_optimizers().param_groups}
    assert rates == {1e-3, 5e-4}
    counted = sum(value.numel() for group in module.configure_optimizers().param_groups for value in group["params"])
    assert counted == sum(value.numel() for value in module.parameters())
