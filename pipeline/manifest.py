"""weights/manifest.toml: what each shipped network is, and the proof that the file beside it is that one.

Nothing is guessed from a file: role, input, pre-processing and thresholds are read here, and bytes with another
SHA-256 are refused. The format is described at the head of the manifest itself.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from pipeline.errors import ManifestError, WeightsMissing, WrongHash

MANIFEST_NAME: Final = "manifest.toml"
Role = Literal["detector", "aligner", "embedder"]
Precision = Literal["bf16", "f32"]
ColorOrder = Literal["RGB", "BGR"]
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """What a network takes: (B, 3, side, side) float32, (pixel - mean) / std with pixels 0..255."""

    name: str
    sizes_px: tuple[int, ...]  # the sides it is run at, the main one first
    color: ColorOrder
    mean: Triple  # in the network's own channel order
    std: Triple

    @property
    def side_px(self) -> int:
        return self.sizes_px[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorThresholds:
    """Where a box counts. Shares 0..1."""

    score: float  # a box under it is no face
    sure: float  # with no face above it, the quarter turns are tried
    iou: float  # boxes that overlap by more are one face
    covered: float  # and so are boxes that share more than this of the smaller one
    both_from: float  # faces over this share of the photo's longer side count at the smaller input size too
    both_to: float  # and up to this one at the larger


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """One network's entry. `facts` holds what is told to people and not needed to run it (licence, data, scores)."""

    role: Role
    path: Path
    sha256: str
    input: InputSpec
    outputs: tuple[str, ...]
    precision: Precision  # bf16: taken where the CPU computes in it, because results were measured to hold
    licence: str
    facts: Mapping[str, Any]

    def read_bytes(self) -> bytes:
        """Read the file once and check it. Raises WeightsMissing, WrongHash."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise WeightsMissing(
                f"{self.role}: {self.path} can't be read ({error.strerror}); "
                f"restore the weights folder from the repository"
            ) from error
        got = hashlib.sha256(data).hexdigest()
        if got != self.sha256:
            raise WrongHash(name=f"{self.role} ({self.path.name})", want=self.sha256, got=got)
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The three networks of one weights folder."""

    detector: NetworkFacts
    aligner: NetworkFacts
    embedder: NetworkFacts
    thresholds: DetectorThresholds


def load_manifest(folder: Path) -> Manifest:
    """Read folder/manifest.toml. Files are checked when they are opened, not here. Raises ManifestError."""
    path = folder / MANIFEST_NAME
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsMissing(
            f"{path} can't be read ({error.strerror}); restore the weights folder from the repository"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: {error}") from error
    entries = {role: _entry(role, _Table(f"{path}: [{role}]", tables.get(role)), folder) for role in get_args(Role)}
    thresholds = _Table(f"{path}: [detector]", tables["detector"]).table("thresholds")
    return Manifest(
        detector=entries["detector"],
        aligner=entries["aligner"],
        embedder=entries["embedder"],
        thresholds=DetectorThresholds(
            **{item.name: thresholds.share(item.name) for item in fields(DetectorThresholds)}
        ),
    )


def _entry(role: Role, table: _Table, folder: Path) -> NetworkFacts:
    file = table.text("file")
    if Path(file).name != file:
        raise ManifestError(f"{table.where} file: {file!r} must be a name in the manifest's own folder")
    sha256 = table.text("sha256")
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ManifestError(f"{table.where} sha256: {sha256!r} is not 64 hexadecimal digits")
    takes = table.table("input")
    sizes = takes.values.get("sizes_px", [takes.values.get("side_px")])
    if not isinstance(sizes, list) or not sizes or not all(type(side) is int and side > 0 for side in sizes):
        raise ManifestError(f"{takes.where} needs side_px or sizes_px, in whole pixels")
    outputs = table.values.get("outputs")
    if not isinstance(outputs, list) or not outputs or not all(isinstance(name, str) for name in outputs):
        raise ManifestError(f"{table.where} outputs: wants a list of names")
    return NetworkFacts(
        role=role,
        path=folder / file,
        sha256=sha256,
        input=InputSpec(
            name=takes.text("name"),
            sizes_px=tuple(sizes),
            color=cast("ColorOrder", takes.choice("color", get_args(ColorOrder))),
            mean=takes.triple("mean"),
            std=takes.triple("std", positive=True),
        ),
        outputs=tuple(outputs),
        precision=cast("Precision", table.choice("precision", get_args(Precision))),
        licence=table.text("licence"),
        facts=table.values,
    )


class _Table:
    """One TOML table, read value by value, each error naming the place."""

    def __init__(self, where: str, values: object) -> None:
        if not isinstance(values, dict):
            raise ManifestError(f"{where} is missing or not a table")
        self.where = where
        self.values: dict[str, Any] = values

    def table(self, name: str) -> _Table:
        return _Table(f"{self.where} {name}", self.values.get(name))

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise ManifestError(f"{self.where} {name}: wants a string, got {value!r}")
        return value

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in options:
            raise ManifestError(f"{self.where} {name}: {value!r} is none of {', '.join(options)}")
        return value

    def share(self, name: str) -> float:
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
            raise ManifestError(f"{self.where} {name}: wants a number from 0 to 1, got {value!r}")
        return float(value)

    def triple(self, name: str, *, positive: bool = False) -> Triple:
        value = self.values.get(name)
        if not isinstance(value, list) or len(value) != 3 or not all(_is_number(item) for item in value):
            raise ManifestError(f"{self.where} {name}: wants three numbers, got {value!r}")
        if positive and min(value) <= 0:
            raise ManifestError(f"{self.where} {name}: wants numbers above 0, got {value!r}")
        return float(value[0]), float(value[1]), float(value[2])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
