"""From a similarity to what it means: bands and false-match rates, read from the evaluation's own file.

Thresholds, colours, symbols and words of the bands live in `weights/calibration.json` alone; this module only reads
it and looks values up. `lookalike evaluate` writes it (evaluation.suites.calibrate).
"""

from __future__ import annotations

import bisect
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SCHEMA: Final = 1


class CalibrationError(Exception):
    """The calibration file is missing, damaged, or made for another embedder or gallery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A range of similarities with one meaning. Bands are ordered from the most alike down."""

    key: str  # stable identifier, the key of its translated word: "same", "striking", "strong", "fair", "faint"
    word: str  # English word
    symbol: str  # one character, so that the meaning does not hang on colour alone
    color: str  # "#rrggbb"
    floor: float  # the least similarity in this band; -1 in the last one


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of strangers and the similarity they reach."""

    share: float  # pair table: share of pairs of strangers at least this alike; gallery table: of strangers
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One question's scale: its bands, the measured curve, and how much was measured."""

    bands: tuple[Band, ...]
    rates: tuple[Rate, ...]  # falling share, rising similarity
    people: int
    pictures: int
    pairs: int  # pairs of strangers (pair table) or strangers asked (gallery table)
    same_low: float  # the 5th percentile of the same person in another picture

    def band(self, similarity: float) -> Band:
        """The first band whose floor the similarity reaches."""
        for band in self.bands:
            if similarity >= band.floor:
                return band
        return self.bands[-1]

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
class Calibration:
    """Both tables and what they were measured with."""

    embedder: str  # SHA-256 of the network
    pair: Table
    gallery: Table
    gallery_people: int  # people in the gallery the second table was measured against


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CalibrationError(f"calibration: {name} is {value!r}, want a number; run `lookalike evaluate`")
    return float(value)


def _table(raw: dict[str, Any], name: str) -> Table:
    bands = tuple(
        Band(
            key=str(b["key"]),
            word=str(b["word"]),
            symbol=str(b["symbol"]),
            color=str(b["color"]),
            floor=_number(b["floor"], f"{name}.bands.floor"),
        )
        for b in raw["bands"]
    )
    rates = tuple(
        Rate(
            share=_number(r["share"], f"{name}.share"),
            similarity=_number(r["similarity"], f"{name}.similarity"),
        )
        for r in raw["rates"]
    )
    floors = [band.floor for band in bands]
    similarities = [rate.similarity for rate in rates]
    shares = [rate.share for rate in rates]
    if not 1 <= len(bands) <= 5 or floors != sorted(floors, reverse=True) or len(set(floors)) != len(floors):
        raise CalibrationError(
            f"calibration: {name}.bands must be one to five, floors falling; run `lookalike evaluate`"
        )
    if not rates or similarities != sorted(similarities) or shares != sorted(shares, reverse=True) or min(shares) <= 0:
        raise CalibrationError(
            f"calibration: {name}.rates must rise in similarity and fall in share; run `lookalike evaluate`"
        )
    return Table(
        bands=bands,
        rates=rates,
        people=int(raw["people"]),
        pictures=int(raw["pictures"]),
        pairs=int(raw["pairs"]),
        same_low=_number(raw["same_low"], f"{name}.same_low"),
    )


def load_calibration(path: Path, *, embedder: str) -> Calibration:
    """Read the file and check that it was measured with this embedder. Raises CalibrationError."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CalibrationError(f"{path} is missing; run `lookalike evaluate` to make it") from error
    except (OSError, ValueError) as error:
        raise CalibrationError(f"{path} can't be read ({error}); run `lookalike evaluate` to make it anew") from error
    try:
        if raw["schema"] != SCHEMA:
            raise CalibrationError(f"{path} has schema {raw['schema']}, want {SCHEMA}; run `lookalike evaluate`")
        if raw["embedder"] != embedder:
            raise CalibrationError(
                f"{path} was measured with embedder {raw['embedder'][:12]}, the one in use is {embedder[:12]}; "
                f"run `lookalike evaluate`"
            )
        return Calibration(
            embedder=raw["embedder"],
            pair=_table(raw["pair"], "pair"),
            gallery=_table(raw["gallery"], "gallery"),
            gallery_people=int(raw["gallery_people"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CalibrationError(
            f"{path} lacks or misspells {error}; run `lookalike evaluate` to make it anew"
        ) from error
