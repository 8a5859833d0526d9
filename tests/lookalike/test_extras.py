"""Hints on missing extras: the printed command adds the extra and leaves the installation as it is."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from lookalike import extras
from lookalike.app import open_pipeline
from lookalike.extras import install_command
from lookalike.paths import ROOT
from lookalike.settings import Settings
from pipeline.errors import EngineFailed

EXTRAS = list(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"])


@pytest.mark.parametrize("extra", EXTRAS)
def test_in_a_checkout_the_extra_comes_from_the_lock(extra: str) -> None:
    words = shlex.split(install_command(extra))
    assert words[:5] == [sys.executable, "-m", "pip", "install", "--require-hashes"]
    assert words[5:] == ["-r", str(ROOT / "requirements" / f"{extra}.txt")]
    assert Path(words[-1]).is_file()


@pytest.mark.parametrize("extra", ["redis", "heif", "onnxruntime"])
def test_installed_from_a_wheel_the_extra_s_own_packages_are_named(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not lookalike itself: an index may have another project of that name."""
    monkeypatch.setattr(extras, "IN_CHECKOUT", False)
    *_, requirement = words = shlex.split(install_command(extra))
    assert len(words) == 5
    assert re.fullmatch(r"(redis|pillow-heif|onnxruntime)[<>=,.\d]+", requirement)


def test_without_metadata_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "IN_CHECKOUT", False)
    assert shlex.split(install_command("nothing"))[-1] == "lookalike[nothing]"


def test_a_missing_engine_is_told_with_the_command_that_adds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "pipeline.engine_onnxruntime", raising=False)
    with pytest.raises(EngineFailed) as failed:
        open_pipeline(Settings(engine="onnxruntime"))
    assert install_command("onnxruntime") in str(failed.value)
    assert "ENGINE=openvino" in str(failed.value)


@pytest.mark.parametrize("folder", ["bot", "lookalike", "pipeline", "index", "evaluation", "training"])
def test_no_message_names_an_install_that_takes_the_place_of_an_editable_one(folder: str) -> None:
    """`pip install .` and `pip install '.[extra]'` without --editable leave a checkout without its weights."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (ROOT / folder).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"pip install ['\"]?\.", line) and path.name != "extras.py"
    ]
    assert found == []
