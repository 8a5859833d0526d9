"""Closed set and comparisons: who is held out, what counts as right, and whole commands on drawn people."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.mini_pack import write_mini_pack
from training.command_line import RECIPES
from training.comparisons import cli as compare
from training.comparisons import closed_set
from training.comparisons import starts as compare_starts
from training.comparisons.closed_set import class_means, draw, right_by
from training.config import load_recipe, load_values, merge, recipe_values
from training.data.people import People
from training.embedder.build import StartMissing, build_network
from training.embedder.recipe import EmbedderRecipe, NetworkSettings

SMALL = """
steps = 2
warmup_steps = 1
[network]
backbone = "edgenext_xx_small"
start = ""
[batch]
size = 8
"""


def people_of(counts: dict[str, int]) -> People:
    person = np.repeat(list(counts), list(counts.values()))
    blank = np.zeros((len(person), 1), np.float32)
    return People(
        crops=blank.astype(np.uint8),
        points=blank,
        teacher=blank,
        person=person,
        split=np.where(np.char.startswith(person, "val"), "val", "train"),
        source=person,
        data_id="drawn",
    )


def test_a_fifth_of_everyone_with_five_pictures_is_held_out_and_of_nobody_else() -> None:
    people = people_of({"celeba/1": 5, "celeba/2": 4, "wild/A": 20, "val/B": 10})
    parts = draw(people)
    assert not set(parts.train) & set(parts.test)
    assert sorted(people.person[parts.test].tolist()) == ["celeba/1"] + ["wild/A"] * 4
    assert len(parts.train) == 4 + 16
    assert draw(people).test.tolist() == parts.test.tolist()
    assert draw(people, seed=6).test.tolist() != parts.test.tolist()


def test_a_picture_is_right_when_its_own_person_is_the_nearest() -> None:
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32)
    person = np.array(["a", "a", "b"])
    names = np.array(["a", "b"])
    centres = class_means(vectors[[0, 2]], person[[0, 2]], names)
    assert right_by(5 * centres, names, vectors, person).tolist() == [True, False, True]


@pytest.mark.parametrize("name", sorted({*compare.SETS["losses"], *compare.SETS["backbones"]}))
def test_compared_recipes_differ_in_what_they_compare_alone(name: str) -> None:
    """The same steps, rates and pictures, whatever the shipped recipe has become."""
    recipe = compare.recipe_of(RECIPES, name, load_values(RECIPES / "compare.toml"))
    rate = 2e-3 if recipe.network.start == Path() else 2e-4
    assert (recipe.steps, recipe.learning_rate, recipe.batch.size, recipe.batch.alike) == (196, rate, 128, 0)


def test_every_run_of_the_sweep_but_the_first_changes_one_number_of_arcface() -> None:
    shared = load_values(RECIPES / "compare.toml")
    base = recipe_values(load_recipe(RECIPES / "embedder_arcface.toml", EmbedderRecipe, overrides=shared))
    (first, nothing), *others = load_values(RECIPES / "sweep.toml").items()
    assert (first, nothing) == ("as_it_is", {})
    for name, changes in others:
        recipe = load_recipe(RECIPES / "embedder_arcface.toml", EmbedderRecipe, overrides=merge(shared, changes))
        assert [a != b for a, b in zip(_flat(recipe_values(recipe)), _flat(base), strict=True)].count(True) == 1, name


def _flat(values: object) -> list[object]:
    if isinstance(values, dict):
        return [leaf for value in values.values() for leaf in _flat(value)]
    return [values]


def test_weights_of_another_task_leave_their_classes_behind(tmp_path: Path) -> None:
    """A ResNet-18 with ImageNet's 1,000 classes: everything but the classifier is taken, which stays our own."""
    import timm

    imagenet = timm.create_model("resnet18", num_classes=1000)
    torch.save(imagenet.state_dict(), tmp_path / "imagenet.pth")
    settings = NetworkSettings(backbone="resnet18", start=Path("imagenet.pth"), without_head=True)
    network = build_network(settings, tmp_path)
    assert torch.equal(network.state_dict()["layer4.1.conv2.weight"], imagenet.state_dict()["layer4.1.conv2.weight"])
    assert network.state_dict()["fc.weight"].shape == (512, 512)
    again = build_network(settings, tmp_path)
    assert torch.equal(network.state_dict()["fc.weight"], again.state_dict()["fc.weight"])
    with pytest.raises(StartMissing, match=r"other\.pth"):
        build_network(NetworkSettings(start=Path("other.pth")), tmp_path)


