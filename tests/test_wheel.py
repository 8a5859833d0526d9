"""The wheel: what is in it, and that it answers a photo from a folder where nothing of the checkout can be seen.

Built offline over the installed dependencies. `.ci/run` installs it from the lock into an environment of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from lookalike.paths import ROOT, SAMPLES

MAX_BYTES = 75_000_000
PACKAGES = {"bot", "evaluation", "index", "lookalike", "pipeline", "web"}


def built(folder: Path, how: str) -> Path:
    """The wheel that hatchling makes of the checkout; how: "wheel" or "editable"."""
    code = f"import sys, hatchling.build; print(hatchling.build.build_{how}(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, folder], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("dist"), "wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked as an installer does."""
    target = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def run(installed: Path, here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`lookalike` of the unpacked wheel over the installed dependencies.

    -S passes over the .pth files, so that an editable install of the checkout is not on the path.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    paths = dict.fromkeys([str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    return subprocess.run(
        [sys.executable, "-S", *arguments], cwd=here, env=kept | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_networks_and_gallery_are_in_it_and_training_data_and_tests_are_not(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert wheel.stat().st_size <= MAX_BYTES
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == PACKAGES
    assert [name for name in names if name.startswith("evaluation/") and name.endswith(".json")] == []
    there = {"manifest.toml", "calibration.json", "evaluation.json", "gallery/vectors.faiss", "gallery/people.json"}
    assert {f"lookalike/weights/{name}" for name in there} <= set(names)
    assert {f"web/static/{name}" for name in ("index.html", "app.js", "style.css")} <= set(names)
    assert sum(name.endswith(".onnx") for name in names) >= 3
    assert [name for name in names if "__pycache__" in name or "onnxruntime/" in name] == []


def test_a_photo_is_answered_with_a_card_in_another_folder(installed: Path, tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "grace_hopper.jpg", tmp_path / "me.jpg")
    done = run(installed, tmp_path, "-m", "lookalike", "match", "me.jpg")
    assert done.returncode == 0, done.stderr
    assert "A passing likeness" in done.stdout
    assert len(list((tmp_path / "answers").iterdir())) == 1


def test_the_commands_of_bot_and_evaluation_are_there(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "-m", "lookalike", "--help")
    assert done.returncode == 0, done.stderr
    assert {"bot", "evaluate", "match", "index", "web"} <= set(done.stdout.split())


def test_nothing_of_the_checkout_is_seen(installed: Path, tmp_path: Path) -> None:
    """Else the tests above would answer from the checkout's own weights."""
    code = (
        "import importlib.util, lookalike.paths as paths, lookalike.settings as settings\n"
        "assert importlib.util.find_spec('training') is None\n"
        "assert not paths.IN_CHECKOUT\n"
        "print(settings.Settings().weights_dir)"
    )
    done = run(installed, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(installed / "lookalike" / "weights")


def test_an_editable_install_carries_no_second_copy_of_the_weights(tmp_path: Path) -> None:
    with zipfile.ZipFile(built(tmp_path, "editable")) as archive:
        assert [name for name in archive.namelist() if "weights" in name] == []
        assert any(name.endswith(".pth") for name in archive.namelist())
