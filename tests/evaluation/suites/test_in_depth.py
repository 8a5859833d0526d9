"""The deep parts on a miniature pack with scripted networks, and the page made of them, as a person types it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from evaluation.datasets import held_out as labelled
from evaluation.datasets.pack import read_celeba
from evaluation.documents.base import as_json
from evaluation.documents.in_depth import Parts, ReportDocument
from evaluation.metrics.detection import ScenePair
from evaluation.report.depth_tables import tables
from evaluation.report.page import page
from evaluation.report.summary import summary
from evaluation.report.table import as_rich
from evaluation.suites import robustness as deep_robustness
from evaluation.suites.detector import Run, small_then_large, taken_faces
from evaluation.suites.in_depth import PARTS, DeepEvaluation
from evaluation.suites.robustness import conditions
from evaluation.suites.shipped import Evaluation
from lookalike.cli.main import app
from pipeline.landmarks import Landmarks
from pipeline.manifest import Manifest
from pipeline.types import Detection, Rgb8
from tests.evaluation.tiny_pack import MODEL, MiddleDetector, ScriptedNetworks, write_pack


@contextmanager
def _no_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    done: list[int] = []
    yield done.append
    assert sum(done) == total, f"{title}: the bar must arrive"


@pytest.fixture(name="pack", scope="module")
def _pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With labels for the train people, who play the held-out ones."""
    pack = write_pack(tmp_path_factory.mktemp("pack"))
    rows = [p for p in read_celeba(pack) if p.split == "train"]
    names = "Male Young Eyeglasses Wearing_Hat No_Beard"
    lines = [
        f"{p.file.name} {1 if int(p.person) % 2 else -1} 1 {1 if k % 4 == 0 else -1} -1 1" for k, p in enumerate(rows)
    ]
    (pack / "celeba" / "list_attr_celeba.txt").write_text("\n".join([str(len(rows)), names, *lines]) + "\n", "utf-8")
    return pack


