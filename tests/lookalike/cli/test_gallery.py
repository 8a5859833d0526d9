"""`lookalike index`: a gallery of one's own people, made with the shipped networks, looked at, named, damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import Result

from index.build import Progress, build_gallery
from index.files import ALL_FILES, FACES, PEOPLE
from index.gallery import Gallery
from index.layouts import read_source
from lookalike.app import open_pipeline
from lookalike.cli.gallery_pictures import GALLERY_GATES, PictureEmbedder
from lookalike.paths import ROOT
from lookalike.settings import Settings
from pipeline.errors import ManifestError
from pipeline.face_pipeline import PipelineConfig
from tests.lookalike.cli.gallery_runs import document, people_in, quick_embedder, run

pytestmark = pytest.mark.weights

SAMPLES = ROOT / "lookalike" / "sample"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env of the developer's is read; the gallery is `gallery` here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GALLERY", "gallery")
    monkeypatch.setenv("ENGINE_THREADS", "1")


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


@pytest.fixture
def embedder() -> PictureEmbedder:
    return quick_embedder()


@pytest.fixture(autouse=True)
def _no_networks(request: pytest.FixtureRequest, embedder: PictureEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    if "networks" not in request.keywords:
        monkeypatch.setattr("lookalike.cli.gallery.open_picture_embedder", lambda _, **_more: embedder)


def test_a_folder_a_person_becomes_a_gallery(built_once: tuple[Path, Result], gallery: Path) -> None:
    folder, result = built_once
    assert result.exit_code == 0, result.output
    assert f"{folder}: 2 people from 2 pictures" in result.stdout
    assert f"To use it: GALLERY={folder}" in result.stdout
    assert f"GALLERY_IMAGES={folder.parent / 'people'}" in result.stdout
    assert "skipped Grace_Hopper/notes.jpg: " in result.stderr
    assert "embedding" in result.stderr
    assert {item.name for item in gallery.iterdir()} <= ALL_FILES
    faces = (gallery / FACES).read_text().splitlines()
    assert len(faces) == 3
    assert faces[1].startswith("Eileen_Collins/picture.jpg,Eileen_Collins,")


def test_verify_and_info_tell_of_it(gallery: Path) -> None:
    """A gallery of a few people has kilobytes, and nothing is said of attributes that nobody has."""
    assert run("verify").stdout == "gallery is whole: 2 people, 2 pictures\n"
    info = run("info").stdout
    assert "2 told, 0 guessed" in info
    assert " kB)" in info
    assert "attributes" not in info
    assert "the one in use" in info
    shown = document(run("info", "--gallery", gallery, "--json"))
    assert (shown["fits"], shown["named"], shown["dimension"], shown["vector_kind"]) == (True, 2, 512, "mean")


def test_a_gallery_finds_its_own_people(gallery: Path) -> None:
    pipeline = open_pipeline(Settings())
    opened = Gallery.open(gallery, embedder=pipeline.embedder_id)
    face = pipeline.read((SAMPLES / "grace_hopper.jpg").read_bytes()).usable[0]
    assert face.embedding is not None
    matches = opened.search(face.embedding.vector, model=face.embedding.model)
    assert [match.person.name for match in matches] == ["Grace Hopper", "Eileen Collins"]
    assert matches[0].similarity > 0.99


@pytest.mark.networks
def test_points_that_are_given_take_the_place_of_the_search() -> None:
    """CelebA's layout: the same vector, nearly, as from the points that the pipeline finds itself."""
    pipeline = open_pipeline(Settings())
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
    assert "lookalike index build DIR --out gallery" in told["error"]["message"]
    assert run("build", people).exit_code == 0
    assert run("verify").exit_code == 0


def test_no_gallery_is_a_broken_set_up() -> None:
    result = run("verify", "--json")
    assert (result.exit_code, document(result)["error"]["code"]) == (3, "gallery_missing")


@pytest.mark.networks
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
    assert (told["ok"], told["people"], told["pictures"]) == (True, 9304, 29033), told["error"]
    shown = document(run("info", "--json"))
    assert shown["fits"] is True
    assert shown["attributes"]["Male"]["yes"] + shown["attributes"]["Male"]["no"] > 5000
    assert all(item.stat().st_size < 20_000_000 for item in (ROOT / "weights" / "gallery").iterdir())


def test_hints_name_the_gallery_they_speak_of(gallery: Path, tmp_path: Path) -> None:
    """Whoever follows the hint for an own gallery must not lose the one that came with the program."""
    own = tmp_path / "my gallery"
    shutil.copytree(gallery, own)
    (own / PEOPLE).write_text("{}")
    for arguments in (("verify",), ("info",), ("name", "names.csv")):
        Path("names.csv").write_text("person,name\nGrace_Hopper,Ann\n")
        error = run(*arguments, "--gallery", own).exception
        assert f"lookalike index build DIR --out '{own}'" in str(error)
    assert f"--out '{tmp_path / 'no where'}'" in str(run("verify", "--gallery", tmp_path / "no where").exception)


