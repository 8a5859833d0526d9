"""The detector's training: the start weights, a run that is resumed, mixes, the exported graphs, the scores."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save_file

from evaluation.metrics.detection import ScenePair
from pipeline.manifest import DetectorThresholds
from pipeline.types import Box, Detection, Rgb8
from training.command_line import Refused
from training.config import load_recipe
from training.data.scenes import Scene, list_scenes, yolo_label_text
from training.detector.cli import main, quieten
from training.detector.recipe import DetectorRecipe
from training.detector.score import choose_threshold, false_boxes_on_empty, find_faces, recall_at
from training.detector.threshold import LOWEST_SCORE, choose_on

ROOT = Path(__file__).parents[3]
SIDE = 64


@pytest.fixture(scope="session", autouse=True)
def _offline(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Ultralytics writes its settings into a temporary folder and asks no network."""
    quieten(tmp_path_factory.mktemp("ultralytics"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its imports, not ours
        import ultralytics  # noqa: F401


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A network with five points that is sure of something: as a file of the pack's format, and as it is."""
    from training.detector.network import build_network

    torch.manual_seed(3)
    network = _make_sure(build_network().eval())
    path = tmp_path_factory.mktemp("init") / "start.safetensors"
    weights = {name: value.contiguous() for name, value in network.state_dict().items() if ".dfl." not in name}
    save_file(weights, str(path))
    return path, network


def _make_sure(network: Any) -> Any:
    """Raise every score: a network from noise is sure of no box."""
    for branch in network.model[-1].cv3:
        torch.nn.init.constant_(branch[-1].bias, 0.0)
    return network


def test_the_network_computes_what_the_start_file_s_does(start: tuple[Path, Any]) -> None:
    """Boxes, scores and points; there is no norm left that a first step could upset."""
    from training.detector.network import build_network, load_start

    network = build_network().eval()
    load_start(network, start[0])
    images = torch.rand(2, 3, SIDE, SIDE)
    with torch.no_grad():
        found = network(images)[0]
        torch.testing.assert_close(found, start[1](images)[0])
    assert found.shape[1] == 20
    assert not [one for one in network.modules() if isinstance(one, torch.nn.BatchNorm2d)]


@pytest.mark.parametrize("change", ["missing", "shape", "extra"])
def test_start_weights_that_do_not_fit_are_refused_by_name(
    start: tuple[Path, Any], tmp_path: Path, change: str
) -> None:
    from training.detector.network import StartWeightsError, build_network, load_start

    state = {name: value.contiguous() for name, value in start[1].state_dict().items() if ".dfl." not in name}
    name = "model.4.cv1.conv.weight"
    if change == "missing":
        del state[name]
    elif change == "shape":
        state[name] = torch.zeros(3, 3, 1, 1)
    else:
        state["model.99.conv.weight"] = torch.zeros(1)
    save_file(state, str(tmp_path / "bad.safetensors"))
    with pytest.raises(StartWeightsError, match="model.99.conv" if change == "extra" else name):
        load_start(build_network(), tmp_path / "bad.safetensors")


@pytest.mark.parametrize("run", ["", "_first"])
@pytest.mark.parametrize(("recipe", "left_out"), [("detector", set()), ("detector_without_mask", {"mask"})])
def test_the_recipes_leave_out_what_they_say(recipe: str, left_out: set[str], run: str) -> None:
    shares = load_recipe(ROOT / f"training/recipes/{recipe}{run}.toml", DetectorRecipe).shares
    assert {name for name in ("wider", "mask", "portrait", "celeba", "empty") if not getattr(shares, name)} == left_out


@pytest.fixture(scope="session")
def drawn_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with thirty drawn scenes: red ellipses on noise are faces, blue squares are not."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for split, count in (("train", 6), ("val", 2)):
        for part in ("images", "labels"):
            (root / "scenes" / part / split).mkdir(parents=True)
        for source in ("wider", "celeba", "portrait", "mask", "empty"):
            for k in range(count):
                picture = rng.integers(90, 160, (120, 160, 3), dtype=np.uint8)
                cv2.rectangle(picture, (5, 5), (25, 25), (255, 0, 0), -1)
                boxes = np.zeros((0, 4), np.float32)
                if source != "empty":
                    cx, cy, w, h = rng.integers((60, 50, 20, 25), (100, 70, 40, 45))
                    cv2.ellipse(picture, (int(cx), int(cy)), (int(w), int(h)), 0, 0, 360, (60, 60, 220), -1)
                    boxes = np.array([[cx - w, cy - h, cx + w, cy + h]], np.float32)
                name = f"{source}_{k}"
                cv2.imwrite(str(root / "scenes/images" / split / f"{name}.png"), picture)
                text = yolo_label_text(boxes, height=120, width=160)
                (root / "scenes/labels" / split / f"{name}.txt").write_text(text)
    return root


RECIPE = """
start = "start.safetensors"
steps = 3
batch = 4
warmup_steps = 1
rate = 1e-5
dev_every = 3
side_px = 64
mixes = [0.5, 1.0]
[sample]
sides_px = [64]
"""


@pytest.fixture(scope="session")
def finished_run(drawn_data: Path, start: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that ended after two steps, was then asked for three and went on, and its mixes."""
    folder = tmp_path_factory.mktemp("runs")
    shutil.copy(start[0], drawn_data / "start.safetensors")
    recipe = folder / "tiny.toml"
    both = ["--data", str(drawn_data), "--runs", str(folder)]
    for text in (RECIPE.replace("steps = 3", "steps = 2", 1), RECIPE):
        recipe.write_text(text)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*LeafSpec.*", FutureWarning)  # Lightning with this torch
            main(["train", "--recipe", str(recipe), *both, "--resume"])
    main(["mixes", str(folder / "tiny"), *both])
    return folder / "tiny"


def test_a_run_goes_on_where_it_ended_and_leaves_backbone_and_data_as_they_were(
    finished_run: Path, drawn_data: Path, start: tuple[Path, Any]
) -> None:
    from training.loop import CHECKPOINT, read_checkpoint

    fitted = read_checkpoint(finished_run / CHECKPOINT)
    assert fitted.steps == 3
    before = start[1].state_dict()
    changed = {
        int(name.split(".")[2])
        for name, value in fitted.last.items()
        if not torch.equal(value, before[name.removeprefix("network.")])
    }
    assert changed
    assert min(changed) >= 10  # layers below are frozen
    assert not list(drawn_data.rglob("*.cache"))


def test_mixes_begin_with_the_start_and_end_with_the_average(
    finished_run: Path, drawn_data: Path, start: tuple[Path, Any]
) -> None:
    from training.detector.train import mixed
    from training.loop import CHECKPOINT, read_checkpoint

    told = json.loads((finished_run / "mixes.json").read_text())
    assert [row["share"] for row in told["rows"]] == [0.0, 0.5, 1.0]
    assert told["best"] in {0.0, 0.5, 1.0}
    fitted = read_checkpoint(finished_run / CHECKPOINT)
    recipe = load_recipe(finished_run.parent / "tiny.toml", DetectorRecipe)
    name = "model.22.cv3.0.2.weight"
    zero, half, whole = (
        mixed(recipe, drawn_data, fitted.averaged, share).state_dict()[name] for share in (0.0, 0.5, 1.0)
    )
    assert torch.equal(zero, start[1].state_dict()[name])
    assert torch.equal(whole, fitted.averaged[f"network.{name}"])
    torch.testing.assert_close(half, (zero + whole) / 2)


def test_a_run_that_goes_on_from_another_begins_at_its_average_and_is_mixed_with_the_start(
    finished_run: Path, drawn_data: Path, start: tuple[Path, Any]
) -> None:
    from training.detector.train import mixed
    from training.loop import CHECKPOINT, read_checkpoint

    both = ["--data", str(drawn_data), "--runs", str(finished_run.parent)]
    recipe = finished_run.parent / "second.toml"
    recipe.write_text('goes_on_from = "tiny"\n' + RECIPE.replace("steps = 3", "steps = 1").replace("1e-5", "0.0"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*LeafSpec.*", FutureWarning)  # Lightning with this torch
        main(["train", "--recipe", str(recipe), *both])
    first, second = (
        read_checkpoint(folder / CHECKPOINT).averaged for folder in (finished_run, finished_run.parent / "second")
    )
    name = "model.22.cv3.0.2.weight"
    assert not torch.equal(first[f"network.{name}"], start[1].state_dict()[name])
    torch.testing.assert_close(second[f"network.{name}"], first[f"network.{name}"])
    none_of_it = mixed(load_recipe(recipe, DetectorRecipe), drawn_data, second, 0.0).state_dict()[name]
    assert torch.equal(none_of_it, start[1].state_dict()[name])


def test_a_run_that_goes_on_from_one_that_is_not_there_says_so(finished_run: Path, drawn_data: Path) -> None:
    recipe = finished_run.parent / "orphan.toml"
    recipe.write_text('goes_on_from = "nobody"\n' + RECIPE)
    with pytest.raises(Refused, match="train it first"):
        main(["train", "--recipe", str(recipe), "--data", str(drawn_data), "--runs", str(finished_run.parent)])


def test_of_equal_mixes_the_one_nearest_to_the_start_is_best() -> None:
    from training.detector.mixes import best_mix

    rows = [
        {"share": share, "all": {"ap50_from_16px": ap, "ap50_from_24px": 0.9}}
        for share, ap in ((0.0, 0.7), (0.5, 0.8), (1.0, 0.8))
    ]
    assert best_mix(rows) == 0.5


def test_a_source_that_the_run_saw_cannot_judge_what_it_forgot(finished_run: Path, drawn_data: Path) -> None:
    with pytest.raises(Refused, match="not tuned without mask"):
        main(["mixes", str(finished_run), "--data", str(drawn_data), "--source", "mask"])


def test_points_are_held_where_the_start_is_sure_and_nowhere_else() -> None:
    from training.detector.train import points_kept

    wanted = {"scores": torch.tensor([[[5.0, -5.0]]]), "kpts": torch.zeros(1, 15, 2)}
    moved = torch.zeros(1, 15, 2)
    moved[..., 1] = 9.0  # in the cell without a face
    assert points_kept({"kpts": moved}, wanted) == 0
    moved[..., 0] = 9.0
    assert points_kept({"kpts": moved}, wanted) > 5


def test_export_writes_a_graph_of_free_size_that_both_runtimes_agree_on(
    finished_run: Path, drawn_data: Path, start: tuple[Path, Any], tmp_path: Path
) -> None:
    """The record names the file's own hash and the mix; a file whose boxes or points are elsewhere is found out."""
    from training.detector import export as detector_export
    from training.detector.export import onnxruntime_network
    from training.detector.network import torch_network
    from training.export.onnx import sha256_of

    main(["export", str(finished_run), "--out", str(tmp_path), "--data", str(drawn_data), "--mix", "0"])
    path = tmp_path / "detector.onnx"
    record = json.loads((tmp_path / "records" / "detector.json").read_text())
    assert record["sha256"] == sha256_of(path)
    assert record["mix"] == 0.0
    assert all(parity["boxes"] > 100 for parity in record["parity"])
    ours, reference = onnxruntime_network(path), torch_network(start[1])
    batches = list(detector_export.parity_batches(list_scenes(drawn_data / "scenes", "val")))
    assert detector_export.box_parity(reference, ours, batches, runtime="").holds
    for first, last in ((0, 2), (5, 7)):  # the box's middle, the first point

        def shifted(images: np.ndarray, first: int = first, last: int = last) -> np.ndarray:
            found = ours(images).copy()
            found[:, first:last] += 3.0
            return found

        assert not detector_export.box_parity(reference, shifted, batches, runtime="").holds


def test_export_refuses_a_file_that_computes_something_else(
    finished_run: Path, drawn_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written to the output folder when parity fails."""
    from training.detector import export as detector_export
    from training.export.onnx import ExportFailed

    monkeypatch.setattr(detector_export, "MIN_IOU", 1.1)
    with pytest.raises(ExportFailed, match="does not compute"):
        main(["export", str(finished_run), "--out", str(tmp_path / "w"), "--data", str(drawn_data)])
    assert not (tmp_path / "w").exists()


def test_the_int8_file_is_refused_beside_another_detector_than_its_record_tells_of(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "detector.onnx").write_bytes(b"another")
    (tmp_path / "records" / "detector.json").write_text(json.dumps({"sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(Refused, match=r"tells of another detector\.onnx"):
        main(["int8", "--data", str(tmp_path), "--weights", str(tmp_path)])


def test_weights_are_stored_as_float16_and_read_back_as_float32() -> None:
    from training.detector.export import store_as_float16

    weight = np.linspace(-2, 2, 512, dtype=np.float32).reshape(2, 256)
    tensor = onnx.numpy_helper.from_array(weight, "w")
    small = onnx.numpy_helper.from_array(np.array([0.1, 0.2], np.float32), "b")
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("MatMul", ["x", "w"], ["m"]),
            onnx.helper.make_node("Add", ["m", "one"], ["y"]),
        ],
        "g",
        [value("x", onnx.TensorProto.FLOAT, [1, 2])],
        [value("y", onnx.TensorProto.FLOAT, [1, 256])],
        [tensor, onnx.numpy_helper.from_array(np.array([1.0], np.float32), "one")],
    )
    assert small.data_type == onnx.TensorProto.FLOAT
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    store_as_float16(model)
    onnx.checker.check_model(model)
    kinds = {t.name: t.data_type for t in model.graph.initializer}
    assert kinds == {"w.float16": onnx.TensorProto.FLOAT16, "one": onnx.TensorProto.FLOAT}
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.array([[1.0, -0.5]], np.float32)
    np.testing.assert_allclose(session.run(None, {"x": x})[0], x @ weight + 1, atol=2e-3)


@pytest.mark.parametrize("side_px", [640, 320])
def test_a_box_is_given_in_the_pixels_of_the_picture_whatever_the_size_it_was_seen_at(side_px: int) -> None:
    """A network that always answers the canvas's middle; the canvas has the picture's shape."""

    def run(images: np.ndarray) -> np.ndarray:
        height, width = images.shape[2:]
        assert (height, width) == (side_px // 2, side_px)
        column = [width / 2, height / 2, width / 4, width / 4, 0.9, *([width / 2, height / 2, 1.0] * 5)]
        return np.array(column, np.float32)[None, :, None]

    (found,) = find_faces(np.zeros((100, 200, 3), np.uint8), run, side_px=side_px)
    np.testing.assert_allclose([found.box.x0, found.box.y0, found.box.x1, found.box.y1], [75, 25, 125, 75], atol=0.5)
    assert found.points is not None
    np.testing.assert_allclose(found.points, [[100, 50]] * 5, atol=0.5)


def pair(scores: list[float], *, source: str, faces: int = 0) -> ScenePair:
    """Boxes of 30 px in a row; the first `faces` of them are faces."""
    boxes = np.array([[40 * k, 0, 40 * k + 30, 30] for k in range(len(scores))], np.float32).reshape(-1, 4)
    return ScenePair(boxes=boxes, scores=np.array(scores, np.float32), faces=boxes[:faces], source=source)


def test_the_threshold_is_the_lowest_that_keeps_empty_pictures_clean() -> None:
    pairs = [
        pair([0.9, 0.5, 0.2], source="wider", faces=3),
        pair([0.31], source="empty"),
        pair([0.6], source="empty"),
        pair([], source="empty"),
    ]
    chosen = choose_threshold(pairs, false_share=1 / 3)
    assert chosen.score == pytest.approx(0.32)
    assert chosen.false_boxes_on_empty == 1
    assert chosen.recall_from_24px == pytest.approx(2 / 3)
    assert false_boxes_on_empty(pairs, score=0.3) == 2
    assert recall_at(pairs, floor_px=24, score=0.1) == 1.0
    assert choose_threshold(pairs, false_share=0).score == pytest.approx(0.61)


def test_the_threshold_is_asked_of_turned_empty_pictures_and_of_upright_faces(tmp_path: Path) -> None:
    class Brightest:
        """One box, as sure as the picture is bright; notes what it was shown."""

        thresholds = DetectorThresholds(score=0.25, sure=0.5, iou=0.5, covered=0.7)

        def __init__(self) -> None:
            self.shown: list[tuple[int, int]] = []

        def detect(self, image: Rgb8, *, threshold: float | None = None) -> list[Detection]:
            assert threshold == LOWEST_SCORE
            self.shown.append(image.shape[:2])
            return [Detection(box=Box(10, 10, 50, 50), score=float(image.max()) / 255)]

        glance = detect

    def scene(name: str, bright: int, label: str) -> Scene:
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((60, 100, 3), bright, np.uint8))
        (tmp_path / f"{name}.txt").write_text(label)
        return Scene(image=tmp_path / f"{name}.png", label=tmp_path / f"{name}.txt")

    empty = [scene(f"empty_{k:03}", 20 + k % 100, "") for k in range(300)]
    face = f"0 {30 / 100} {30 / 60} {40 / 100} {40 / 60}"
    with_faces = [scene("wider_1", 250, face), scene("wider_2", 40, face)]
    detector = Brightest()
    chosen = choose_on(detector, empty=empty, with_faces=with_faces)
    assert detector.shown[:4] == [(100, 60), (60, 100), (100, 60), (100, 60)]
    assert detector.shown[-2:] == [(60, 100)] * 2
    assert chosen.score == pytest.approx(0.46)  # under 118 of 255; six of the 300 are as bright
    assert chosen.false_boxes_on_empty == 6
    assert chosen.recall_from_24px == 0.5
