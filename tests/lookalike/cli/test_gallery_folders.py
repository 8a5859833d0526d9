"""`lookalike index build` on folders as network drives, phones and old archives leave them."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from index.gallery import Gallery
from lookalike.cards import FolderPictures
from lookalike.paths import SAMPLES
from tests.lookalike.cli.gallery_runs import document, people_in, quick_embedder, run

pytestmark = pytest.mark.weights


@pytest.fixture(autouse=True)
def _in_an_empty_folder_without_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = quick_embedder()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GALLERY", "gallery")
    monkeypatch.setattr("lookalike.cli.gallery.open_picture_embedder", lambda _, **_more: embedder)


def real_folder(folder: Path) -> Path:
    """As a NAS, a phone and an old archive leave it: one usable person of two names, and much else."""
    people_in(folder)
    for place in ("@eaDir", "Grace_Hopper/@eaDir/picture.jpg", "#recycle", "$RECYCLE.BIN", "lost+found", "__MACOSX"):
        (folder / place).mkdir(parents=True)
        shutil.copy(SAMPLES / "astronaut.jpg", folder / place / "SYNOPHOTO_THUMB_M.jpg")
    (folder / "Grace_Hopper" / "._picture.jpg").write_bytes(b"\0\5\x16\7")
    for name, file in (("Jfif", "1.jfif"), ("Noext", "1"), ("Upper", "1.JPE")):
        (folder / name).mkdir()
        shutil.copy(SAMPLES / "astronaut.jpg", folder / name / file)
    (folder / "Bitmap").mkdir()
    Image.new("RGB", (200, 200)).save(folder / "Bitmap" / "1.bmp")
    (folder / "Empty").mkdir()
    (folder / "Film").mkdir()
    (folder / "Film" / "1.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    (folder / "Linked").symlink_to("/")
    shutil.copy(SAMPLES / "astronaut.jpg", folder / "loose.jpg")
    return folder


def test_a_real_folder_gives_its_people_and_says_who_is_left_out(tmp_path: Path) -> None:
    folder = real_folder(tmp_path / "real")
    result = run("build", folder, "--json")
    assert result.exit_code == 0, result.output
    built = document(result)
    assert (built["people"], built["pictures"]) == (5, 5)
    assert built["people_left_out"] == ["Bitmap", "Empty", "Film"]
    assert built["passed_over"] == [
        "#recycle/", "$RECYCLE.BIN/", "@eaDir/", "Grace_Hopper/@eaDir/", "__MACOSX/", "lost+found/",
    ]  # fmt: skip
    reasons = {item["file"]: item["reason"] for item in built["skipped"]}
    assert reasons == {
        "Bitmap/1.bmp": "BMP pictures are not read; save it as a JPEG or PNG",
        "Empty/": "no picture is in it",
        "Film/": "no picture is in it",
        "Grace_Hopper/notes.jpg": "it is no picture; save it as a JPEG or PNG",
        "Linked": "a link to a place outside of the folder; put the file itself here",
        "loose.jpg": "lies in no person's folder",
    }
    with Path("gallery/skipped.csv").open(newline="") as file:
        assert {row["file"]: row["reason"] for row in csv.DictReader(file)} == reasons
    told = run("build", folder, "--out", "again")
    for person in ("Bitmap", "Empty", "Film"):
        assert person in told.stderr
    assert "3 people are left out, without a usable picture: Bitmap, Empty, Film" in told.stderr
    assert "passed over 6 folders of thumbnails or deleted files" in told.stderr


def test_names_in_other_encodings_stop_nothing_and_the_pictures_are_found_again(tmp_path: Path) -> None:
    """A folder of an old archive, decomposed names of macOS, brackets, ESC; the JSON and the table can be read."""
    folder = tmp_path / "people"
    odd = {
        b"Ren\xe9e": "Renée",
        "Zoe\u0308".encode(): "Zoë",
        b"me [old]": "me [old]",
        b"a\x1b[2Jb": "a [2Jb",
        "\u0645\u06cc\u200c\u062e".encode(): "\u0645\u06cc\u200c\u062e",
    }
    for name in odd:
        place = folder / os.fsdecode(name)
        place.mkdir(parents=True)
        shutil.copy(SAMPLES / "astronaut.jpg", place / os.fsdecode(b"\xfc [1].jpg"))
        (place / os.fsdecode(b"bad \xff.jpg")).write_text("no picture")
    result = run("build", folder, "--json")
    assert result.exit_code == 0, result.output
    built = document(result)
    assert built["people"] == 5
    assert {"file": "Renée/bad ÿ.jpg", "reason": "it is no picture; save it as a JPEG or PNG"} in built["skipped"]
    assert "\x1b" not in (Path("gallery") / "skipped.csv").read_text(encoding="utf-8")
    opened = Gallery.open(Path("gallery"), embedder=None)
    assert {person.name for person in opened.people} == set(odd.values())
    assert "a\\x1b[2Jb" in {person.number for person in opened.people}
    shown = FolderPictures(folder)
    assert all(shown.picture(person, width=60, height=60) is not None for person in opened.people)
    assert run("verify").exit_code == 0
    assert "\x1b" not in run("build", folder, "--out", "again").output
