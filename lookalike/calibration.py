"""From a similarity to what it means: bands and false-match rates, read from the evaluation's own file.

Thresholds live in `weights/calibration.json` alone; this module only reads it and looks values up. `lookalike
evaluate` writes it (evaluation.suites.calibrate). What a band is called is lookalike.wording's, its colour the cards'.
"""

from __future__ import annotations

import bisect
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lookalike.errors import CalibrationError

SCHEMA: Final = 2  # 1 had words and colours of bands, and no crowding
# By key, the gallery's bands and the pair's.
STEPS: Final = {
    "same": 4, "striking": 3, "strong": 2, "fair": 1, "faint": 0,
    "close": 3, "alike": 2, "slight": 1, "none": 0,
}  # fmt: skip
MEND: Final = "run `lookalike evaluate` to make it anew"

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A range of similarities with one meaning. Bands are ordered from the most alike down."""

    key: str  # stable identifier: "same", "striking", "strong", "fair", "faint", or those of pairs, see STEPS
    floor: Number  # the least similarity in this band; -1 in the last one

    @property
    def step(self) -> int:
        """0 for the least alike of five bands up to 4 for the most alike; 0 for a key that is not known."""
        return STEPS.get(self.key, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of strangers and the similarity they reach."""

    share: Number  # pair table: share of pairs of strangers at least this alike; gallery table: of strangers
    similarity: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How many strangers are how alike, as measured."""

    rates: tuple[Rate, ...]  # falling share, rising similarity

    def stranger_share(self, similarity: float) -> float:
        """The share of strangers that are at least this alike, between the measured points on a log scale.

        Below the first measured point 1.0 is not claimed: the first share is returned; above the last, the last
        (read it as "at most").
        """
        similarities = [rate.similarity for rate in self.rates]
        right = bisect.bisect_right(similarities, similarity)
        if right == 0:
            return self.rates[0].share
        if right == len(self.rates):
            return self.rates[-1].share
        low, high = self.rates[right - 1], self.rates[right]
        t = (similarity - low.similarity) / max(high.similarity - low.similarity, 1e-9)
        return math.exp((1 - t) * math.log(low.share) + t * math.log(high.share))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Curve):
    """One question's scale: its bands, the measured curve, and how much was measured."""

    bands: tuple[Band, ...]
    people: Count
    pictures: Count
    pairs: Count  # pairs of strangers (pair table) or strangers asked (gallery table)
    same_low: Number  # the 5th percentile of the same person in another picture

    def band(self, similarity: float) -> Band:
        """The first band whose floor the similarity reaches."""
        for band in self.bands:
            if similarity >= band.floor:
                return band
        return self.bands[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherGallery(Curve):
    """Another gallery that strangers were asked in: of those that come along."""

    people: Count  # in it, which it is known by, with `source`
    source: str  # GalleryInfo.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Both tables and what they were measured with."""

    embedder: str  # SHA-256 of the network
    pair: Table
    gallery: Table
    gallery_people: int  # people in the gallery the second table was measured against
    crowding: float  # the table of pairs counts for n ** crowding of n people, see lookalike.scale
    galleries: tuple[OtherGallery, ...] = ()  # others that were measured


class _File(BaseModel):
    """calibration.json as it is written; what else the evaluation notes in it is passed over."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    embedder: str
    gallery_people: Count
    crowding: Annotated[Number, Field(gt=0, le=1)]
    pair: Table
    gallery: Table
    galleries: dict[str, OtherGallery] = Field(default_factory=dict)  # by the name that GALLERY takes


def load_calibration(path: Path, *, embedder: str) -> Calibration:
    """Read the file and check that it was measured with this embedder. Raises CalibrationError."""
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise CalibrationError(f"{path} is missing; {MEND}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CalibrationError(f"{path} can't be read ({error}); {MEND}") from error
    return read_calibration(raw, where=str(path), embedder=embedder)


def read_calibration(raw: object, *, where: str, embedder: str) -> Calibration:
    """Make what a file held, or is to hold, a Calibration. Raises CalibrationError, which says `where`."""
    if not isinstance(raw, dict) or "schema" not in raw:
        raise CalibrationError(f"{where}: schema is missing; {MEND}")
    if raw["schema"] != SCHEMA or raw["schema"] is True:
        raise CalibrationError(f"{where} has schema {raw['schema']!r:.40}, want {SCHEMA}; {MEND}")
    try:
        file = _File.model_validate(raw)
    except ValidationError as error:
        raise CalibrationError(f"{where}: {_first_problem(error)}; {MEND}") from error
    if file.embedder != embedder:
        raise CalibrationError(
            f"{where} was measured with embedder {file.embedder[:12]}, the one in use is {embedder[:12]}; {MEND}"
        )
    for name, table in (("pair", file.pair), ("gallery", file.gallery)):
        _check_bands(table, where=f"{where}: {name}")
    for name, curve in {"pair": file.pair, "gallery": file.gallery, **file.galleries}.items():
        _check_rates(curve, where=f"{where}: {name}")
    return Calibration(
        embedder=file.embedder,
        pair=file.pair,
        gallery=file.gallery,
        gallery_people=file.gallery_people,
        crowding=file.crowding,
        galleries=tuple(file.galleries.values()),
    )


def _check_bands(table: Table, *, where: str) -> None:
    """What the types can't say. Raises CalibrationError."""
    floors = [band.floor for band in table.bands]
    if not 1 <= len(floors) <= 5 or floors != sorted(floors, reverse=True) or len(set(floors)) != len(floors):
        raise CalibrationError(f"{where}.bands must be one to five, floors falling; {MEND}")


def _check_rates(curve: Curve, *, where: str) -> None:
    """What the types can't say. Raises CalibrationError."""
    similarities = [rate.similarity for rate in curve.rates]
    shares = [rate.share for rate in curve.rates]
    if not shares or similarities != sorted(similarities) or shares != sorted(shares, reverse=True) or min(shares) <= 0:
        raise CalibrationError(f"{where}.rates must rise in similarity and fall in share; {MEND}")


def _first_problem(error: ValidationError) -> str:
    """One line on the first thing that pydantic found wrong: `pair.bands.0.floor should be a valid number`."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where} is missing" if first["type"] == "missing" else f"{where} {first['msg'].removeprefix('Input ')}"
