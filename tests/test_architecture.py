"""What the import contracts do not see: circles between modules, long files, folders that are reached by path."""

from __future__ import annotations

import graphlib
import subprocess
from pathlib import Path

import grimp
import pytest

from lookalike.paths import ROOT

PACKAGES = ("bot", "web", "lookalike", "pipeline", "index", "evaluation", "training")
MAX_LINES = 400


def _python_files(*folders: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *(f"{one}/*.py" for one in folders)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("this needs git and a checkout of the repository")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None, exclude_type_checking_imports=True)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    order = graphlib.TopologicalSorter(imports)
    try:
        order.prepare()
    except graphlib.CycleError as error:
        pytest.fail("a circle of imports: " + " -> ".join(error.args[1]))


def test_a_file_is_read_in_one_sitting() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _python_files(*PACKAGES, "docs", "tests")
        if (lines := len(path.read_text("utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_what_serves_opens_nothing_of_training_or_evaluation_by_path() -> None:
    """An import contract does not see a path: a folder's name as a string of its own is how one is opened."""
    named = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in _python_files("bot", "web", "lookalike", "pipeline", "index")
        for word in ('"training"', '"evaluation"', "training/", "held_out.json")
        if word in path.read_text("utf-8")
    ]
    assert named == []