@pytest.fixture
def weights(tmp_path: Path, gallery: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose own gallery, that of the two people, is the one in use."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for item in (ROOT / "weights").iterdir():
        if item.is_file():
            (folder / item.name).symlink_to(item)
    shutil.move(gallery, folder / "gallery")
    monkeypatch.delenv("GALLERY")
    monkeypatch.setenv("WEIGHTS_DIR", str(folder))
    return folder


def test_a_build_that_names_no_place_spares_the_gallery_that_came_with_the_program(
    weights: Path, people: Path, tmp_path: Path
) -> None:
    (people / "Ann").mkdir()
    shutil.copy(SAMPLES / "astronaut.jpg", people / "Ann" / "1.jpg")
    before = (weights / "gallery" / PEOPLE).read_bytes()
    result = run("build", people)
    assert result.exit_code == 2
    assert "put yours somewhere else: --out my-gallery (or take its place: --replace)" in result.stderr
    assert (weights / "gallery" / PEOPLE).read_bytes() == before
    assert run("build", people, "--out", tmp_path / "my-gallery").exit_code == 0
    assert (weights / "gallery" / PEOPLE).read_bytes() == before
    assert run("build", people, "--replace").exit_code == 0
    assert (weights / "gallery" / PEOPLE).read_bytes() != before


def test_a_gallery_of_celeba_is_spared_wherever_it_lies(gallery: Path, people: Path) -> None:
    manifest = gallery / "manifest.json"
    manifest.write_text(manifest.read_text().replace("one folder a person: people", "CelebA: 2 pictures of 2 people"))
    assert run("build", people).exit_code == 2
    assert run("build", people, "--replace").exit_code == 0


@pytest.mark.parametrize("name", ["people.json", "skipped.csv", "manifest.json", "notes.txt"])
def test_a_file_that_no_build_made_is_never_written_over(people: Path, tmp_path: Path, name: str) -> None:
    """Also where it has the name of one of a gallery's files."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text('{"my": "own"}')
    result = run("build", people, "--out", tmp_path / "mine")
    assert result.exit_code == 2
    assert f"mine holds other things ({name}); choose an empty place: --out DIR" in result.stderr
    assert [(item.name, item.read_text()) for item in (tmp_path / "mine").iterdir()] == [(name, '{"my": "own"}')]


def test_a_file_of_ones_own_within_a_gallery_is_not_lost_in_a_rebuild(gallery: Path, people: Path) -> None:
    (gallery / "faces.csv").unlink(missing_ok=True)
    manifest = json.loads((gallery / "manifest.json").read_text())
    del manifest["files"]["faces.csv"]
    (gallery / "manifest.json").write_text(json.dumps(manifest))
    (gallery / "faces.csv").write_text("my own list")
    assert run("build", people).exit_code == 2
    assert (gallery / "faces.csv").read_text() == "my own list"


@pytest.mark.networks
def test_settings_are_heard(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One way to open the networks, for photos and for pictures of a gallery; 0 threads are all cores."""
    seen: dict[str, PipelineConfig] = {}

    def stop(_: Path, config: PipelineConfig, **_cache: object) -> None:
        seen["config"] = config
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.face_pipeline.load_pipeline", stop)
    for name, value in (("MAX_PHOTO_MB", "5"), ("MAX_PHOTO_MPX", "10"), ("ENGINE_THREADS", "0")):
        monkeypatch.setenv(name, value)
    assert run("build", people).exit_code == 130
    config = seen["config"]
    assert (config.threads, config.max_bytes, config.max_pixels) == (0, 5_000_000, 10_000_000)
    assert config.gates == GALLERY_GATES
    assert not config.int8_embedder


def test_a_build_that_goes_on_says_how_much_was_done(people: Path, embedder: PictureEmbedder) -> None:
    """As after a kill: the journal has two of the three pictures."""
    source = read_source(people)

    def stop(progress: Progress) -> None:
        if progress.done == 2:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        build_gallery(source, Path("gallery"), embedder, batch=1, part_pictures=1, progress=stop)
    result = run("build", people)
    assert result.exit_code == 0, result.output
    assert "going on: 2 of 3 were done" in result.stderr
    assert "2 of them from the run before" in result.stdout


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"a,b\n1,2\n", "want a header with the columns person and name, got a,b"),
        (b"person;name\n1;Ann\n", "want a header with the columns person and name, got person;name"),
        (b"person,name\nRen\xe9e,Ren\xe9e\n", "is not UTF-8; save it as CSV UTF-8"),
        (b"", "holds no names"),
        (b"\0\0\0", "line 1: want a picture and a name"),
    ],
    ids=["other columns", "semicolons", "latin-1", "empty", "nothing readable"],
)
def test_a_table_of_names_that_is_none_says_what_is_wanted(gallery: Path, contents: bytes, message: str) -> None:
    Path("names.csv").write_bytes(contents)
    result = run("name", "names.csv")
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Errno" not in result.stderr


def test_a_table_of_names_that_is_not_there_is_one_sentence(gallery: Path) -> None:
    for name, said in (("nope.csv", "nope.csv: there is no such file"), (".", ". can't be read: it is a folder")):
        result = run("name", name)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"lookalike: {said}")
        assert len(result.stderr.splitlines()) == 1
