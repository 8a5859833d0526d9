"""What the embedder's int8 file is made from: the float file its record tells of, and nobody who is held out."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from evaluation.metrics.bootstrap import Figure
from training.command_line import Refused
from training.data.people import People, read_held_out
from training.embedder.int8 import crops, depthwise, export_int8, rows_for_ranges, worst_loss
from training.export.int8_file import int8_or_none
from training.export.onnx import ExportFailed


@pytest.fixture
def people() -> People:
    """Ten pictures each of CelebA and `wild`, of held-out people, of others and of val."""
    held = next(iter(sorted(read_held_out().people)))
    names = [held, "celeba/none", "wild/nobody", "wild/val"]
    splits = ["train", "train", "train", "val"]
    sources = ["celeba/aligned", "celeba/small", "wild/pins", "wild/pins"]
    return People(
        crops=np.arange(40, dtype=np.uint8)[:, None, None, None] * np.ones((128, 128, 3), np.uint8),
        points=np.zeros((40, 5, 2), np.float32),
        teacher=np.zeros((40, 256), np.float32),
        person=np.repeat(names, 10),
        split=np.repeat(splits, 10),
        source=np.repeat(sources, 10),
        data_id="drawn",
    )


def test_ranges_come_from_both_collections_and_from_nobody_held_out(people: People) -> None:
    rows = rows_for_ranges(people, 9)
    assert sorted(people.person[rows].tolist()) == ["celeba/none"] * 5 + ["wild/nobody"] * 4
    assert np.array_equal(rows, rows_for_ranges(people, 9))


def test_a_crop_is_the_middle_that_the_pipeline_embeds(people: People) -> None:
    framed = replace(people, crops=people.crops.copy())
    framed.crops[:, 8:-8, 8:-8] = 200
    (crop,) = crops(framed, np.array([3]))
    assert crop.shape == (112, 112, 3)
    assert (crop == 200).all()


def test_depthwise_convolutions_and_no_others_stay_float() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="/body/body.1/Conv", group=1),
        helper.make_node("Conv", ["a", "v"], ["b"], name="/body/body.2/Conv", group=8),
        helper.make_node("Conv", ["b", "u"], ["c"], name="/body/body.22/Conv"),
    ]
    (pattern,) = depthwise(helper.make_model(helper.make_graph(nodes, "g", [], [])))
    assert [bool(re.match(pattern, node.name)) for node in nodes] == [False, True, False]


def test_the_worse_way_of_comparing_decides() -> None:
    def lost(both: float, against: float) -> dict[str, dict[str, Figure]]:
        return {way: {"0.01": Figure(value, 0, 0)} for way, value in (("both", both), ("against", against))}

    assert worst_loss({"small": lost(0.0, 0.004), "wild": lost(0.001, 0.002)}) == pytest.approx(0.003)


def test_the_int8_file_is_refused_beside_another_embedder_than_its_record_tells_of(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    with pytest.raises(Refused, match=r"no embedder\.onnx with its record"):
        export_int8(tmp_path, data=tmp_path, cache=tmp_path, pictures=2)
    (tmp_path / "embedder.onnx").write_bytes(b"another")
    (tmp_path / "records" / "embedder.json").write_text(json.dumps({"sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(Refused, match=r"tells of another embedder\.onnx"):
        export_int8(tmp_path, data=tmp_path, cache=tmp_path, pictures=2)


@pytest.mark.parametrize("made_from", ["the float file", "another"])
def test_where_int8_does_not_hold_no_file_of_another_network_is_left(tmp_path: Path, made_from: str) -> None:
    (tmp_path / "records").mkdir()
    sha256 = hashlib.sha256(b"float").hexdigest()
    records = {"embedder": {"sha256": sha256}, "embedder_int8": {"made_from": sha256 if made_from != "another" else ""}}
    for name, record in records.items():
        (tmp_path / "records" / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")
    (tmp_path / "embedder.onnx").write_bytes(b"float")
    (tmp_path / "embedder_int8.onnx").write_bytes(b"older")

    def fail() -> Path:
        raise ExportFailed("it loses too much: not kept")

    told = int8_or_none(tmp_path, "embedder", fail)
    assert told == "embedder: no new int8 file: it loses too much: not kept"
    kept = {path.name for path in tmp_path.rglob("*_int8.*")}
    assert kept == (set() if made_from == "another" else {"embedder_int8.onnx", "embedder_int8.json"})