def test_weights_under_other_names_are_taken_in_their_order_from_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the package with EfficientNet-Lite0's has them; a file with another shape is refused, not guessed at."""
    import timm

    given = timm.create_model("test_resnet", num_classes=7)
    (tmp_path / "brought_weights").mkdir()
    (tmp_path / "brought_weights" / "__init__.py").touch()
    renamed = {f"_{k}": value for k, value in enumerate(given.state_dict().values())}
    torch.save(renamed, tmp_path / "brought_weights" / "model.pth")
    monkeypatch.syspath_prepend(tmp_path)
    settings = NetworkSettings(
        backbone="test_resnet", start=Path("brought_weights/model.pth"), names_differ=True, without_head=True
    )
    network = build_network(settings, tmp_path / "data")
    assert torch.equal(network.state_dict()["layer4.0.conv2.weight"], given.state_dict()["layer4.0.conv2.weight"])
    torch.save(dict(list(renamed.items())[1:]), tmp_path / "brought_weights" / "model.pth")
    with pytest.raises(StartMissing, match="does not fit test_resnet"):
        build_network(settings, tmp_path / "data")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pack")
    write_mini_pack(root / "data")
    shutil.copytree(RECIPES.resolve(), root / "recipes")
    return root


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # Lightning with this torch
def test_the_closed_set_command_writes_both_accuracies_with_n_and_interval(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(closed_set, "LEAST_PICTURES", 3)
    for kind in closed_set.RUNS:
        (pack / "recipes" / f"closed_set_{kind}.toml").write_text(f'{SMALL}[margin]\nkind = "{kind}"\n')
    found = closed_set.measure(data=pack / "data", runs=pack / "runs", recipes=pack / "recipes", progress=False)
    on_the_way = [json.loads(line) for line in (pack / "runs/closed_set/ce/log.jsonl").read_text().splitlines()]
    assert 0 <= on_the_way[-1]["check"]["accuracy@1"] <= 1
    people = sum(found["people"].values())
    assert found["held_out_pictures"] == people > 4
    for kind in closed_set.RUNS:
        for way in ("by_weight", "by_mean"):
            row = found[kind][way]["all"]
            assert row["n"] == people
            assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1
        assert set(found[kind]["unseen"]["celeba_aligned"]) >= {"people", "tpr@0.2", "tpr@0.01"}
    assert found["arcface"]["pictures_seen"] == found["ce"]["pictures_seen"] == 16


def test_starts_are_scored_three_ways_and_the_teachers_beside_them(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pack's teacher tells every CelebA person from every other."""
    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.AvgPool2d(7), torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 512))
    monkeypatch.setattr(compare_starts, "_networks", lambda _data: {"drawn": network})
    path = compare_starts.compare_starts(data=pack / "data", runs=pack / "runs", out=pack / "out")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["teachers"]["val"]["celeba_aligned@0.01"] == 1.0
    ways = record["runs"]["drawn"]
    assert list(ways) == ["stretched", "black", "projected"]
    for way in ways.values():
        assert way["val"].keys() == record["teachers"]["val"].keys()
        assert way["dev"].keys() == record["teachers"]["dev"].keys()
        assert all(0 <= tpr <= 1 for part in way.values() for tpr in part.values())
    assert "teachers" in compare_starts.table(record).splitlines()[-1]


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")
def test_the_sweep_says_what_each_run_changed(pack: Path) -> None:
    torch.set_num_threads(1)
    (pack / "recipes" / "compare.toml").write_text(
        "steps = 2\nwarmup_steps = 1\n[batch]\nsize = 8\nalike = 0\nconfused = 0.0"
    )
    (pack / "recipes" / "embedder_xxs.toml").write_text(SMALL)
    (pack / "recipes" / "sweep.toml").write_text("[scale_32.margin]\nscale = 32.0\n")
    path = compare.compare(
        "sweep",
        data=pack / "data",
        runs=pack / "runs",
        out=pack / "out",
        recipes=pack / "recipes",
        progress=False,
    )
    row = json.loads(path.read_text(encoding="utf-8"))["runs"]["scale_32"]
    assert row["changes"] == {"margin": {"scale": 32.0}}
    assert row["pictures_seen"] == 16


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")
def test_the_comparison_times_a_backbone_and_leaves_out_one_without_its_start(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a second start reads the finished runs."""
    torch.set_num_threads(1)
    monkeypatch.setitem(compare.SETS, "backbones", ("embedder_xxs_noise", "brought"))
    (pack / "recipes" / "brought.toml").write_text(
        'base = "embedder_xxs.toml"\n[network]\nstart = "init/brought.pth"\n'
    )
    (pack / "recipes" / "compare.toml").write_text(
        "steps = 2\nwarmup_steps = 1\n[batch]\nsize = 8\nalike = 0\nconfused = 0.0"
    )
    words = {"data": pack / "data", "runs": pack / "runs", "out": pack / "out", "recipes": pack / "recipes"}
    path = compare.compare("backbones", progress=False, **words)
    record = json.loads(path.read_text(encoding="utf-8"))
    row = record["runs"]["embedder_xxs_noise"]
    assert row["ms_a_face"] > 0
    assert set(row["dev"]) == {"aligned@0.01", "aligned@0.001"}
    assert "init/brought.pth" in record["runs"]["brought"]["left_out"]
    assert "left out" in compare.table(record)
    before = (pack / "runs/compare/backbones/embedder_xxs_noise/last.ckpt").stat().st_mtime_ns
    compare.compare("backbones", progress=False, **words)
    assert (pack / "runs/compare/backbones/embedder_xxs_noise/last.ckpt").stat().st_mtime_ns == before
