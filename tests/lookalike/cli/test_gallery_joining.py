"""`lookalike index add | remove | list | push`: people join and leave, and nothing that came along is touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from index.files import PICTURES
from index.gallery import Gallery
from index.previews import Previews
from index.work_folder import locked, work_folder
from lookalike.paths import SAMPLES, WEIGHTS
from tests.index.test_stores import needs_milvus
from tests.lookalike.cli.gallery_runs import document, people_in, quick_embedder, run


@pytest.fixture(autouse=True)
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gallery of two in the folder `mine`, and no networks."""
    embedder = quick_embedder()
    for module in ("gallery", "gallery_joining"):
        monkeypatch.setattr(f"lookalike.cli.{module}.open_picture_embedder", lambda _, **_more: embedder)
    monkeypatch.chdir(tmp_path)
    people_in(tmp_path / "people")
    assert run("build", "people", "--out", "mine", "--with-pictures").exit_code == 0
    shutil.copy(SAMPLES / "astronaut.jpg", "ann.jpg")


def numbers(gallery: str = "mine") -> list[str]:
    return [one["person"] for one in document(run("list", "--gallery", gallery, "--json"))["people"]]


def test_a_person_joins_with_photos_and_a_name_and_leaves_by_it() -> None:
    result = run("add", "ann.jpg", "--name", "Ann_Lee", "--gallery", "mine")
    assert (result.exit_code, result.stdout) == (0, "mine: 1 person added, 3 people now\n")
    assert numbers() == ["Ann_Lee", "Eileen_Collins", "Grace_Hopper"]
    assert run("verify", "--gallery", "mine").exit_code in {0, 3}  # 3: the test's network is not the shipped one
    ann = Gallery.open(Path("mine"), embedder=None).people[0]
    assert (ann.name, ann.image, ann.images, ann.joined) == ("Ann Lee", "Ann_Lee/ann.jpg", 1, True)
    removed = document(run("remove", "Ann Lee", "--gallery", "mine", "--json"))
    assert removed == {"gallery": "mine", "removed": ["Ann_Lee"], "people": 2}
    assert numbers() == ["Eileen_Collins", "Grace_Hopper"]


def test_a_gallery_that_carries_its_pictures_asks_for_no_folder_of_them() -> None:
    assert "GALLERY_IMAGES" in run("build", "people", "--out", "plain").stdout
    assert "GALLERY_IMAGES" not in run("build", "people", "--out", "mine", "--with-pictures").stdout


@pytest.mark.parametrize("kept", [True, False])
def test_who_joins_with_a_large_picture_has_a_small_one_where_the_others_do(*, kept: bool) -> None:
    """Else each card would decode up to eight photos of 24 million pixels."""
    large = Image.open("ann.jpg").resize((1200, 1200))
    large.save("ann.jpg")
    run("build", "people", "--out", "small", *([] if kept else ["--no-previews"]))
    shutil.copy(SAMPLES / "astronaut.jpg", "bob.jpg")
    assert run("add", "ann.jpg", "--name", "Ann", "--gallery", "small").exit_code == 0
    assert run("add", "bob.jpg", "--name", "Bob", "--gallery", "small").exit_code == 0
    assert sorted(Previews.open(Path("small"))) == (["Ann"] if kept else [])
    assert not (Path("small") / PICTURES).exists()


def test_a_folder_of_people_joins_and_a_photo_without_a_face_is_named() -> None:
    shutil.copytree("people/Grace_Hopper", "more/Ada")
    (Path("more") / "Nobody").mkdir()
    (Path("more") / "Nobody" / "x.jpg").write_text("no picture")
    result = run("add", "more", "--gallery", "mine", "--json")
    assert result.exit_code == 1
    said = document(result)
    assert [one["person"] for one in said["added"]] == ["Ada"]
    assert said["people_left_out"] == ["Nobody"]
    assert {one["file"] for one in said["skipped"]} == {"Ada/notes.jpg", "Nobody/x.jpg"}


