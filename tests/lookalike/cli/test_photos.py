"""Photos by name or from standard input; whatever else is named gets a sentence."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from lookalike.cli.photos import PhotoProblem, Photos, card_stem
from lookalike.photo_file import read_photo_file


def problem(path: str) -> PhotoProblem:
    with pytest.raises(PhotoProblem) as caught:
        Photos(max_bytes=100).read(path)
    return caught.value


def with_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "/dev/fd/0"])
def test_a_photo_comes_from_standard_input(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_stdin(monkeypatch, b"a photo")
    assert Photos(max_bytes=100).read(name) == b"a photo"
    assert card_stem(name) == "stdin"


def test_standard_input_named_twice_is_the_same_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    with_stdin(monkeypatch, b"a photo")
    photos = Photos(max_bytes=100)
    assert photos.read("-") == photos.read("-") == b"a photo"


def test_standard_input_is_read_no_further_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    with_stdin(monkeypatch, b"x" * 1000)
    assert len(Photos(max_bytes=100).read("-")) == 101


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("", "not_found", "name of this photo is empty"),
        ("nobody.jpg", "not_found", "there is no such file"),
        ("https://example.org/me.jpg", "not_found", "not fetched from the network; save the photo as a file"),
        ("a\0b.jpg", "not_found", "there is no such file"),
        (".", "is_a_folder", "name the photos in it, ./*.jpg say"),
        ("/dev/null", "unreadable", "a pipe or a device, not a file; save the photo as a file, or send it to standard"),
    ],
)
def test_what_is_no_photo_file_is_told_in_one_sentence(path: str, code: str, words: str) -> None:
    told = problem(path)
    assert told.code == code
    assert words in told.message
    assert "\n" not in told.message


def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.jpg")
    assert "a pipe or a device" in problem(str(tmp_path / "p.jpg")).message


def test_a_pipe_that_takes_a_photo_s_place_at_the_last_moment_is_not_waited_for_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe, photo = tmp_path / "p.jpg", tmp_path / "photo.jpg"
    os.mkfifo(pipe)
    photo.write_bytes(b"x")
    was = photo.stat()
    monkeypatch.setattr(Path, "stat", lambda _path, **_options: was)
    with pytest.raises(OSError, match="a pipe or a device"):
        read_photo_file(pipe, max_bytes=10)
