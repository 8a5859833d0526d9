"""One TOML table of the manifest, read value by value, each error naming its place. Knows no networks."""

from __future__ import annotations

from typing import Any

from pipeline.errors import ManifestError

Triple = tuple[float, float, float]


class Table:
    """`where` leads every error: the file and the table's name."""

    def __init__(self, where: str, values: object) -> None:
        if not isinstance(values, dict):
            raise ManifestError(f"{where} is missing or not a table")
        self.where = where
        self.values: dict[str, Any] = values

    def table(self, name: str) -> Table:
        return Table(f"{self.where} {name}", self.values.get(name))

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise ManifestError(f"{self.where} {name}: wants a string, got {value!r}")
        return value

    def choice(self, name: str, options: tuple[str, ...], *, default: str | None = None) -> str:
        if default is not None and name not in self.values:
            return default
        value = self.text(name)
        if value not in options:
            raise ManifestError(f"{self.where} {name}: {value!r} is none of {', '.join(options)}")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise ManifestError(f"{self.where} {name}: wants true or false, got {value!r}")
        return value

    def number(self, name: str, *, least: float, most: float, default: float | None = None) -> float:
        value: Any = self.values.get(name, default)
        if not is_number(value) or not least <= value <= most:
            raise ManifestError(f"{self.where} {name}: wants a number from {least:g} to {most:g}, got {value!r}")
        return float(value)

    def share(self, name: str, *, default: float | None = None) -> float:
        return self.number(name, least=0.0, most=1.0, default=default)

    def triple(self, name: str, *, positive: bool = False) -> Triple:
        value = self.values.get(name)
        if not isinstance(value, list) or len(value) != 3 or not all(is_number(item) for item in value):
            raise ManifestError(f"{self.where} {name}: wants three numbers, got {value!r}")
        if positive and min(value) <= 0:
            raise ManifestError(f"{self.where} {name}: wants numbers above 0, got {value!r}")
        return float(value[0]), float(value[1]), float(value[2])

    def names(self, name: str, *, counts: tuple[int, ...]) -> tuple[str, ...]:
        """A list of strings, as many as one of `counts`."""
        value = self.values.get(name)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
            raise ManifestError(f"{self.where} {name}: wants a list of names")
        if len(value) not in counts:
            wanted = " or ".join(str(count) for count in counts)
            raise ManifestError(f"{self.where} {name}: wants {wanted} names, got {len(value)}")
        return tuple(value)

    def whole_numbers(self, name: str) -> tuple[int, ...]:
        """A list of integers above 0."""
        value = self.values.get(name)
        if not isinstance(value, list) or not value or not all(type(item) is int and item > 0 for item in value):
            raise ManifestError(f"{self.where} {name}: wants whole numbers above 0, got {value!r}")
        return tuple(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
