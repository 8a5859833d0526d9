"""The parts put together on a miniature pack with scripted networks: what is counted, shared, left out."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from evaluation.datasets.detections import matching_face
from evaluation.datasets.embeddings import embed_pictures
from evaluation.datasets.pack import read_celeba
from evaluation.documents.base import as_json
from evaluation.report.evaluation_tables import tables
from evaluation.report.table import as_rich
from evaluation.suites.shipped import Evaluation, Report
from lookalike.calibration import load_calibration
from pipeline.types import Box, Detection
from tests.evaluation.tiny_pack import MODEL, PEOPLE, ColorEmbedder, ScriptedNetworks, write_pack


@contextmanager
def _no_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    done: list[int] = []
    yield done.append
    assert sum(done) == total, f"{title}: the bar must arrive"


def _evaluation(pack: Path, **options: object) -> Evaluation:
    return Evaluation(
        networks=ScriptedNetworks(),
        data=pack,
        engine="scripted",
        progress=_no_bar,
        resamples=10,
        **options,  # type: ignore[arg-type]  # limit and cache, as each test names them
    )


@pytest.fixture(name="pack", scope="module")
def _pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(name="report", scope="module")
def _report(pack: Path) -> Report:
    run = _evaluation(pack)
    return Report(
        embedder=MODEL,
        files={"embedder": MODEL},
        engine="scripted",
        limit=None,
        verification=run.verification(),
        identification=run.identification(),
        landmarks=run.landmarks(),
        detection=run.detection(),
        calibration=run.calibration(),
    )


def test_all_three_sets_of_held_out_people_are_verified(report: Report) -> None:
    assert report.verification is not None
    assert list(report.verification) == ["celeba aligned", "celeba small", "wild"]
    assert all(one.people == PEOPLE for one in report.verification.values())
    assert all(one.at(0.2).tpr.value > 0.9 for one in report.verification.values())  # colours are easy


def test_probes_meet_the_whole_gallery_and_single_pictures_are_left_out(report: Report) -> None:
    assert report.identification is not None
    for one in report.identification.values():
        assert one.gallery_people == 3 * PEOPLE
        assert one.left_out in (2, 3)  # every fifth person has one picture
        assert one.rank_8.value > 0.9


def test_points_are_measured_from_both_boxes(report: Report) -> None:
    """The scripted aligner is one pixel off, the eyes lie 35.24 px apart."""
    assert report.landmarks is not None
    assert sorted(report.landmarks) == ["helen_afw", "mtfl", "ytf68"]
    for rows in report.landmarks.values():
        assert (rows.detected.faces, rows.detected.missed) == (3, 0)
        assert rows.detected.nme.value == pytest.approx(1 / 35.24, rel=0.01)
        assert rows.given.nme.value == pytest.approx(1 / 35.24, rel=0.01)


def test_scenes_are_counted_by_floor_and_source(report: Report) -> None:
    """One face of 72 px found, one of 12 px missed, the doubtful corner boxes false below the threshold only."""
    assert report.detection is not None
    everything, from_16, _ = report.detection.overall
    assert (everything.faces, everything.recall.value) == (24, 0.5)
    assert (from_16.faces, from_16.recall.value) == (12, 1.0)
    assert everything.false_boxes == 3  # the sure box on each empty picture
    assert report.detection.empty_upright_boxes == 3
    assert report.detection.empty.turned_boxes == 0  # the scripted pipeline finds nothing
    assert set(report.detection.by_source) == {"wider", "celeba", "portrait", "mask"}


def test_the_calibration_is_one_the_product_takes(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(report.calibration), encoding="utf-8")
    read = load_calibration(path, embedder=MODEL)
    assert read.gallery_people == 3 * PEOPLE
    assert read.gallery.people == 3 * PEOPLE  # the three sets' people were asked


def test_strangers_never_meet_themselves(pack: Path) -> None:
    """With the own person left in, a flat colour would find itself at 0.99 and more; without, nobody is that near."""
    run = _evaluation(pack)
    aligned = run.people_sets()["celeba aligned"]
    rows = run.own_rows(aligned)
    assert [run.gallery.labels[next(iter(row))] for row in rows] == list(aligned.people)
    alone = run.nearest(aligned.vectors, rows)[1]
    among = run.nearest(aligned.vectors, [set() for _ in rows])[1]
    assert (among[:, 0] >= alone[:, 0]).all()
    assert among[:, 0].mean() > alone[:, 0].mean()
    assert (np.diff(alone, axis=1) <= 0).all()


def test_a_guessed_name_takes_the_person_out_of_the_gallery(pack: Path) -> None:
    run = _evaluation(pack)
    taken = dict(zip(run.wild_val.people, run.wild_in_gallery(run.wild_val), strict=True))
    assert run.gallery.labels.index("1") in taken["person 0"]


def test_tables_and_json_carry_every_part(report: Report) -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    for table in tables(report.document()):
        console.print(as_rich(table))
    text = console.export_text()
    for words in (
        "celeba aligned",
        "among the eight",
        "helen_afw",
        "wider",
        "with the turned passes",
        "/compare",
        "Cards",
    ):
        assert words in text
    document = as_json(report.document())
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["verification"]["wild"]["points"][0]["fpr"] == 0.2


def test_a_limit_takes_a_few_pictures_of_each_set(pack: Path) -> None:
    run = _evaluation(pack, limit=5)
    assert len(run.celeba_val.pictures) == 10  # five aligned, five small
    assert run.detection().overall[0].pictures == 15


def test_cached_vectors_are_used_again_and_not_for_another_embedder(pack: Path, tmp_path: Path) -> None:
    pictures = read_celeba(pack)[:20]
    first, again, other = ColorEmbedder(), ColorEmbedder(), ColorEmbedder()
    other.model = "d" * 64
    made = embed_pictures(pictures, first, cache=tmp_path)
    read = embed_pictures(pictures, again, cache=tmp_path)
    embed_pictures(pictures, other, cache=tmp_path)
    embed_pictures(pictures, other, cache=tmp_path, engine="bf16")
    assert np.array_equal(made.vectors, read.vectors)
    assert (first.calls, again.calls, other.calls) == (2, 0, 4)


@pytest.mark.parametrize(
    ("boxes", "want"),
    [
        ([], None),
        ([Box(0, 0, 10, 10)], None),
        ([Box(0, 0, 10, 10), Box(52, 48, 148, 152), Box(40, 40, 180, 180)], Box(52, 48, 148, 152)),
    ],
    ids=["nothing found", "elsewhere", "the best of two"],
)
def test_the_found_box_of_a_labelled_face_is_the_one_that_overlaps_it_best(boxes: list[Box], want: Box | None) -> None:
    found = matching_face([Detection(box, 0.9) for box in boxes], Box(50, 50, 150, 150))
    assert (found and found.box) == want
