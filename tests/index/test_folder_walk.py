"""Folders as people, cameras, network drives and synchronising programs leave them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from index.folder_walk import LINK_NOWHERE, LINK_OUT, walk_pictures
from index.picture_kinds import picture_kind

JPEG = b"\xff\xd8\xff\xe0" + bytes(20)


def _put(folder: Path, *files: str, data: bytes = JPEG) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)


@pytest.mark.parametrize(
    "service",
    [
        *("@eaDir", "#recycle", "$RECYCLE.BIN", "$Recycle.Bin", "lost+found", "__MACOSX", ".Trash-1000", ".Trashes"),
        *("Thumbs", ".thumbnails", "System Volume Information", ".@__thumb", "@__thumb", "FOUND.000", ".git"),
    ],
)
def test_folders_of_thumbnails_and_deleted_files_are_nobodys(tmp_path: Path, service: str) -> None:
    """Beside the people, inside of a person's folder, and deeper."""
    _put(tmp_path, "Grace/1.jpg", f"{service}/a.jpg", f"Grace/{service}/1.jpg/THUMB_M.jpg", f"Grace/x/{service}/2.jpg")
    walk = walk_pictures(tmp_path)
    assert walk.pictures == ("Grace/1.jpg",)
    assert walk.folders == ("Grace",)
    assert walk.left_out == ()
    if not service.startswith("."):
        assert walk.passed_over == tuple(sorted(f"{place}{service}/" for place in ("", "Grace/", "Grace/x/")))


def test_people_whose_names_look_like_a_systems_stay(tmp_path: Path) -> None:
    names = ["@annie", "#1 Fan", "Thumbelina", "Found. Ann", "Recycla"]
    _put(tmp_path, *(f"{name}/1.jpg" for name in names))
    assert walk_pictures(tmp_path).folders == tuple(sorted(names))


def test_hidden_files_are_passed_over(tmp_path: Path) -> None:
    """MacOS puts ._1.jpg beside 1.jpg on every foreign disk: it holds no picture."""
    _put(tmp_path, "Grace/1.jpg", "Grace/._1.jpg", "Grace/.1.jpg.swp")
    assert walk_pictures(tmp_path).pictures == ("Grace/1.jpg",)


@pytest.mark.parametrize(
    "name", ["1.jpg", "1.JPEG", "1.jpe", "1.jfif", "1.JFIF", "1.png", "1.WebP", "1.gif", "1.heic", "1.HEIF", "1.avif"]
)
def test_a_picture_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    _put(tmp_path, f"Ann/{name}", data=b"")
    assert walk_pictures(tmp_path).pictures == (f"Ann/{name}",)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (JPEG, "JPEG"),
        (b"\x89PNG\r\n\x1a\n....", "PNG"),
        (b"GIF89a....", "GIF"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x18ftypheic....", "HEIC"),
        (b"\0\0\0\x18ftypavif....", "AVIF"),
        (b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0", "BMP"),
        (b"II*\0........", "TIFF"),
        (b"\0\0\0\x18ftypisom....", None),  # a film
        (b"BMW, Munich and so on", None),
        (b"#!/bin/sh\n", None),
        (b"", None),
    ],
)
def test_a_file_without_a_suffix_is_told_by_its_content(tmp_path: Path, data: bytes, kind: str | None) -> None:
    _put(tmp_path, "Ann/1", "Ann/photo 12.5.2019", data=data)
    assert picture_kind(data) == kind
    assert walk_pictures(tmp_path).pictures == (() if kind is None else ("Ann/1", "Ann/photo 12.5.2019"))


def test_what_systems_and_cameras_put_beside_pictures_is_none(tmp_path: Path) -> None:
    _put(tmp_path, "Ann/1.jpg")
    _put(tmp_path, "Ann/Thumbs.db", "Ann/desktop.ini", "Ann/1.xmp", "Ann/MVI_1.THM", "notes.txt", data=JPEG)
    assert walk_pictures(tmp_path).pictures == ("Ann/1.jpg",)


