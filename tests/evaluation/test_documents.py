"""The committed figures are documents of the types that everything reads, and come out as they went in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.documents.base import Document, as_json, point_at, read
from evaluation.documents.in_depth import DepthDocument
from evaluation.documents.shipped import EvaluationDocument
from lookalike.paths import ROOT

SHIPPED = {"evaluation.json": EvaluationDocument, "depth.json": DepthDocument}


@pytest.mark.parametrize(("name", "kind"), SHIPPED.items(), ids=SHIPPED)
def test_the_committed_figures_are_read_and_written_byte_for_byte(name: str, kind: type[Document]) -> None:
    text = (ROOT / "weights" / name).read_text("utf-8")
    document = read(ROOT / "weights" / name, kind)
    assert document is not None
    assert json.dumps(as_json(document), indent=2, ensure_ascii=False) + "\n" == text


@pytest.mark.parametrize(
    "change",
    [{"schema": 2}, {"embedder": 5}, {"surprise": 1}, {"detection": {"overall": []}}],
    ids=["another schema", "a wrong type", "an unknown field", "a part cut short"],
)
def test_another_file_is_not_taken_for_the_figures(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(json.loads((ROOT / "weights" / "evaluation.json").read_text("utf-8")) | change), "utf-8")
    assert read(path, EvaluationDocument) is None


def test_a_file_that_is_not_there_is_no_document(tmp_path: Path) -> None:
    assert read(tmp_path / "evaluation.json", EvaluationDocument) is None


def test_an_operating_point_is_found_by_its_fpr() -> None:
    document = read(ROOT / "weights" / "evaluation.json", EvaluationDocument)
    assert document is not None
    assert document.verification is not None
    assert point_at(document.verification["wild"].points, 0.01).fpr == 0.01
    with pytest.raises(KeyError):
        point_at(document.verification["wild"].points, 0.03)