@pytest.fixture(name="held_out", scope="module", autouse=True)
def _held_out(pack: Path) -> Iterator[None]:
    people = sorted({p.person for p in read_celeba(pack) if p.split == "train"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labelled, "held_out_people", lambda: {"half": frozenset(people)})
        yield


def _deep(pack: Path, cache: Path | None, **options: Any) -> DeepEvaluation:
    networks = ScriptedNetworks()
    return DeepEvaluation(
        run=Evaluation(networks=networks, data=pack, engine="scripted", progress=_no_bar, resamples=10, cache=cache),
        pipeline=networks,
        detectors=lambda: {"small": MiddleDetector(), "shipped": MiddleDetector()},
        shipped="shipped",
        files={"detector": "d", "aligner": "a", "embedder": MODEL},
        bands={
            "pair": {
                "rates": [{"share": 0.1, "similarity": 0.5}, {"share": 0.01, "similarity": 0.9}],
                "bands": [{"key": "alike", "floor": 0.5}],
            }
        },
        cache=cache,
        **options,
    )


@pytest.fixture(name="report", scope="module")
def _report(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> ReportDocument:
    deep = _deep(pack, tmp_path_factory.mktemp("cache"))
    parts = Parts.model_validate({name: deep.part(name) for name in PARTS})
    return ReportDocument(embedder=MODEL, engine="scripted", parts=parts)


@pytest.fixture(name="document", scope="module")
def _document(report: ReportDocument) -> dict[str, Any]:
    """The report as a script reads it."""
    return as_json(report)


def test_every_part_is_measured_and_nothing_is_left_without_figures(document: dict[str, Any]) -> None:
    embedder = document["parts"]["embedder"]
    assert set(embedder["sets"]) == {"celeba aligned", "celeba small", "wild"}
    assert embedder["sets"]["wild"]["nearest"]["picture"]["value"] > 0.9  # a colour a person
    labels = next(one for one in embedder["groups"] if "labelled" in one["set"])
    assert {"women", "men", "glasses in a picture"} <= set(labels["groups"])
    assert (
        labels["groups"]["women"]["pictures"] + labels["groups"]["men"]["pictures"]
        == labels["groups"]["all"]["pictures"]
    )


def test_end_to_end_a_face_that_is_not_found_costs_matches(document: dict[str, Any]) -> None:
    """The scripted product sees nobody on dark pictures; the same picture with given points is matched."""
    for lines in document["parts"]["robustness"]["sets"].values():
        counts = lines["end to end"]["outcomes"]
        given, ends = (lines[key]["points"][0]["tpr"]["value"] for key in ("clean", "end to end"))
        assert counts["answered"] + counts["not found"] + counts["refused"] > 0
        assert (ends < given) == (counts["not found"] > 0)
    assert any(one["end to end"]["outcomes"]["not found"] for one in document["parts"]["robustness"]["sets"].values())


def test_a_condition_that_changes_nothing_gains_nothing_and_a_mask_changes_something(document: dict[str, Any]) -> None:
    """The pictures are flat fields of one colour: at 40 px they are the same, under a cloth they are not."""
    for lines in document["parts"]["robustness"]["sets"].values():
        assert abs(lines["small"]["gain"]["0.01"]["value"]) < 0.05
        small, mask, clean = (lines[key]["points"][0]["threshold"] for key in ("small", "mask", "clean"))
        assert abs(mask - clean) > 2 * abs(small - clean)


def test_a_face_whose_found_points_are_one_is_cut_out_by_its_box(pack: Path) -> None:
    class OnePoint:
        def find(self, image: Rgb8, faces: Sequence[Detection]) -> list[Landmarks]:
            return [Landmarks(points=np.full((5, 2), 50.0, np.float32), error=1.0) for _face in faces]

    condition = conditions(OnePoint(), "its hash")["points"]
    assert condition.straighten(read_celeba(pack)[0]).shape == (112, 112, 3)


def test_crops_by_found_points_are_embedded_anew_for_another_aligner(pack: Path, tmp_path: Path) -> None:
    """Every other condition takes its vectors from the cache."""
    deep = _deep(pack, tmp_path)
    deep.part("robustness")
    kept = set(tmp_path.glob("vectors-*.npy"))
    deep.files = {**deep.files, "aligner": "another"}
    deep.part("robustness")
    assert len(set(tmp_path.glob("vectors-*.npy")) - kept) == len(deep_robustness.SETS)


def test_points_and_boxes_are_counted_by_yaw_and_size(document: dict[str, Any]) -> None:
    aligner, detector = document["parts"]["aligner"], document["parts"]["detector"]
    assert {name: one["all"]["faces"] for name, one in aligner["sets"].items()} == {
        "helen_afw": 3,
        "mtfl": 3,
        "ytf68": 3,
        "celeba": aligner["sets"]["celeba"]["all"]["faces"],
    }
    assert aligner["doubt"]["faces"] == 9  # of human points alone
    low, high = detector["turned"]["upright"]["interval"]
    assert low <= detector["turned"]["upright"]["recall"] <= high
    assert aligner["sets"]["mtfl"]["curve"][-1] == 1.0
    assert sum(one["faces"] for one in aligner["sets"]["mtfl"]["by_yaw"].values()) == 3
    rows = detector["ways"]["shipped"]["by_size"]
    assert [(row["from_px"], row["recall"]) for row in rows] == [(8.0, 0.0), (48.0, 1.0)]
    assert detector["turned"]["upside down"]["recall"] == 0.0  # the scripted reader finds nobody
    assert detector["contact_sheets"] == [1, 1]  # the scripted detector knows one box a picture


class _Balance(HTMLParser):
    """Counts open tags; void ones are none."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in {"meta", "br", "img"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Closed at once."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag


def test_the_page_stands_alone_and_its_links_lead_somewhere(report: ReportDocument) -> None:
    text = page(report)
    parser = _Balance()
    parser.feed(text)
    assert parser.open == []
    assert set(re.findall(r'<a href="#([^"]+)"', text)) <= set(parser.ids)
    assert set(re.findall(r'(?:src|href)="(data:|#|.)', text)) <= {"data:", "#"}, "nothing is fetched"
    assert "<script" not in text
    assert "prefers-color-scheme:dark" in text
    assert "nan" not in re.sub(r"<[^>]+>", " ", text).lower().split()
    for figure in ("ROC", "Accuracy@1", "sunglasses", "upside down", "women"):
        assert figure in text


def test_a_part_that_was_not_measured_is_left_out_of_the_page(report: ReportDocument) -> None:
    text = page(report.model_copy(update={"parts": Parts(aligner=report.parts.aligner)}))
    assert "Face points" in text
    assert "ROC" not in text


def test_the_summary_keeps_every_figure_and_drops_what_only_a_chart_needs(
    report: ReportDocument, document: dict[str, Any]
) -> None:
    written = as_json(summary(report))
    kept, whole = written["parts"], document["parts"]
    assert written["embedder"] == MODEL
    assert kept["embedder"]["sets"]["wild"].keys() == {"verification", "nearest"}
    assert kept["embedder"]["groups"] == whole["embedder"]["groups"]
    assert (
        kept["robustness"]["before_after"]["wild"]["same"]["after"]
        == (whole["robustness"]["before_after"]["wild"]["same"]["after"])
    )
    assert len(json.dumps(kept)) < 0.8 * len(json.dumps(whole))


def test_each_table_has_as_many_cells_as_columns(report: ReportDocument) -> None:
    for part in tables(report.parts).values():
        for table in part:
            assert {len(row) for row in table.rows} <= {len(table.columns)}, table.title
            assert as_rich(table).row_count == len(table.rows)


def test_an_outcome_is_kept_until_a_network_it_needs_changes(pack: Path, tmp_path: Path) -> None:
    first, again, other = (_deep(pack, tmp_path) for _ in range(3))
    made = first.part("aligner")
    assert again.part("aligner") == made
    assert (first.reused, again.reused) == ([], ["aligner"])
    other.files = {**other.files, "embedder": "another"}
    other.part("aligner")
    assert other.reused == ["aligner"]  # boxes and points know nothing of the embedder
    other.files = {**other.files, "detector": "another"}
    other.part("aligner")
    assert other.reused == ["aligner"]
    forced = _deep(pack, tmp_path, again=True)
    forced.part("aligner")
    assert forced.reused == []


def test_small_then_large_looks_twice_only_without_a_large_sure_face() -> None:
    def run(score: float, side: float, ms: float) -> Run:
        boxes = np.array([[0, 0, side, side]], np.float32)
        pair = ScenePair(boxes=boxes, scores=np.array([score], np.float32), faces=boxes)
        return Run(pairs=(pair,), milliseconds=np.array([ms]), shapes=((100, 100),))

    large = run(0.9, 10, 30.0)
    for score, side, stopped in ((0.9, 60.0, 1.0), (0.5, 60.0, 0.0), (0.9, 10.0, 0.0)):
        got, share = small_then_large(run(score, side, 10.0), large, sure=0.6)
        assert share == stopped
        assert got.milliseconds.tolist() == [10.0 if stopped else 40.0]
        assert got.pairs[0].scores[0] == pytest.approx(score if stopped else 0.9)


def test_each_face_is_taken_by_one_box_the_surest_first() -> None:
    faces = np.array([[0, 0, 10, 10], [50, 50, 60, 60]], np.float32)
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]], np.float32)
    one = ScenePair(boxes=boxes, scores=np.array([0.9, 0.8, 0.3], np.float32), faces=faces)
    assert taken_faces(one, threshold=0.35).tolist() == [True, False]
    assert taken_faces(one, threshold=0.1).tolist() == [True, True]


@pytest.fixture(name="weights")
def _weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    class _Facts:
        precision = "f32"
        int8 = None
        sha256 = MODEL

        def __init__(self, role: str) -> None:
            self.role = role

    class _Manifest:
        detector, aligner, embedder = _Facts("detector"), _Facts("aligner"), _Facts("embedder")

    def load(_folder: Path) -> Manifest:
        return _Manifest()  # type: ignore[return-value]  # as far as the command reads it

    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv("WEIGHTS_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lookalike.app.open_pipeline", lambda _settings: ScriptedNetworks())
    monkeypatch.setattr("pipeline.manifest.load_manifest", load)
    return folder


def test_the_report_is_a_page_and_the_json_behind_it(weights: Path, pack: Path, tmp_path: Path) -> None:
    arguments = [
        "evaluate",
        "report",
        "--data",
        str(pack),
        "--out",
        "out/report.html",
        "--cache",
        "kept",
        "--limit",
        "20",
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    written = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert set(written["parts"]) == set(PARTS)
    assert (tmp_path / "out" / "report.html").read_text("utf-8").startswith("<!doctype html>")
    assert list(weights.iterdir()) == []
    again = CliRunner().invoke(app, [*arguments, "--json"])
    assert "from the cache: embedder, robustness, aligner, detector" in again.stderr
    assert json.loads(again.stdout)["parts"] == written["parts"]


def test_without_the_data_pack_a_deep_part_is_a_sentence_too(weights: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", "embedder", "--data", "nowhere"])
    assert result.exit_code == 3
    assert "name that of the data pack (docs/training.md) with --data" in result.stderr


def test_lfw_without_a_list_is_a_sentence(weights: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", "lfw", "--images", str(tmp_path), "--pairs", "pairs.txt"])
    assert result.exit_code == 3
    assert "pairs.txt can't be read" in result.stderr
