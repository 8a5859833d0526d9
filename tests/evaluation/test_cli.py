"""`lookalike evaluate` as a person types it: sentences, exit codes, what is written and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from evaluation.cli import app
from evaluation.cli_depth import PAGE_TITLE, must_be_replaceable, report
from lookalike.paths import ROOT
from pipeline.manifest import Manifest
from tests.evaluation.tiny_pack import MODEL, ScriptedNetworks, write_pack


@pytest.fixture(name="weights")
def _weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder behind scripted networks."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv("WEIGHTS_DIR", str(folder))
    monkeypatch.chdir(tmp_path)

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

    monkeypatch.setattr("lookalike.app.open_pipeline", lambda _settings: ScriptedNetworks())
    monkeypatch.setattr("pipeline.manifest.load_manifest", load)
    return folder


@pytest.fixture(name="pack", scope="module")
def _pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("pack"))


def test_without_the_data_pack_a_sentence_and_exit_code_3(weights: Path) -> None:
    result = CliRunner().invoke(app, ["verification", "--data", "nowhere"])
    assert result.exit_code == 3
    assert result.stderr == (
        "lookalike: there is no folder nowhere; name that of the data pack (docs/training.md) with --data\n"
    )


def test_a_folder_without_the_pack_in_it_is_a_sentence_too(weights: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["detection", "--data", str(tmp_path)])
    assert result.exit_code == 3
    assert "is missing; the evaluation needs the data pack" in result.stderr
    assert result.stdout == ""


def test_json_is_one_document_and_the_files_are_written(weights: Path, pack: Path) -> None:
    """A part alone replaces that part alone; the calibration goes into its own file."""
    first = CliRunner().invoke(app, ["verification", "--data", str(pack), "--json"])
    assert first.exit_code == 0, first.stderr
    assert json.loads(first.stdout)["embedder"] == MODEL
    second = CliRunner().invoke(app, ["calibration", "--data", str(pack), "--json"])
    assert second.exit_code == 0, second.stderr
    kept = json.loads((weights / "evaluation.json").read_text("utf-8"))
    assert {"verification", "seconds"} <= set(kept)
    assert set(kept["seconds"]) == {"verification", "calibration"}
    assert "calibration" not in kept
    assert json.loads((weights / "calibration.json").read_text("utf-8"))["embedder"] == MODEL


def test_figures_of_another_number_format_are_not_told_as_this_one_s(weights: Path, pack: Path) -> None:
    first = CliRunner().invoke(app, ["verification", "--data", str(pack)])
    assert first.exit_code == 0, first.stderr
    file = weights / "evaluation.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | {"engine": "openvino f8"}))
    second = CliRunner().invoke(app, ["landmarks", "--data", str(pack)])
    assert second.exit_code == 0, second.stderr
    kept = json.loads(file.read_text("utf-8"))
    assert "verification" not in kept
    assert "landmarks" in kept
    assert kept["engine"] != "openvino f8"


@pytest.mark.parametrize("option", [["--limit", "20"], ["--no-write"]], ids=["a quick try", "asked not to"])
def test_nothing_is_written_by_a_quick_try_or_when_asked(weights: Path, pack: Path, option: list[str]) -> None:
    result = CliRunner().invoke(app, ["landmarks", "--data", str(pack), *option])
    assert result.exit_code == 0, result.stderr
    assert "helen_afw" in result.stdout
    assert list(weights.iterdir()) == []


def test_options_before_the_part_are_refused_and_not_dropped(weights: Path, pack: Path) -> None:
    result = CliRunner().invoke(app, ["--json", "landmarks", "--data", str(pack)])
    assert result.exit_code == 2
    assert "options stand after the part" in result.stderr


def test_without_a_part_everything_is_measured(weights: Path, pack: Path) -> None:
    result = CliRunner().invoke(app, ["--data", str(pack), "--json"])
    assert result.exit_code == 0, result.stderr
    parts = {"verification", "identification", "landmarks", "detection", "calibration"}
    assert parts <= set(json.loads(result.stdout))


@pytest.mark.parametrize(
    ("taken", "options"),
    [
        ("thesis.html", ["--out", "thesis.html"]),
        ("thesis.json", ["--out", "thesis.html"]),
        ("notes.json", ["--depth", "notes.json"]),
    ],
)
def test_a_report_takes_no_other_files_place(weights: Path, pack: Path, taken: str, options: list[str]) -> None:
    Path(taken).write_text("a year of work", "utf-8")
    command = typer.Typer()
    command.command()(report)
    result = CliRunner().invoke(command, ["--data", str(pack), *options])
    assert result.exit_code == 3
    assert result.stderr == (
        f"lookalike: {taken} is there, and no evaluation wrote it: it is left as it is; name another file\n"
    )
    assert Path(taken).read_text("utf-8") == "a year of work"


def test_a_report_may_take_the_place_of_an_earlier_one() -> None:
    template = ROOT / "evaluation" / "report" / "templates" / "page.html.j2"
    assert PAGE_TITLE in template.read_text("utf-8")
    must_be_replaceable(ROOT / "weights" / "depth.json")
    must_be_replaceable(Path("not there.html"))
    must_be_replaceable(None)