def test_who_is_there_is_replaced_only_when_told(tmp_path: Path) -> None:
    refused = run("add", "ann.jpg", "--name", "Grace_Hopper", "--gallery", "mine")
    assert (refused.exit_code, "to take these photos instead: --replace" in refused.stderr) == (2, True)
    before = Gallery.open(Path("mine"), embedder=None).vector_of("Grace_Hopper")
    assert run("add", "ann.jpg", "--name", "Grace_Hopper", "--gallery", "mine", "--replace").exit_code == 0
    assert (Gallery.open(Path("mine"), embedder=None).vector_of("Grace_Hopper") != before).any()
    assert len(numbers()) == 2


@pytest.mark.parametrize("written", ["Rene\u0301e", "Ren\udce9e", " Renée "], ids=["decomposed", "latin-1", "spaces"])
def test_a_person_leaves_by_every_spelling_that_joins(written: str) -> None:
    assert run("add", "ann.jpg", "--name", written, "--gallery", "mine").exit_code == 0
    assert numbers() == ["Eileen_Collins", "Grace_Hopper", "Renée"]
    assert run("remove", written, "--gallery", "mine").exit_code == 0
    assert numbers() == ["Eileen_Collins", "Grace_Hopper"]


def test_nobody_is_removed_when_one_of_the_names_is_unknown() -> None:
    result = run("remove", "Grace_Hopper", "Nobody", "--gallery", "mine")
    assert (result.exit_code, "Nobody: is not in the gallery" in result.stderr) == (1, True)
    assert len(numbers()) == 2


def test_a_rebuild_does_not_lose_who_joined() -> None:
    assert run("add", "ann.jpg", "--name", "Ann", "--gallery", "mine").exit_code == 0
    refused = run("build", "people", "--out", "mine")
    assert (refused.exit_code, "1 person came later and would be lost (Ann)" in refused.stderr) == (2, True)
    assert "Ann" in numbers()
    assert run("build", "people", "--out", "mine", "--replace").exit_code == 0
    assert "Ann" not in numbers()


def test_a_gallery_that_is_being_built_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.folder_store.WAIT_S", 0.1)
    with locked(work_folder(Path("mine").resolve())):
        result = run("add", "ann.jpg", "--name", "Ann", "--gallery", "mine")
    assert "another build is at work" in str(result.exception)
    assert len(numbers()) == 2


@pytest.mark.weights
@pytest.mark.parametrize("gallery", [WEIGHTS / "gallery", WEIGHTS / "galleries" / "us-congress"], ids=lambda g: g.name)
def test_the_galleries_that_came_along_stay_as_they_are(gallery: Path) -> None:
    before = (gallery / "manifest.json").read_bytes()
    for command in (("add", "ann.jpg", "--name", "Ann"), ("remove", "1")):
        result = run(*command, "--gallery", gallery)
        assert (result.exit_code, "came with the program, and stays as it is" in result.stderr) == (2, True)
    assert (gallery / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ann.jpg",), "photos need --name NAME"),
        (("nowhere.jpg", "--name", "Ann"), "nowhere.jpg: No such file"),
        (("ann.jpg", "--name", "a/b"), "without a slash"),
        (("people/Grace_Hopper/notes.jpg", "--name", "Ann"), "without a usable picture, and not added: Ann"),
    ],
)
def test_what_can_not_be_added_is_one_sentence(arguments: tuple[str, ...], said: str) -> None:
    result = run("add", *arguments, "--gallery", "mine")
    assert result.exit_code in {1, 2, 3}
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert len(numbers()) == 2


@needs_milvus
def test_a_gallery_is_copied_to_milvus_and_people_join_and_leave_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALLERY_URL", f"milvus://{Path.cwd()}/people.db")
    assert document(run("push", "--gallery", "mine", "--json")) == {"gallery": "mine", "people": 2}
    assert run("push", "--gallery", "mine").exception is not None  # nothing is written over
    assert document(run("add", "ann.jpg", "--name", "Ann", "--json"))["people"] == 3
    everybody = [one["person"] for one in document(run("list", "--json"))["people"]]
    assert everybody == ["Ann", "Eileen_Collins", "Grace_Hopper"]
    assert document(run("remove", "Ann", "--json"))["people"] == 2
