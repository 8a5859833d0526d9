"""The detector's training: the start weights, a run that survives kill -9, the exported graph, the scores."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
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
from training.config import load_recipe
from training.data.scenes import Scene, list_scenes, yolo_label_text
from training.detector.cli import main, quieten, ultralytics_settings
from training.detector.pictures import make_training_folder
from training.detector.recipe import DetectorRecipe, Repeats
from training.detector.score import choose_threshold, false_boxes_on_empty, find_boxes, recall_at
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
def folded_pose(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A YOLOv8n-pose with lively norms, folded: as a file of the pack's format, and as the network."""
    from ultralytics.nn.tasks import PoseModel

    torch.manual_seed(3)
    pose = PoseModel("yolov8n-pose.yaml", ch=3, nc=1, data_kpt_shape=(17, 3), verbose=False)
    _liven(pose)
    pose = pose.fuse(verbose=False).eval()
    path = tmp_path_factory.mktemp("init") / "pose.safetensors"
    save_file({name: value.contiguous() for name, value in pose.state_dict().items()}, str(path))
    return path, pose


def _liven(model: torch.nn.Module) -> None:
    """Give every norm statistics and gains away from the identity."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.8, 1.3)
            torch.nn.init.normal_(module.bias, 0, 0.1)


def test_the_one_class_network_computes_what_the_folded_pose_network_does(folded_pose: tuple[Path, Any]) -> None:
    """Backbone, neck and both ends of the head: boxes and scores equal the pose network's, its points left out."""
    from training.detector.start import build_network, load_folded

    path, pose = folded_pose
    network = build_network().eval()
    load_folded(network, path)
    images = torch.rand(2, 3, SIDE, SIDE)
    with torch.no_grad():
        torch.testing.assert_close(network(images)[0], pose(images)[0][:, :5], atol=1e-3, rtol=1e-4)


def test_refitted_norms_leave_the_network_as_it_was_and_know_its_activations(
    folded_pose: tuple[Path, Any],
) -> None:
    """Same outputs in evaluation, and in training mode the first step renormalises next to nothing.

    The second is what the refit is for: with norms at identity the training-mode output is far away.
    """
    from training.detector.start import build_network, load_folded, refit_norms

    network = build_network().eval()
    load_folded(network, folded_pose[0])
    images = torch.rand(8, 3, SIDE, SIDE)
    with torch.no_grad():
        before = network(images)[0]
        shift_before = _shift_in_training_mode(network, images)
        refit_norms(network, [images[:4], images[4:]])
        torch.testing.assert_close(network.eval()(images)[0], before, atol=2e-3, rtol=1e-3)
        shift_after = _shift_in_training_mode(network, images)
    assert shift_after < 0.02
    assert shift_before > 10 * shift_after


def _shift_in_training_mode(network: Any, images: torch.Tensor) -> float:
    """How far the backbone's last map moves when norms take the batch's statistics, relative to its spread."""
    maps: list[torch.Tensor] = []
    saved = {name: value.clone() for name, value in network.state_dict().items()}
    hook = network.model[9].register_forward_hook(lambda _m, _i, output: maps.append(output))
    network.eval()(images)
    network.train()(images)
    hook.remove()
    network.load_state_dict(saved)
    network.eval()
    return float((maps[0] - maps[1]).abs().mean() / maps[0].std())


@pytest.mark.parametrize("change", ["missing", "shape", "extra"])
def test_start_weights_that_do_not_fit_are_refused_by_name(
    folded_pose: tuple[Path, Any], tmp_path: Path, change: str
) -> None:
    from training.detector.start import StartWeightsError, build_network, load_folded

    state = {name: value.contiguous() for name, value in folded_pose[1].state_dict().items()}
    name = "model.4.cv1.conv.weight"
    if change == "missing":
        del state[name]
    elif change == "shape":
        state[name] = torch.zeros(3, 3, 1, 1)
    else:
        state["model.99.conv.weight"] = torch.zeros(1)
    save_file(state, str(tmp_path / "bad.safetensors"))
    with pytest.raises(StartWeightsError, match="model.99.conv" if change == "extra" else name):
        load_folded(build_network(), tmp_path / "bad.safetensors")


def test_the_shipped_recipe_is_read_and_reaches_ultralytics() -> None:
    recipe = load_recipe(ROOT / "training/recipes/detector.toml", DetectorRecipe)
    settings = ultralytics_settings(recipe, runs=Path("runs"), name="x", data=Path("d"))
    assert settings["optimizer"] == "AdamW"
    assert settings["nbs"] == settings["batch"]  # no accumulation: a batch is a step
    assert recipe.close_mosaic < recipe.epochs
    from ultralytics.cfg import DEFAULT_CFG_DICT

    assert set(settings) <= set(DEFAULT_CFG_DICT)


def test_a_source_without_a_repeat_fails_instead_of_being_left_out() -> None:
    with pytest.raises(AttributeError):
        Repeats().of("movies")


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


RECIPE = f"""
from_noise = true
epochs = 3
batch = 8
side_px = {SIDE}
score_side_px = {SIDE}
multi_scale = 0.0
dev_every = 3
[synthesis]
close_ups = 3
close_up_smallest_px = 30.0
cutout_smallest_px = 20.0
sheets = 2
pasted_per_empty = 1
"""


