"""Promises of the repository itself: what serving imports, what lies in it, what its settings file says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.report.readme import MEASURED, rarity, rewritten

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_BYTES = 20_000_000


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: the list of tracked files is missing")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name]


def test_no_file_reaches_20_megabytes() -> None:
    too_large = {str(path): path.stat().st_size for path in tracked_files() if path.stat().st_size >= MAX_FILE_BYTES}
    assert too_large == {}


def test_no_picture_is_tracked_outside_the_folders_of_showable_ones() -> None:
    """CelebA and the other sets may not be redistributed: pictures live in a few known places only."""
    allowed = ("lookalike/sample/", "docs/pictures/", "tests/golden/", "weights/galleries/us-congress/")
    pictures = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp", ".gif", ".npy", ".zip"}
    ]
    assert [name for name in pictures if not name.startswith(allowed)] == []


def test_serving_imports_neither_training_nor_extras_that_were_not_asked_for() -> None:
    """Neither at import nor when an app is built: it must not matter whether torch, Milvus or Ray is installed."""
    code = (
        "import sys, lookalike.cli.main, lookalike.app, bot.app, web.app, pipeline.face_pipeline, index.gallery\n"
        "heavy = {'torch', 'timm', 'ultralytics', 'lightning', 'training', 'pymilvus', 'milvus_lite', 'ray', 'fsspec', "
        "'s3fs', 'pyarrow', 'pandas'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_is_printed_without_loading_an_engine() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from lookalike.cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "heavy = {'openvino', 'faiss', 'cv2', 'numpy', 'pydantic', 'aiogram', 'fastapi'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_settings_file_lists_every_setting_with_its_default() -> None:
    """`.env.example` and the settings classes say the same names and defaults, in both directions."""
    from bot.settings import BotSettings
    from lookalike.settings import Settings, example_lines
    from web.settings import WebSettings

    wanted = example_lines(Settings) + example_lines(BotSettings) + example_lines(WebSettings)
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if re.match(r"#?[A-Z0-9_]+=", line)] == [
        line for line in wanted if re.match(r"#?[A-Z0-9_]+=", line)
    ]


def test_the_readme_s_figures_are_those_that_were_measured() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert rewritten(readme) == readme, "run python -m evaluation.report.readme"
    measured = MEASURED.read_text(encoding="utf-8")
    assert rewritten(measured, rarity) == measured, "run python -m evaluation.report.readme"


@pytest.mark.parametrize("trainer", ["detector", "landmarks", "embedder", "comparisons"])
def test_a_trainer_without_its_libraries_says_what_to_install(trainer: str) -> None:
    code = (
        "import runpy, sys\n"
        "sys.modules.update(dict.fromkeys(('torch', 'lightning', 'ultralytics')))\n"
        f"runpy.run_module('training.{trainer}', run_name='__main__')\n"
    )
    command = [sys.executable, "-c", code, "losses" if trainer == "comparisons" else "train"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install --require-hashes -r requirements/train.txt" in done.stderr
    assert "Traceback" not in done.stderr
