"""`lookalike index`: a gallery of one's own people, made with the shipped networks, looked at, named, damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from index.files import ALL_FILES, FACES, PEOPLE
from lookalike.cli.gallery import app
from lookalike.paths import ROOT
from pipeline.errors import ManifestError

pytestmark = pytest.mark.weights

SAMPLES = ROOT / "lookalike" / "sample"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env of the developer's is read; the gallery is `gallery` here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GALLERY", "gallery")
    monkeypatch.setenv("ENGINE_THREADS", "1")


def people_in(folder: Path) -> Path:
    """Two people, one picture each, and a file that is none."""
    for name, file in (("Grace_Hopper", "grace_hopper.jpg"), ("Eileen_Collins", "astronaut.jpg")):
        (folder / name).mkdir(parents=True)
        shutil.copy(SAMPLES / file, folder / name / "picture.jpg")
    (folder / "Grace_Hopper" / "notes.jpg").write_text("not a picture at all")
    return folder


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return people_in(tmp_path / "people")


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A gallery of the two, with their faces kept, and what building it printed."""
    folder = tmp_path_factory.mktemp("built")
    result = run("build", people_in(folder / "people"), "--out", folder / "gallery", "--keep-faces")
    return folder / "gallery", result


@pytest.fixture
def gallery(built_once: tuple[Path, Result], tmp_path: Path) -> Path:
    """A copy of it, in the place where the setting says."""
    return Path(shutil.copytree(built_once[0], tmp_path / "gallery"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def document(result: Result) -> dict[str, Any]:
    """The one JSON document on stdout; fails when there is anything else."""
    parsed = json.loads(result.stdout)
    assert isinstance(parsed, dict)
    return parsed


def test_a_folder_a_person_becomes_a_gallery(built_once: tuple[Path, Result], gallery: Path) -> None:
    folder, result = built_once
    assert result.exit_code == 0, result.output
    assert f"{folder}: 2 people from 2 pictures" in result.stdout
    assert f"To use it: GALLERY={folder}" in result.stdout
    assert "skipped Grace_Hopper/notes.jpg: " in result.stderr
    assert "embedding" in result.stderr
    assert {item.name for item in gallery.iterdir()} <= ALL_FILES
    faces = (gallery / FACES).read_text().splitlines()
    assert len(faces) == 3
    assert faces[1].startswith("Eileen_Collins/picture.jpg,Eileen_Collins,")


def test_verify_and_info_tell_of_it(gallery: Path) -> None:
    assert run("verify").stdout == "gallery is whole: 2 people, 2 pictures\n"
    info = run("info").stdout
    assert "2 told, 0 guessed" in info
    assert "the one in use" in info
    shown = document(run("info", "--gallery", gallery, "--json"))
    assert (shown["fits"], shown["named"], shown["dimension"], shown["vector_kind"]) == (True, 2, 512, "mean")


def test_a_gallery_finds_its_own_people(gallery: Path) -> None:
    from index.gallery import Gallery
    from pipeline.face_pipeline import load_pipeline

    pipeline = load_pipeline(ROOT / "weights")
    opened = Gallery.open(gallery, embedder=pipeline.embedder_id)
    face = pipeline.read((SAMPLES / "grace_hopper.jpg").read_bytes()).usable[0]
    assert face.embedding is not None
    matches = opened.search(face.embedding.vector, model=face.embedding.model)
    assert [match.person.name for match in matches] == ["Grace Hopper", "Eileen Collins"]
    assert matches[0].similarity > 0.99


def test_points_that_are_given_take_the_place_of_the_search() -> None:
    """CelebA's layout: the same vector, nearly, as from the points that the pipeline finds itself."""
    from index.gallery import Gallery
    from pipeline.face_pipeline import load_pipeline

    pipeline = load_pipeline(ROOT / "weights")
    photo = pipeline.read((SAMPLES / "grace_hopper.jpg").read_bytes())
    points = " ".join(f"{value:.1f}" for value in photo.points_as_sent(photo.usable[0].points).ravel())
    folder = Path("celeba")
    folder.mkdir()
    shutil.copy(SAMPLES / "grace_hopper.jpg", folder / "000001.jpg")
    shutil.copy(SAMPLES / "grace_hopper.jpg", folder / "000002.jpg")
    (folder / "identity_CelebA.txt").write_text("000001.jpg 5\n000002.jpg 6\n")
    (folder / "list_landmarks_align_celeba.txt").write_text(f"1\nlefteye_x\n000001.jpg {points}\n")
    built = document(run("build", folder, "--json"))
    assert (built["people"], built["pictures"], built["skipped"], built["reused"]) == (2, 2, [], 0)
    given, found = Gallery.open(Path("gallery"), embedder=None).vectors()
    assert given @ found > 0.99


def test_names_come_without_a_rebuild(gallery: Path) -> None:
    Path("names.csv").write_text("person,name\nGrace_Hopper,Rear Admiral Hopper\nNobody,Who\n")
    result = run("name", "names.csv")
    assert result.exit_code == 0, result.output
    assert "1 of 2 people named by names.csv, 1 anew" in result.stdout
    assert "Rear Admiral Hopper" in (gallery / PEOPLE).read_text()
    assert document(run("name", "names.csv", "--json"))["changed"] == 0


def test_a_damaged_gallery_is_reported_with_what_mends_it(gallery: Path, people: Path) -> None:
    (gallery / PEOPLE).write_text("{}")
    result = run("verify", "--json")
    assert result.exit_code == 3
    told = document(result)
    assert (told["ok"], told["error"]["code"]) == (False, "gallery_damaged")
    assert "lookalike index build DIR" in told["error"]["message"]
    assert run("build", people).exit_code == 0
    assert run("verify").exit_code == 0


def test_no_gallery_is_a_broken_set_up() -> None:
    result = run("verify", "--json")
    assert (result.exit_code, document(result)["error"]["code"]) == (3, "gallery_missing")


def test_no_weights_is_a_broken_set_up(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error passes to `lookalike.cli.main.main`, which prints one line and exits with 3."""
    monkeypatch.setenv("WEIGHTS_DIR", "nowhere")
    assert isinstance(run("build", people).exception, ManifestError)
    assert not Path("gallery").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("build", "nowhere"), 1, "nowhere is not a folder"),
        (("build", "empty"), 1, "put the pictures into one folder a person"),
        (("build", "people", "--out", "people"), 2, "people holds other things"),
        (("build", "people", "--vector", "median"), 2, "median"),
        (("build",), 2, "DIR"),
    ],
)
def test_mistakes_are_one_line_and_an_exit_code(
    people: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    Path("empty").mkdir()
    result = run(*arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_the_shipped_gallery_is_whole_and_fits_the_shipped_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GALLERY")
    told = document(run("verify", "--json"))
    assert (told["ok"], told["people"], told["pictures"]) == (True, 9324, 29033), told["error"]
    shown = document(run("info", "--json"))
    assert shown["fits"] is True
    assert shown["attributes"]["Male"]["yes"] + shown["attributes"]["Male"]["no"] > 5000
    assert all(item.stat().st_size < 20_000_000 for item in (ROOT / "weights" / "gallery").iterdir())
