"""`make train`: what is left to do, and everything re-made on a drawn pack by a process that is killed on its way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.mini_pack import write_mini_pack, write_recipes
from training.__main__ import Folders, NotAgain, left_to_do, steps

ROOT = Path(__file__).parents[2]
STEPS = [
    *("detector-train", "detector-mixes", "detector-export", "detector-int8", "detector-manifest"),
    *("aligner-train-landmarks_deep", "aligner-train", "aligner-export", "aligner-manifest"),
    *("embedder-train", "embedder-choose", "embedder-export", "embedder-int8", "embedder-manifest"),
    *("looks", "gallery", "measure", "report", "scores", "cards"),
]


def test_every_step_is_done_once_and_in_order(tmp_path: Path) -> None:
    """Each network is made before what is made from it; a finished step is passed over, a begun one is not."""
    recipes = write_recipes(tmp_path / "recipes")
    planned = steps(Folders(data=tmp_path, runs=tmp_path / "runs", recipes=recipes))
    assert [step.name for step in planned] == STEPS
    assert [step.name for step in left_to_do(planned, tmp_path)] == STEPS
    (tmp_path / "detector-train.finished").write_text(planned[0].made_from)
    (tmp_path / "detector-mixes.begun").write_text(planned[1].made_from)
    assert [step.name for step in left_to_do(planned, tmp_path)] == STEPS[1:]


def test_what_a_shipped_run_goes_on_from_is_trained_before_it() -> None:
    trained = [step.command[5] for step in steps(Folders()) if "-train" in step.name]
    assert [Path(recipe).stem for recipe in trained] == [
        *("detector_first", "detector", "landmarks_deep", "landmarks", "embedder"),
    ]


def test_all_three_trainers_are_asked_in_one_form(tmp_path: Path) -> None:
    for step in steps(Folders(data=Path("d"), runs=Path("r"))):
        if "-train" in step.name:
            words = " ".join(step.command[3:])
            recipe = words.split()[2]
            assert words == f"train --recipe {recipe} --data d --runs r --resume"


@pytest.mark.parametrize("state", ["begun", "finished"])
def test_a_run_of_another_recipe_is_not_gone_on_with(tmp_path: Path, state: str) -> None:
    planned = steps(Folders(data=tmp_path))
    (tmp_path / f"aligner-train.{state}").write_text("another")
    with pytest.raises(NotAgain, match="another recipe or from other data"):
        left_to_do(planned, tmp_path)
    changed = [replace(step, made_from="another") for step in planned if step.name == "aligner-train"]
    assert len(left_to_do(changed, tmp_path)) == (state == "begun")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn pack with start weights for the detector that are sure of something."""
    import torch
    from safetensors.torch import save_file

    from training.detector.cli import quieten

    root = tmp_path_factory.mktemp("pack")
    quieten(root / "ultralytics")
    from training.detector.network import build_network

    torch.manual_seed(3)
    network = build_network().eval()
    for branch in network.model[-1].cv3:
        torch.nn.init.constant_(branch[-1].bias, 0.0)
    state = {name: value.contiguous() for name, value in network.state_dict().items() if ".dfl." not in name}
    data = write_mini_pack(root / "data")
    (data / "init").mkdir()
    save_file(state, str(data / "init" / "start.safetensors"))
    return root


@pytest.mark.timeout(900)  # a dozen processes; half a minute alone, minutes beside other work
def test_a_process_killed_in_mid_step_and_between_steps_ends_with_every_file(pack: Path) -> None:
    """Kill -9 of all processes in the detector's steps, in the embedder's and at the gallery; then to the end."""
    weights, runs = pack / "weights", pack / "runs"
    weights.mkdir()
    shutil.copy(ROOT / "weights" / "manifest.toml", weights)
    recipes = write_recipes(pack / "recipes")
    command = [sys.executable, "-m", "training", "all", "--data", str(pack / "data"), "--runs", str(runs)]
    command += ["--weights", str(weights), "--recipes", str(recipes)]
    finished = runs / "finished"
    kills = (
        runs / "detector" / "log.jsonl",
        runs / "embedder" / "log.jsonl",
        finished / "gallery.begun",
    )
    with (pack / "log").open("w") as log:
        for sign in kills:
            _kill_at(sign, command, log)
        last = subprocess.run(command, cwd=ROOT, env=_environment(), stdout=log, stderr=log, check=False)
    told = (pack / "log").read_text(encoding="utf-8")
    assert last.returncode == 0, told[-3000:]
    assert sorted(path.name for path in finished.glob("*.begun")) == []
    assert {path.stem for path in finished.glob("*.finished")} == set(STEPS)
    from pipeline.manifest import load_manifest

    manifest = load_manifest(weights)
    for entry in (manifest.detector, manifest.aligner, manifest.embedder):
        assert entry.read_bytes()  # type: ignore[union-attr]  # each has its own file here
    gallery = json.loads((weights / "gallery" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest.embedder.sha256 in json.dumps(gallery)
    calibration = json.loads((weights / "calibration.json").read_text(encoding="utf-8"))
    assert calibration["embedder"] == manifest.embedder.sha256
    assert str(manifest.embedder.facts["scores"]).startswith("TPR at FPR")
    depth = json.loads((weights / "depth.json").read_text(encoding="utf-8"))
    assert depth["files"]["embedder"] == manifest.embedder.sha256
    # What was killed is begun again, what was finished is not; that steps go on to the bit is the loop's test.
    assert [told.count(f"{name}: -m ") for name in ("detector-train", "embedder-train", "gallery")] == [2, 2, 2]
    assert [told.count(f"{name}: -m ") for name in ("detector-export", "aligner-train", "aligner-export")] == [1, 1, 1]
    again = subprocess.run(command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=True)
    assert again.stderr == ""


def _kill_at(sign: Path, command: list[str], log: Any) -> None:
    """Start, wait for a file to appear, and end the whole process group as a power cut would."""
    process = subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=log, stderr=log, start_new_session=True)
    deadline = time.monotonic() + 400
    while not sign.exists():
        assert process.poll() is None, Path(log.name).read_text(encoding="utf-8")[-3000:]
        assert time.monotonic() < deadline, Path(log.name).read_text(encoding="utf-8")[-3000:]
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}
