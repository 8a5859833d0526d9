"""Names reach the people they belong to, in a gallery that is there already."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from index.build import build_gallery
from index.errors import BadSource, GalleryMissing
from index.files import PEOPLE, VECTORS
from index.gallery import Gallery
from index.layouts import read_source
from index.names import name_people, read_any_names
from index.types import Person
from tests.index.arithmetic_embed import ArithmeticEmbed

MODEL = "e" * 64
NAMES = "202599\nimage_id identity_name\n" + "".join(
    f"{number:06d}.jpg   {name}\n"
    for number, name in enumerate(("Heidi_Range", "John_Wayne", "Heidi_Range", "Nobody_Else"), start=1)
)


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    """Three people of CelebA; one has a guessed name. Person 7's shown picture is 000001 or 000003."""
    folder = tmp_path / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    for number in (1, 2, 3, 5):
        (folder / "img_align_celeba" / f"{number:06d}.jpg").write_bytes(str(number).encode())
    (folder / "identity_CelebA.txt").write_text("000001.jpg 7\n000002.jpg 8\n000003.jpg 7\n000005.jpg 9\n")
    (folder / "names_inferred.csv").write_text("person,name,cosine\n8,amber heard,0.7\n9,elon musk,0.7\n")
    build_gallery(read_source(folder), tmp_path / "gallery", ArithmeticEmbed())
    return folder


def _named(gallery: Path) -> dict[str, tuple[str | None, bool]]:
    people = Gallery.open(gallery, embedder=MODEL).people
    return {person.number: (person.name, person.name_inferred) for person in people}


@pytest.mark.parametrize("beside", [True, False], ids=["with the identities beside it", "alone"])
def test_celebas_list_gives_names_and_replaces_guesses(celeba: Path, tmp_path: Path, beside: bool) -> None:
    gallery = tmp_path / "gallery"
    assert _named(gallery) == {"7": (None, False), "8": ("Amber Heard", True), "9": ("Elon Musk", True)}
    vectors = (gallery / VECTORS).read_bytes()
    file = (celeba if beside else tmp_path) / "list_identity_celeba.txt"
    file.write_text(NAMES)
    report = name_people(gallery, file)
    assert _named(gallery) == {"7": ("Heidi Range", False), "8": ("John Wayne", False), "9": ("Elon Musk", True)}
    assert (report.people, report.named, report.changed, report.nameless) == (3, 2, 2, 0)
    assert (gallery / VECTORS).read_bytes() == vectors
    assert list(tmp_path.glob(".*")) == []


def test_a_table_of_ones_own_gives_names(celeba: Path, tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("person,name\n7,Ann\n99,Who\n")
    report = name_people(tmp_path / "gallery", file)
    assert _named(tmp_path / "gallery")["7"] == ("Ann", False)
    assert (report.named, report.not_in_gallery) == (1, 1)


def test_a_guess_never_replaces_a_told_name(celeba: Path, tmp_path: Path) -> None:
    told, guessed = tmp_path / "told.csv", tmp_path / "guessed.csv"
    told.write_text("person,name\n8,Bob\n")
    guessed.write_text("person,name,cosine\n7,ann lee,0.8\n8,carl,0.9\n9,dora,0.9\n")
    name_people(tmp_path / "gallery", told)
    name_people(tmp_path / "gallery", guessed)
    assert _named(tmp_path / "gallery") == {"7": ("Ann Lee", True), "8": ("Bob", False), "9": ("Dora", True)}


def test_naming_twice_changes_nothing_more(celeba: Path, tmp_path: Path) -> None:
    file = tmp_path / "list_identity_celeba.txt"
    file.write_text(NAMES)
    name_people(tmp_path / "gallery", file)
    people = (tmp_path / "gallery" / PEOPLE).read_bytes()
    assert name_people(tmp_path / "gallery", file).changed == 0
    assert (tmp_path / "gallery" / PEOPLE).read_bytes() == people


@pytest.mark.parametrize(
    ("contents", "message"),
    [(b"", "holds no names"), (b"\xff\xd8\xff", "can't be read"), (b"000001.jpg\nb\n", "line 1: want a picture and")],
)
def test_a_file_without_names_changes_nothing(celeba: Path, tmp_path: Path, contents: bytes, message: str) -> None:
    before = (tmp_path / "gallery" / PEOPLE).read_bytes()
    with pytest.raises(BadSource, match=r"nowhere\.txt: there is no such file"):
        name_people(tmp_path / "gallery", tmp_path / "nowhere.txt")
    file = tmp_path / "names.txt"
    file.write_bytes(contents)
    with pytest.raises(BadSource, match=message):
        name_people(tmp_path / "gallery", file)
    assert (tmp_path / "gallery" / PEOPLE).read_bytes() == before
    assert list(tmp_path.glob(".*")) == []


def test_there_must_be_a_gallery(tmp_path: Path) -> None:
    file = tmp_path / "list_identity_celeba.txt"
    file.write_text(NAMES)
    with pytest.raises(GalleryMissing):
        name_people(tmp_path / "gallery", file)
    assert [item.name for item in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_celebas_png_copy_gets_its_names_from_the_list_alone(tmp_path: Path, suffix: str) -> None:
    """Upstream's PNG copy keeps .jpg in its lists."""
    file = tmp_path / "list_identity_celeba.txt"
    file.write_text(NAMES)
    people = (Person(number="7", name=None, image=f"img_align_celeba_png/000001.{suffix}", images=1, attributes={}),)
    assert read_any_names(file, people).names == {"7": "Heidi Range"}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("folder_form", ["NFC", "NFD"])
def test_composed_and_decomposed_names_meet(
    tmp_path: Path, folder_form: Literal["NFC", "NFD"], form: Literal["NFC", "NFD"]
) -> None:
    """MacOS gives folders decomposed names, most keyboards type composed ones."""
    number = unicodedata.normalize(folder_form, "Zoë_Müller")
    (tmp_path / "people" / number).mkdir(parents=True)
    (tmp_path / "people" / number / "1.jpg").write_bytes(b"1")
    build_gallery(read_source(tmp_path / "people"), tmp_path / "gallery", ArithmeticEmbed())
    file = tmp_path / "names.csv"
    file.write_text(unicodedata.normalize(form, "person,name\nZoë_Müller,Zoë M.\n"), encoding="utf-8")
    assert name_people(tmp_path / "gallery", file).named == 1
    assert [name for name, _ in _named(tmp_path / "gallery").values()] == ["Zoë M."]


def test_folders_of_one_name_in_two_forms_are_one_person(tmp_path: Path) -> None:
    for picture, name in enumerate(("Zoë", unicodedata.normalize("NFD", "Zoë"), os.fsdecode(b"Zo\xeb"))):
        (tmp_path / "people" / name).mkdir(parents=True)
        (tmp_path / "people" / name / f"{picture}.jpg").write_bytes(str(picture).encode())
    report = build_gallery(read_source(tmp_path / "people"), tmp_path / "gallery", ArithmeticEmbed())
    assert (report.info.people, report.info.pictures) == (1, 3)
    assert list(_named(tmp_path / "gallery")) == ["Zoë"]
