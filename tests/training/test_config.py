"""A recipe says what differs from its base, and a typo in it never passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from training.config import RecipeError, build, load_recipe, recipe_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    rate: float = 0.1
    sides: tuple[int, int] = (24, 72)
    start: Path | None = Path("a.safetensors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    steps: int
    kind: Literal["ce", "arcface"] = "arcface"
    gentle: bool = True
    names: tuple[str, ...] = ()
    inner: Inner = field(default_factory=Inner)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_states_only_what_differs_from_its_base(tmp_path: Path) -> None:
    write(tmp_path, "base.toml", 'steps = 10\nnames = ["a", "b"]\n[inner]\nrate = 1\nsides = [8, 16]\n')
    path = write(tmp_path, "other.toml", 'base = "base.toml"\nkind = "ce"\n[inner]\nsides = [32, 64]\n')
    recipe = load_recipe(path, Outer)
    assert recipe == Outer(steps=10, kind="ce", names=("a", "b"), inner=Inner(rate=1.0, sides=(32, 64)))
    assert isinstance(recipe.inner.rate, float)


def test_overrides_win_over_the_files(tmp_path: Path) -> None:
    path = write(tmp_path, "base.toml", "steps = 10\n[inner]\nrate = 0.5\n")
    assert load_recipe(path, Outer, overrides={"inner": {"rate": 0.25}}).inner == Inner(rate=0.25)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("steps = 1\nstpes = 2", "stpes"),
        ("steps = 1\n[inner]\nrat = 2", "inner.rat"),
        ("kind = 'ce'", "steps"),
        ("steps = 1.5", "steps"),
        ("steps = true", "steps"),
        ("steps = 1\ngentle = 1", "gentle"),
        ("steps = 1\nkind = 'cosine'", "kind"),
        ("steps = 1\n[inner]\nsides = [1, 2, 3]", "inner.sides"),
        ("steps = 1\n[inner]\nsides = [1, 'x']", "inner.sides[1]"),
        ("steps = 1\ninner = 3", "inner"),
        ("base = 'gone.toml'", ""),
        ("steps = ", ""),
        ("base = 'it.toml'", "base"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(RecipeError) as refused:
        load_recipe(write(tmp_path, "it.toml", text), Outer)
    assert refused.value.key == key


def test_plain_values_make_the_same_recipe_again() -> None:
    """What a checkpoint keeps is enough to build the run's network again."""
    recipe = Outer(steps=3, names=("x",), inner=Inner(start=None))
    assert build(Outer, recipe_values(recipe)) == recipe
    assert build(Outer, recipe_values(Outer(steps=3))) == Outer(steps=3)


def test_every_shipped_embedder_recipe_loads() -> None:
    from training.embedder.recipe import EmbedderRecipe

    paths = sorted((Path(__file__).parents[2] / "training" / "recipes").glob("embedder*.toml"))
    assert paths
    for path in paths:
        assert load_recipe(path, EmbedderRecipe).steps > 0, path.name
