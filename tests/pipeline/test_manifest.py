"""manifest: what it says is read exactly, what it says wrongly is refused with the place."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from evaluation.report.model_cards import updated
from pipeline.errors import ManifestError, WeightsMissing, WrongHash
from pipeline.manifest import Manifest, NetworkFacts, load_manifest
from training.export.manifest import updated as updated_manifest

SHIPPED = Path(__file__).resolve().parents[2] / "weights"
TEXT = (SHIPPED / "manifest.toml").read_text(encoding="utf-8")


def networks(manifest: Manifest) -> list[NetworkFacts]:
    """The three entries, each a file of its own as the shipped ones are."""
    entries = (manifest.detector, manifest.aligner, manifest.embedder)
    found = [entry for entry in entries if isinstance(entry, NetworkFacts)]
    assert len(found) == 3
    return found


def written(folder: Path, text: str) -> Path:
    (folder / "manifest.toml").write_text(text, encoding="utf-8")
    return folder


def without_table(text: str, name: str) -> str:
    """The manifest without one of its tables, up to the next."""
    before, found, after = text.partition(f"[{name}]")
    assert found
    return before + after[after.index("\n[") + 1 :]


def test_the_shipped_manifest_is_read() -> None:
    manifest = load_manifest(SHIPPED)
    detector, aligner, embedder = networks(manifest)
    assert embedder.input.side_px == 112
    assert embedder.input.color == "RGB"
    assert aligner.outputs == ("points", "log_error")
    assert detector.input.side_px == 640
    assert 0 < manifest.thresholds.score <= manifest.thresholds.sure < 1
    assert all(entry.licence for entry in (detector, aligner, embedder))
    assert [entry.kind for entry in (detector, aligner, embedder)] == ["yolo_pose", "regression", "arcface"]


@pytest.mark.weights
def test_every_shipped_file_is_the_one_its_manifest_names() -> None:
    for entry in networks(load_manifest(SHIPPED)):
        for file in (entry, entry.int8):
            assert file is None or len(file.read_bytes()) < 20_000_000


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (r"\[aligner\]", "[straightener]", "[aligner]"),
        (r'file = "detector.onnx"', "", "[detector] file"),
        (r'file = "detector.onnx"', 'file = "../detector.onnx"', "[detector] file"),
        (r'sha256 = "\w+"', 'sha256 = "abc"', "[detector] sha256"),
        (r'color = "RGB"', 'color = "rgb"', "[detector] input color"),
        (r"side_px = 640", "", "[detector] input side_px"),
        (r"side_px = 640", "side_px = 0", "[detector] input side_px"),
        (r"step_px = 32", "step_px = 48", "[detector] input: side_px must be a multiple of step_px"),
        (r"std = \[255, 255, 255\]", "std = [255, 0, 255]", "[detector] input std"),
        (r"mean = \[0, 0, 0\]", "mean = 0", "[detector] input mean"),
        (r'outputs = \["output0"\]', "outputs = []", "[detector] outputs"),
        (r'precision = "\w+"', 'precision = "int4"', "[detector] precision"),
        (r"score = [\d.]+", "score = 3.5", "[detector] thresholds score"),
        (r"iou = [\d.]+", 'iou = "half"', "[detector] thresholds iou"),
        (r'licence = ".*"', 'licence = ""', "[detector] licence"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, old: str, new: str, where: str) -> None:
    text, changed = re.subn(old, new, TEXT, count=1)
    assert changed == 1
    with pytest.raises(ManifestError, match=re.escape(where)):
        load_manifest(written(tmp_path, text))


def test_a_missing_manifest_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="restore the weights folder"):
        load_manifest(tmp_path / "nowhere")


def test_toml_that_does_not_parse_is_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.toml"):
        load_manifest(written(tmp_path, "[detector\n"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[project]\nname = "another"\n', r"\[detector\] is missing"),
        ("detector = 3\naligner = 3\nembedder = 3\n", r"\[detector\]: should be"),
        (TEXT + "\n[extra]\n", r"\[extra\]: there is no such key"),
        ("a = " + "[" * 100_000, r"nested too deep"),
        ("a = " + "9" * 10_000, r"Exceeds the limit"),
        (
            TEXT.replace("mean = [0, 0, 0]", "mean = [nan, 0, 0]"),
            "input mean 0: should be a finite number",
        ),
    ],
    ids=["another program's", "no tables", "a table too many", "deep", "a long number", "not a number"],
)
def test_toml_that_is_no_manifest_is_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ManifestError, match=told) as refused:
        load_manifest(written(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_a_wrong_hash_is_refused_with_both(tmp_path: Path) -> None:
    entry = load_manifest(written(tmp_path, TEXT)).embedder
    entry.path.write_bytes(b"another network")
    with pytest.raises(WrongHash) as refused:
        entry.read_bytes()
    assert refused.value.got == hashlib.sha256(b"another network").hexdigest()
    assert refused.value.want == entry.sha256


def with_record(folder: Path, *, sha256: str) -> Path:
    (folder / "records").mkdir()
    (folder / "detector.onnx").write_bytes(b"new detector")
    record = {"file": "detector.onnx", "sha256": sha256, "commit": "abc123", "licence": "CC0-1.0", "size_bytes": 1}
    (folder / "records" / "detector.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def test_make_manifest_rewrites_the_lines_a_record_knows_and_no_other(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(b"new detector").hexdigest()
    text = without_table(TEXT, "detector.int8")
    after = updated_manifest(text, with_record(tmp_path, sha256=sha256))
    changed = [(old, new) for old, new in zip(text.splitlines(), after.splitlines(), strict=True) if old != new]
    keys = {new.split(" ")[0] for _, new in changed}
    assert {"sha256", "size_bytes", "commit", "licence"} >= keys >= {"sha256", "size_bytes", "commit"}
    manifest = load_manifest(written(tmp_path, after))
    assert networks(manifest)[0].read_bytes() == b"new detector"
    assert manifest.detector.facts["size_bytes"] == 12
    assert manifest.embedder.sha256 == load_manifest(SHIPPED).embedder.sha256


def test_make_manifest_leaves_out_an_int8_file_that_the_new_detector_has_not(tmp_path: Path) -> None:
    folder = with_record(tmp_path, sha256=hashlib.sha256(b"new detector").hexdigest())
    assert updated_manifest(TEXT, folder) == updated_manifest(without_table(TEXT, "detector.int8"), folder)
    assert load_manifest(written(folder, updated_manifest(TEXT, folder))).embedder.int8 is not None


def test_make_manifest_names_an_int8_file_that_came_later(tmp_path: Path) -> None:
    whole, steps = (hashlib.sha256(content).hexdigest() for content in (b"new detector", b"steps"))
    folder = with_record(tmp_path, sha256=whole)
    (folder / "detector_int8.onnx").write_bytes(b"steps")
    record = {"file": "detector_int8.onnx", "sha256": steps, "made_from": whole}
    (folder / "records" / "detector_int8.json").write_text(json.dumps(record), encoding="utf-8")
    after = updated_manifest(without_table(TEXT, "detector.int8"), folder)
    detector = networks(load_manifest(written(folder, after)))[0]
    assert detector.int8 is not None
    assert detector.int8.read_bytes() == b"steps"
    assert updated_manifest(after, folder) == after


def test_make_manifest_refuses_a_record_of_another_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="its record says"):
        updated_manifest(TEXT, with_record(tmp_path, sha256="0" * 64))


def test_make_manifest_refuses_an_int8_file_of_another_detector(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    (folder / "records").mkdir(parents=True)
    (folder / "new.onnx").write_bytes(b"whole")
    (folder / "new_int8.onnx").write_bytes(b"steps")
    whole, steps = (hashlib.sha256(content).hexdigest() for content in (b"whole", b"steps"))
    for name, record in (
        ("detector", {"file": "new.onnx", "sha256": whole}),
        ("detector_int8", {"file": "new_int8.onnx", "sha256": steps, "made_from": "0" * 64}),
    ):
        (folder / "records" / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(ValueError, match=r"made from another new\.onnx"):
        updated_manifest('[detector]\n[detector.int8]\nsha256 = ""\n', folder)


def test_the_shipped_manifest_is_up_to_date() -> None:
    assert updated_manifest(TEXT, SHIPPED) == TEXT


@pytest.mark.parametrize("role", ["detector", "aligner", "embedder", "landmarks68"])
def test_the_shipped_cards_are_up_to_date(role: str) -> None:
    card = (SHIPPED / "cards" / f"{role}.md").read_text(encoding="utf-8")
    assert updated(card, role, SHIPPED) == card


def test_figures_of_another_detector_stand_neither_in_cards_nor_in_the_manifest(tmp_path: Path) -> None:
    """Boxes decide what the aligner is asked and what the product answers, so none of the figures are the new one's."""
    folder = tmp_path / "weights"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("gallery"))
    measured = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    measured["files"]["detector"] = "0" * 64
    (folder / "evaluation.json").write_text(json.dumps(measured), encoding="utf-8")
    assert "AP at IoU" not in updated_manifest(TEXT, folder)
    for role in ("detector", "aligner", "embedder"):
        card = (folder / "cards" / f"{role}.md").read_text(encoding="utf-8")
        assert "Not measured yet." in updated(card, role, folder)


def test_the_card_of_many_points_shows_what_its_record_says_and_nothing_of_another_aligner(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("gallery"))
    path = folder / "records" / "landmarks68.json"
    card = (folder / "cards" / "landmarks68.md").read_text(encoding="utf-8")
    record = json.loads(path.read_text(encoding="utf-8"))
    aligner = json.loads((folder / "records" / "aligner.json").read_text(encoding="utf-8"))["sha256"]
    one = {"eyes": [5.74, 5.56, 5.94], "corners": [4.13, 4.0, 4.27]}
    record["scores"]["val"] = {"helen_afw": {"faces": 330, "missed": 0, "chain": one, "given five": one}}
    path.write_text(json.dumps(record | {"measured_with": {"aligner": aligner}}), encoding="utf-8")
    assert "| helen_afw | 330 (0) | given | 5.74 (5.56 to 5.94) |" in updated(card, "landmarks68", folder)
    path.write_text(json.dumps(record | {"measured_with": {"aligner": "0" * 64}}), encoding="utf-8")
    assert "Not measured yet." in updated(card, "landmarks68", folder)