def test_links_are_followed_inside_of_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "people"
    _put(root, ".store/ann/1.jpg", ".store/bob.jpg", "Carl/own.jpg", "Carl/more/2.jpg")
    (root / "Ann").symlink_to(root / ".store" / "ann")
    (root / "Bob").mkdir()
    (root / "Bob" / "portrait.jpg").symlink_to(Path("..") / ".store" / "bob.jpg")
    (root / "Bob" / "with Carl.jpg").symlink_to(root / "Carl" / "own.jpg")
    walk = walk_pictures(root)
    assert walk.pictures == ("Ann/1.jpg", "Bob/portrait.jpg", "Bob/with Carl.jpg", "Carl/more/2.jpg", "Carl/own.jpg")
    assert walk.left_out == ()


def test_a_folder_that_is_a_link_itself_is_read(tmp_path: Path) -> None:
    _put(tmp_path / "there", "Ann/1.jpg")
    (tmp_path / "here").symlink_to(tmp_path / "there")
    assert walk_pictures(tmp_path / "here").pictures == ("Ann/1.jpg",)


def test_a_picture_counts_once_for_a_person(tmp_path: Path) -> None:
    """A second link to it would give it a double weight in the person's vector."""
    _put(tmp_path, "Ann/2.jpg", "Ann/old/3.jpg")
    (tmp_path / "Ann" / "1 best.jpg").symlink_to("2.jpg")
    (tmp_path / "Ann" / "again").symlink_to("old")
    assert walk_pictures(tmp_path).pictures == ("Ann/2.jpg", "Ann/old/3.jpg")


def test_links_that_lead_out_nowhere_or_round_are_left_out_with_the_reason(tmp_path: Path) -> None:
    root = tmp_path / "people"
    _put(root, "Ann/1.jpg")
    _put(tmp_path / "elsewhere", "2.jpg")
    (root / "Ann" / "loop").symlink_to(root / "Ann")
    (root / "Ann" / "up").symlink_to(root)
    (root / "Ann" / "self.jpg").symlink_to("self.jpg")
    (root / "Ann" / "gone.jpg").symlink_to("gone.png")
    (root / "Ann" / "out.jpg").symlink_to(tmp_path / "elsewhere" / "2.jpg")
    (root / "Bob").symlink_to(tmp_path / "elsewhere")
    walk = walk_pictures(root)
    assert walk.pictures == ("Ann/1.jpg",)
    assert dict(walk.left_out) == {
        "Ann/gone.jpg": LINK_NOWHERE,
        "Ann/loop/": "a link to a folder that it lies in",
        "Ann/out.jpg": LINK_OUT,
        "Ann/self.jpg": LINK_NOWHERE,
        "Ann/up/": "a link to a folder that it lies in",
        "Bob": LINK_OUT,
    }


def test_links_that_multiply_take_no_time(tmp_path: Path) -> None:
    """Thirty folders, each with two links to the next: two to the power of thirty ways to one picture."""
    for level in range(30):
        (tmp_path / "Ann" / f"{level}").mkdir(parents=True)
        for link in "ab":
            (tmp_path / "Ann" / f"{level}" / link).symlink_to(Path("..") / f"{level + 1}")
    _put(tmp_path, "Ann/30/1.jpg")
    assert walk_pictures(tmp_path).pictures == ("Ann/30/1.jpg",)


def test_a_very_deep_folder_is_read_to_its_end(tmp_path: Path) -> None:
    """Deeper than Python's stack, which is why neither makedirs makes nor pytest clears it."""
    depth = 1010
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("a", dir_fd=here)
        above, here = here, os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(above)
    os.close(os.open("1.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    assert walk_pictures(tmp_path).pictures == (f"{'a/' * depth}1.jpg",)
    subprocess.run(["rm", "-r", str(tmp_path / "a")], check=True)


@pytest.mark.parametrize("name", ["pipe.jpg", "pipe"])
def test_a_pipe_is_never_opened(tmp_path: Path, name: str) -> None:
    """Opening it would wait for a writer for ever; one that is named as a picture is told of when it is read."""
    _put(tmp_path, "Ann/1.jpg")
    os.mkfifo(tmp_path / "Ann" / name)
    assert set(walk_pictures(tmp_path).pictures) <= {"Ann/1.jpg", "Ann/pipe.jpg"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_opened_is_left_out(tmp_path: Path) -> None:
    _put(tmp_path, "Ann/1.jpg", "Bob/1.jpg")
    (tmp_path / "Bob").chmod(0)
    try:
        walk = walk_pictures(tmp_path)
    finally:
        (tmp_path / "Bob").chmod(0o700)
    assert walk.left_out == (("Bob/", "can't be opened: Permission denied"),)
