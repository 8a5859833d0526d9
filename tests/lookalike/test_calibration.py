"""What the calibration file may say, and what similarities mean by it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.calibration import Calibration, load_calibration
from lookalike.errors import CalibrationError

MODEL = "a" * 64
TABLE: dict[str, Any] = {
    "bands": [
        {"key": "same", "floor": 0.5},
        {"key": "fair", "floor": 0.3},
        {"key": "faint", "floor": -1.0},
    ],
    "rates": [
        {"share": 0.1, "similarity": 0.2},
        {"share": 0.01, "similarity": 0.3},
        {"share": 0.001, "similarity": 0.4},
    ],
    "people": 907,
    "pictures": 3703,
    "pairs": 2906967,
    "same_low": 0.31,
}
FILE: dict[str, Any] = {
    "schema": 2,
    "embedder": MODEL,
    "gallery_people": 9324,
    "crowding": 0.865,
    "pair": TABLE,
    "gallery": TABLE,
    "galleries": {"us-congress": {"people": 856, "source": "portraits", "rates": [{"share": 0.5, "similarity": 0.2}]}},
}


def _written(tmp_path: Path, change: Callable[[dict[str, Any]], object] = lambda _raw: None) -> Path:
    raw = copy.deepcopy(FILE)
    change(raw)
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


@pytest.fixture(name="calibration", scope="module")
def _calibration(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    return load_calibration(_written(tmp_path_factory.mktemp("calibration")), embedder=MODEL)


@pytest.mark.parametrize(
    ("similarity", "key"),
    [
        (1.0, "same"),
        (0.5, "same"),
        (0.4999, "fair"),
        (0.3, "fair"),
        (0.2999, "faint"),
        (-1.0, "faint"),
        (-1.1, "faint"),
    ],
)
def test_a_band_begins_at_its_floor(calibration: Calibration, similarity: float, key: str) -> None:
    assert calibration.gallery.band(similarity).key == key


@pytest.mark.parametrize(
    ("similarity", "share"),
    [(0.2, 0.1), (0.3, 0.01), (0.4, 0.001), (0.25, 10**-1.5), (0.35, 10**-2.5)],
    ids=["first", "second", "last", "between on a log scale", "between the next two"],
)
def test_the_share_of_strangers_runs_through_the_measured_points(
    calibration: Calibration, similarity: float, share: float
) -> None:
    assert calibration.pair.stranger_share(similarity) == pytest.approx(share)


def test_nothing_is_claimed_beyond_what_was_measured(calibration: Calibration) -> None:
    """Under the first point the first share, over the last the last: never one in a billion."""
    assert calibration.pair.stranger_share(-1.0) == 0.1
    assert calibration.pair.stranger_share(1.0) == 0.001


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_the_more_alike_the_fewer_strangers(calibration: Calibration, a: float, b: float) -> None:
    low, high = sorted((a, b))
    # exp(log(share)) may differ from the share in the last bit where a measured point is met.
    assert calibration.pair.stranger_share(low) >= calibration.pair.stranger_share(high) * (1 - 1e-12)
    floors = [band.floor for band in calibration.pair.bands]
    assert floors.index(calibration.pair.band(low).floor) >= floors.index(calibration.pair.band(high).floor)


def test_the_file_carries_what_was_measured(calibration: Calibration) -> None:
    assert (calibration.embedder, calibration.gallery_people, calibration.crowding) == (MODEL, 9324, 0.865)
    assert [one.people for one in calibration.galleries] == [856]
    table = calibration.pair
    assert (table.people, table.pictures, table.pairs, table.same_low) == (907, 3703, 2906967, 0.31)


def test_a_calibration_of_another_embedder_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"was measured with embedder aaaaaaaaaaaa.*lookalike evaluate"):
        load_calibration(_written(tmp_path), embedder="b" * 64)


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"is missing; run `lookalike evaluate`"):
        load_calibration(tmp_path / "calibration.json", embedder=MODEL)


@pytest.mark.parametrize("contents", [b"\xff\xfe not json", b"[" * 100_000], ids=["no text", "deep"])
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "calibration.json"
    path.write_bytes(contents)
    with pytest.raises(CalibrationError, match="can't be read"):
        load_calibration(path, embedder=MODEL)


def _set_floors(*floors: float) -> Callable[[dict[str, Any]], object]:
    def change(raw: dict[str, Any]) -> None:
        raw["gallery"]["bands"] = [TABLE["bands"][0] | {"floor": floor} for floor in floors]

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda raw: raw.update(schema=1), "has schema 1, want 2; run `lookalike evaluate`"),
        (lambda raw: raw.pop("gallery"), "gallery is missing"),
        (lambda raw: raw["pair"].pop("people"), "pair.people is missing"),
        (lambda raw: raw["pair"].update(rates=[]), "rates must"),
        (lambda raw: raw["pair"]["rates"].reverse(), "rates must"),
        (lambda raw: raw["pair"]["rates"][2].update(share=0.0), "rates must"),
        (
            lambda raw: raw["pair"]["rates"][0].update(similarity="0.2"),
            "pair.rates.0.similarity should be a valid number",
        ),
        (lambda raw: raw["pair"]["bands"][0].update(floor=None), "pair.bands.0.floor should be a valid number"),
        (lambda raw: raw["pair"]["bands"][0].update(floor=True), "pair.bands.0.floor should be a valid number"),
        (lambda raw: raw.update(pair=[]), "pair should be a dictionary"),
        (lambda raw: raw.update(crowding=0.0), "crowding should be greater than 0"),
        (lambda raw: raw["galleries"]["us-congress"].update(rates=[]), "us-congress.rates must"),
        (_set_floors(), "one to five"),
        (_set_floors(0.6, 0.5, 0.4, 0.3, 0.2, -1.0), "one to five"),
        (_set_floors(0.3, 0.5, -1.0), "floors falling"),
        (_set_floors(0.3, 0.3, -1.0), "floors falling"),
    ],
    ids=[
        "another schema",
        "no table",
        "no count",
        "no rates",
        "rates falling",
        "a share of zero",
        "text for a number",
        "null for a number",
        "true for a number",
        "a list for a table",
        "an exponent of zero",
        "another gallery without rates",
        "no band",
        "six bands",
        "floors rising",
        "floors equal",
    ],
)
def test_a_damaged_file_is_refused_and_says_what_is_wrong(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], says: str
) -> None:
    with pytest.raises(CalibrationError, match=says):
        load_calibration(_written(tmp_path, change), embedder=MODEL)