def test_pictures_are_made_anew_for_a_recipe_that_wants_others(drawn_data: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(RECIPE)
    recipe = load_recipe(tmp_path / "tiny.toml", DetectorRecipe)

    def made(wanted: DetectorRecipe) -> tuple[set[str], int]:
        """The pictures' names, and when the folder was finished."""
        folder = make_training_folder(wanted, drawn_data, tmp_path / "pictures")
        names = {picture.stem for picture in (folder / "images/train").iterdir()}
        return names, (folder / "finished").stat().st_mtime_ns

    names, finished = made(recipe)
    assert made(replace(recipe, epochs=7)) == (names, finished)  # no other pictures: nothing is made again
    more, later = made(replace(recipe, repeats=Repeats(mask=2)))
    assert later > finished
    assert more > names
    assert {name.split("_")[0] for name in more - names} == {"mask"}


@pytest.fixture(scope="session")
def killed_and_resumed(drawn_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was killed in mid-epoch after its first checkpoint and then resumed to its end."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "tiny.toml").write_text(RECIPE)
    command = [sys.executable, "-m", "training.detector", "train", "--recipe", str(folder / "tiny.toml")]
    command += ["--data", str(drawn_data), "--runs", str(folder / "detector")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    scores = folder / "detector" / "tiny" / "dev_scores.jsonl"
    last = folder / "detector" / "tiny" / "weights" / "last.pt"
    with (folder / "log").open("w") as log:
        first = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 100
        while not (last.is_file()):
            assert first.poll() is None, (folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert len(scores.read_text().splitlines()) < 3, "the run had ended before it was killed"
        (folder / "tiny.toml").write_text(RECIPE.replace("epochs = 3", "epochs = 4"))
        subprocess.run([*command, "--resume"], cwd=ROOT, env=environment, stdout=log, stderr=log, check=True)
    return folder / "detector" / "tiny"


def test_a_run_killed_in_mid_epoch_goes_on_from_its_last_epoch(killed_and_resumed: Path) -> None:
    """Every epoch is scored, the last ones by the resumed process, and none is trained twice from scratch."""
    lines = (killed_and_resumed / "dev_scores.jsonl").read_text().splitlines()
    epochs = [json.loads(line)["epoch"] for line in lines]
    assert epochs[0] == 1
    assert epochs[-1] == 4  # the recipe was changed before the run went on
    assert epochs.count(1) == 1
    log = (killed_and_resumed.parents[1] / "log").read_text()
    assert "Resuming training" in log
    assert json.loads((killed_and_resumed / "recipe.json").read_text())["changes"] == [{"epochs": [3, 4]}]


def test_a_run_never_writes_into_the_data_folder(killed_and_resumed: Path, drawn_data: Path) -> None:
    assert not list(drawn_data.rglob("*.cache"))
    assert {p.suffix for p in drawn_data.rglob("*") if p.is_file()} == {".png", ".txt"}


def test_export_writes_a_graph_of_free_size_that_both_runtimes_agree_on(
    killed_and_resumed: Path, drawn_data: Path, tmp_path: Path
) -> None:
    """Batch, height and width are free; the record names the file's own hash, and the boxes equal torch's."""
    from training.detector import export as detector_export
    from training.detector.export import load_network, onnxruntime_network, openvino_network, write_graph
    from training.detector.run import torch_network

    path = tmp_path / "detector.onnx"
    checkpoint = killed_and_resumed / "weights" / "last.pt"
    network = load_network(checkpoint)
    _make_sure(network)
    reference = torch_network(_make_sure(load_network(checkpoint)))
    write_graph(network, path)
    scenes = list_scenes(drawn_data / "scenes", "val")
    batches = list(detector_export.parity_batches(scenes))
    ours = onnxruntime_network(path)
    for run in (ours, openvino_network(path)):
        parity = detector_export.box_parity(reference, run, batches, runtime="")
        assert parity.boxes > 100
        assert parity.holds, parity

    def shifted(images: np.ndarray) -> np.ndarray:
        return ours(images) + np.array([1.5, 1.5, 0, 0, 0], np.float32)[:, None]

    assert not detector_export.box_parity(reference, shifted, batches, runtime="").holds


def _make_sure(network: Any) -> Any:
    """Raise every score: three epochs on thirty pictures leave none to compare."""
    for branch in network.model[-1].cv3:
        torch.nn.init.constant_(branch[-1].bias, 0.0)
    return network


def test_export_refuses_a_file_that_computes_something_else(
    killed_and_resumed: Path, drawn_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written to the output folder when parity fails; an unsure network has no box to compare."""
    from training.detector import export as detector_export
    from training.export.onnx import ExportFailed

    monkeypatch.setattr(detector_export, "MIN_IOU", 1.1)
    with pytest.raises(ExportFailed, match="does not compute"):
        main(["export", str(killed_and_resumed), "--out", str(tmp_path / "w"), "--data", str(drawn_data)])
    assert not (tmp_path / "w").exists()


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


def test_a_box_is_given_in_the_pixels_of_the_picture_whatever_the_size_it_was_seen_at() -> None:
    """A network that always answers the canvas's middle: at every size the same place in the picture."""

    def run(images: np.ndarray) -> np.ndarray:
        side = images.shape[-1]
        return np.array([[[side / 2], [side / 2], [side / 4], [side / 4], [0.9]]], np.float32)

    image = np.zeros((100, 200, 3), np.uint8)
    for sides in ((640,), (320,), (640, 320)):
        boxes, scores = find_boxes(image, run, sides_px=sides)
        np.testing.assert_allclose(boxes, [[75, 25, 125, 75]], atol=0.5)
        assert len(scores) == 1


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
