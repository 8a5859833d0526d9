"""Recipes: TOML files -> typed, frozen dataclasses. Files and types only, no networks.

A run is a recipe file plus a commit. The dataclass it fills has one comment a field: meaning, unit, source. A recipe
states only what differs from its base:

    # training/recipes/embedder_xxs.toml
    base = "embedder.toml"            # beside this file; a base may have a base
    [network]
    backbone = "edgenext_xx_small"

    recipe = load_recipe(Path("training/recipes/embedder_xxs.toml"), EmbedderRecipe)

Tables fill dataclasses, arrays fill tuples, strings fill Path and Literal fields. A key that the dataclass does not
have, a missing one without a default, or a value of another type is a RecipeError that names the key.
"""

from __future__ import annotations

import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from training.command_line import Refused

Recipe = TypeVar("Recipe")


class RecipeError(Refused):
    """A recipe that can't be used. `key` is the dotted path of the value, "" for the file itself."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}" if key else problem)
        self.key = key


def load_recipe(path: Path, cls: type[Recipe], *, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe and its bases into `cls`, the nearest file winning, then `overrides` (nested as in the file)."""
    return build(cls, merge(load_values(path), overrides or {}))


def load_values(path: Path) -> dict[str, Any]:
    """A recipe and its bases as plain values, unchecked: what tells one recipe from another."""
    return _read(path, seen=())


def build(cls: type[Recipe], values: Mapping[str, Any], *, key: str = "") -> Recipe:
    """Make one dataclass from plain values, checking names and types all the way down.

    `recipe_values` undoes it, so a recipe stored in a checkpoint comes back equal.
    """
    hints = get_type_hints(cls)
    known = {item.name: item for item in fields(cls)}  # type: ignore[arg-type]  # every caller hands a dataclass
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise RecipeError(_dotted(key, unknown[0]), f"no such setting; known here: {', '.join(sorted(known))}")
    filled: dict[str, Any] = {}
    for name, item in known.items():
        if name in values:
            filled[name] = _convert(hints[name], values[name], _dotted(key, name))
        elif item.default is MISSING and item.default_factory is MISSING:
            raise RecipeError(_dotted(key, name), "is missing and has no default")
    return cls(**filled)


def recipe_values(recipe: object) -> dict[str, Any]:
    """A recipe as plain values (tables, lists, strings, numbers), as a checkpoint and a record keep it."""
    return {item.name: _plain(getattr(recipe, item.name)) for item in fields(recipe)}  # type: ignore[arg-type]


def _plain(value: object) -> Any:
    if is_dataclass(value):
        return recipe_values(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.as_posix() if isinstance(value, Path) else value


def _read(path: Path, *, seen: tuple[Path, ...]) -> dict[str, Any]:
    path = path.resolve()
    if path in seen:
        raise RecipeError("base", f"{path.name} is its own base")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError("", f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError("", f"{path}: {error}") from error
    base = values.pop("base", None)
    if base is None:
        return values
    return merge(_read(path.parent / base, seen=(*seen, path)), values)


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the values of `above` over those of `below`, table by table."""
    merged = dict(below)
    for name, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = merge(merged[name], value) if both else value
    return merged


def _convert(kind: Any, value: Any, key: str) -> Any:  # noqa: PLR0911 - one return a kind of type reads best
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        if value is None and type(None) in get_args(kind):
            return None
        (inner,) = (option for option in get_args(kind) if option is not type(None))
        return _convert(inner, value, key)
    if origin is Literal:
        if value not in get_args(kind):
            raise RecipeError(key, f"{value!r} is none of {', '.join(map(repr, get_args(kind)))}")
        return value
    if origin is tuple and isinstance(value, list):
        return _convert_array(get_args(kind), value, key)
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping):
        return build(kind, value, key=key)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    wanted = getattr(kind, "__name__", str(kind))
    raise RecipeError(key, f"wants {wanted}, got {type(value).__name__} {value!r}")


def _convert_array(kinds: tuple[Any, ...], value: list[Any], key: str) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise RecipeError(key, f"wants {len(kinds)} values, got {len(value)}")
    return tuple(_convert(kind, item, f"{key}[{i}]") for i, (kind, item) in enumerate(zip(kinds, value, strict=True)))


def _dotted(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
