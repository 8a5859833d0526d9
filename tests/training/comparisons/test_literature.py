"""The newer losses' command on drawn people: trained, chosen on held-out people, reported beside the shipped file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from pipeline.types import FloatArray
from tests.training.mini_pack import write_mini_pack
from training.command_line import RECIPES
from training.comparisons import literature
from training.config import load_recipe, recipe_values
from training.data.people import People, open_people, prepare
from training.embedder import build, export
from training.embedder.choose import embed_rows, has_pairs, report_of, val_sets
from training.embedder.recipe import EmbedderRecipe
from training.export.onnx import export_onnx

TINY = """
steps = 2
warmup_steps = 1
precision = "32-true"
[network]
backbone = "test_convnext"
start = ""
[batch]
size = 8
[losses]
margin = 1.0
"""


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("embedder_adadistill", {"margin.kind"}),
        ("embedder_memory", {"losses.memory"}),
        ("embedder_adaface", {"margin.kind"}),
        (
            "embedder_adadistill_alone",
            {"margin.kind", "losses.imitation", "losses.relational", "losses.margin", "batch.toward_person"},
        ),
        (
            "embedder_magface",
            {
                "margin.kind",
                "margin.margin",
                "margin.magface.least_length",
                "margin.magface.most_length",
                "margin.magface.pull",
            },
        ),
    ],
)
def test_each_recipe_is_the_shipped_one_but_for_what_it_tries(name: str, changed: set[str]) -> None:
    assert name in literature.TRIED
    ships, tried = (
        _flat(recipe_values(load_recipe(RECIPES / f"{one}.toml", EmbedderRecipe))) for one in ("embedder", name)
    )
    assert {key for key in ships if ships[key] != tried[key]} == changed


def _flat(values: dict[str, object], within: str = "") -> dict[str, object]:
    leaves: dict[str, object] = {}
    for name, value in values.items():
        leaves |= _flat(value, f"{within}{name}.") if isinstance(value, dict) else {f"{within}{name}": value}
    return leaves


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pack")
    write_mini_pack(root / "data")
    recipes = root / "recipes"
    recipes.mkdir()
    (recipes / "tiny.toml").write_text(TINY)
    (recipes / "embedder_adadistill.toml").write_text('base = "tiny.toml"\n[margin]\nkind = "adadistill"\n')
    (recipes / "embedder_memory.toml").write_text('base = "tiny.toml"\n[losses]\nmemory = 0.2\n')
    torch.manual_seed(1)
    shipped = nn.Sequential(nn.AvgPool2d(7), nn.Flatten(), nn.Linear(3 * 16 * 16, 512))
    export_onnx(shipped, root / "shipped.onnx", side_px=112, outputs=("embedding",))
    return root


def run(pack: Path, tried: tuple[str, ...]) -> Path:
    return literature.compare_literature(
        data=pack / "data",
        runs=pack / "runs",
        out=pack / "out",
        shipped=pack / "shipped.onnx",
        tried=tried,
        recipes=pack / "recipes",
        progress=False,
    )


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # Lightning with this torch
def test_every_run_is_trained_chosen_and_reported_beside_the_shipped_file(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start network looks once for all runs; a second call reads what the first left."""
    torch.set_num_threads(1)
    for module in (build, export):
        monkeypatch.setattr(module, "DIMENSION", 24)  # a tenth of the time
    looks: list[int] = []

    def counted(network: nn.Module, people: People, rows: NDArray[np.int64], *, precise: bool = False) -> FloatArray:
        looks.append(len(rows))
        return embed_rows(network, people, rows, precise=precise)

    monkeypatch.setattr(literature, "embed_rows", counted)
    tried = ("embedder_adadistill", "embedder_memory")
    first = json.loads(run(pack, tried[:1]).read_text(encoding="utf-8"))
    begun = {file: file.stat().st_mtime_ns for file in sorted((pack / "runs/literature").glob("*/*"))}
    record = json.loads(run(pack, tried).read_text(encoding="utf-8"))
    assert tuple(record["runs"]) == tried
    assert record["runs"][tried[0]] == first["runs"][tried[0]]
    assert begun
    assert {file: file.stat().st_mtime_ns for file in begun} == begun
    assert looks.count(record["pictures"]) == 1
    for found in record["runs"].values():
        assert found["pictures_seen"] == 16
        assert found["share"] in {float(share) for share in found["dev"]}
        for name, row in found["val"].items():
            assert row["pictures"] == record["shipped"]["val"][name]["pictures"]
            gain = row["tpr@0.01"]["value"] - record["shipped"]["val"][name]["tpr@0.01"]["value"]
            assert row["tpr@0.01"]["gain_over_shipped"] == pytest.approx(gain, abs=2e-4)
    lines = literature.table(record).splitlines()
    assert [line.count("|") for line in lines] == [3 + 2 * len(record["shipped"]["val"])] * 5


def test_the_shipped_file_against_itself_gains_nothing_by_either_engine(pack: Path) -> None:
    people = open_people(prepare(pack / "data", pack / "runs/cache"))
    sets = {name: rows for name, rows in val_sets(people).items() if has_pairs(people, rows)}
    one, other = (
        literature.vectors_of_file(pack / "shipped.onnx", people, sets, backend=backend)
        for backend in ("openvino", "onnxruntime")
    )
    for row in report_of(one, people, sets, over={"shipped": other}).values():
        assert row["tpr@0.01"]["gain_over_shipped"] == pytest.approx(0, abs=1e-3)
