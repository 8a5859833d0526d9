"""A gallery handed over by a stranger, its hashes right: it opens as a gallery, or is refused in one sentence."""

from __future__ import annotations

import json
import os
import random
import struct
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.errors import GalleryDamaged, GalleryError
from index.faiss_rows import FaissRows
from index.files import MANIFEST, PEOPLE, VECTORS, hash_of
from index.gallery import Gallery
from index.types import Vectors
from index.verify import verify_gallery

MODEL = "e" * 64
DIMENSION = 16


def _unit(count: int) -> Vectors:
    raw = np.random.default_rng(count).standard_normal((count, DIMENSION))
    return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


def _written(
    folder: Path,
    *,
    people: list[dict[str, Any]] | None = None,
    table: bytes | None = None,
    vectors: bytes | None = None,
    manifest: dict[str, Any] | None = None,
) -> Path:
    """A gallery whose manifest has the right hashes of whatever files it is made of."""
    folder.mkdir(exist_ok=True)
    whole = [{"number": str(k), "name": None, "image": "", "images": 1} | one for k, one in enumerate(people or [{}])]
    document = {"schema": 1, "attribute_names": ["Male"], "people": whole}
    files = {
        PEOPLE: table if table is not None else json.dumps(document).encode(),
        VECTORS: vectors if vectors is not None else FaissRows.of(_unit(len(whole))).to_bytes(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    info = {
        "schema": 1, "people": len(whole), "pictures": len(whole), "embedder": MODEL, "dimension": DIMENSION,
        "vector_kind": "mean", "source": "a stranger", "created": "now",
        "files": {name: {"sha256": hash_of(data), "size_bytes": len(data)} for name, data in files.items()},
    }  # fmt: skip
    (folder / MANIFEST).write_text(json.dumps(info | (manifest or {})))
    return folder


def _refusal(folder: Path) -> str:
    with pytest.raises(GalleryError) as caught:
        Gallery.open(folder, embedder=MODEL)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 600
    assert message.isprintable()
    return message


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b]0;PWNED\x07\x1b[2J\x1b[31mred", "]0;PWNED [2J [31mred"),
        ("abc\u202egpj.exe\u202c", "abc gpj.exe"),
        ("new\nline\rcr\ttab", "new line cr tab"),
        ("x\x9b31m", "x 31m"),
        ("\x00nul", "nul"),
        ("\u200b\u2060", None),
        ("   ", None),
        ("A" * 5_000, "A" * 120),
        ("[red]markup[/red] [/]", "[red]markup[/red] [/]"),
        ("<b>bold</b> & co", "<b>bold</b> & co"),
        ("\ud800", "?"),
    ],
)
def test_names_steer_no_terminal_and_are_short(tmp_path: Path, name: str, shown: str | None) -> None:
    opened = Gallery.open(_written(tmp_path / "g", people=[{"name": name}]), embedder=MODEL)
    assert opened.people[0].name == shown


def test_numbers_and_what_the_manifest_says_are_text_too(tmp_path: Path) -> None:
    said = {"source": "\x1b[31m\u202ered", "created": "a\nb"}
    folder = _written(tmp_path / "g", people=[{"number": "\x1b[2J1"}], manifest=said)
    opened = Gallery.open(folder, embedder=MODEL)
    told = (opened.people[0].number, opened.info.source, opened.info.created)
    assert told == ("\\x1b[2J1", "\\x1b[31m\\u202ered", "a\\nb")


def test_two_numbers_that_look_alike_stay_two(tmp_path: Path) -> None:
    folder = _written(tmp_path / "g", people=[{"number": "\x1b1"}, {"number": "1"}])
    assert len({person.number for person in Gallery.open(folder, embedder=MODEL).people}) == 2


def test_an_empty_gallery_is_refused(tmp_path: Path) -> None:
    """A search in it would have no first person."""
    empty = FaissRows.of(np.zeros((0, DIMENSION), np.float32)).to_bytes()
    table = b'{"schema": 1, "attribute_names": [], "people": []}'
    folder = _written(tmp_path / "g", table=table, vectors=empty, manifest={"people": 0})
    assert "nobody is in this gallery" in _refusal(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 7e4])
def test_vectors_with_numbers_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    """A search would answer with the last person for all eight. 70,000 is too large for float16."""
    vectors = _unit(3)
    vectors[1, 5] = value
    with np.errstate(over="ignore"):
        folder = _written(tmp_path / "g", people=[{}, {}, {}], vectors=FaissRows.of(vectors).to_bytes())
    assert "1 vector has numbers that are not finite, the first is person 1's" in _refusal(folder)


@pytest.mark.parametrize("value", [0.0, 6e4], ids=["zero", "huge"])
def test_vectors_of_another_length_are_told_by_verify(tmp_path: Path, value: float) -> None:
    vectors = _unit(3)
    vectors[1] = value
    folder = _written(tmp_path / "g", people=[{}, {}, {}], vectors=FaissRows.of(vectors).to_bytes())
    found = Gallery.open(folder, embedder=MODEL).search(_unit(1)[0], model=MODEL)
    assert all(-1.0 <= match.similarity <= 1.0 for match in found)
    with pytest.raises(GalleryDamaged, match="1 vector is not of unit length, the first is person 1's"):
        verify_gallery(folder, embedder=MODEL)


DEEP = b"[" * 200_000 + b"]" * 200_000


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (DEEP, "nested too deeply"),
        (b'{"schema": 1, "attribute_names": [], "people": ' + DEEP + b"}", "nested too deeply"),
        (b"null", "lacks or misspells"),
        (b'{"schema": true, "attribute_names": [], "people": []}', "has schema True"),
        (b'{"schema": 1, "attribute_names": {}, "people": []}', "list"),
        (b'{"schema": 1, "attribute_names": [], "people": [1]}', "0 "),
        (
            b'{"schema": 1, "attribute_names": [], "people": [{"number": "1", "name": null, "image": "", "images": '
            + b"9" * 5000
            + b"}]}",
            "can't be read",
        ),
        (
            b'{"schema": 1, "attribute_names": [], "people": [{"number": "", "name": null, "image": "", "images": 1}]}',
            "number",
        ),
    ],
    ids=["deep", "deep within", "null", "schema true", "names", "a number for a person", "5,000 digits", "no number"],
)
def test_a_table_of_people_that_misleads_is_refused(tmp_path: Path, table: bytes, said: str) -> None:
    assert said in _refusal(_written(tmp_path / "g", table=table))


@pytest.mark.parametrize(
    ("points", "said"),
    [([1.0] * 9, "points"), ([float("nan")] * 10, "points"), ([1e30] * 10, "points"), ("abc", "points")],
)
def test_points_that_are_none_are_refused(tmp_path: Path, points: object, said: str) -> None:
    assert said in _refusal(_written(tmp_path / "g", people=[{"points": points}]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": True}, "has schema True"),
        ({"people": 2 * 10**9}, "MANIFEST"),
        ({"people": -1}, "people should be greater"),
        ({"people": "1"}, "people should be a valid integer"),
        ({"dimension": 8}, "16 numbers"),
        ({"source": "x" * 10_000}, "source"),
        ({"files": {"../../etc/passwd": {"sha256": "0", "size_bytes": 1}}}, "lists ../../etc/passwd"),
        ({"files": {"\x1b[2J": {"sha256": "0", "size_bytes": 1}}}, "lists"),
        ({"files": {"people.json": {"sha256": "0", "size_bytes": -1}}}, "size_bytes should be greater"),
        ({"files": 7}, "files should be"),
    ],
)
def test_a_manifest_that_misleads_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    told = _refusal(_written(tmp_path / "g", manifest=change))
    assert said.replace("MANIFEST", MANIFEST) in told


@pytest.mark.parametrize("contents", [DEEP, b"{" * 10, b"7", b" " * (1 << 21)], ids=["deep", "cut", "number", "large"])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, contents: bytes) -> None:
    folder = _written(tmp_path / "g")
    (folder / MANIFEST).write_bytes(contents)
    assert MANIFEST in _refusal(folder)


@pytest.mark.parametrize("name", [MANIFEST, PEOPLE, VECTORS])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_pipes_and_devices_are_not_opened(tmp_path: Path, name: str, kind: str) -> None:
    """Opening a pipe would wait for ever."""
    folder = _written(tmp_path / "g")
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    elif kind == "device":
        (folder / name).symlink_to("/dev/zero")
    else:
        (folder / name).mkdir()
    assert name in _refusal(folder)


def _mutated(good: bytes, rng: random.Random) -> bytes:
    """As in the wild: a byte, a length, a size or the kind of the index changed, or the file cut."""
    data = bytearray(good)
    way = rng.random()
    if way < 0.35:
        data[rng.randrange(140)] = rng.choice([0, 1, 255, 127, 128, rng.randrange(256)])
    elif way < 0.6:
        at = rng.randrange(130)
        data[at : at + 8] = struct.pack(
            "<q", rng.choice([-1, 0, 1, 2**31, 2**62, 10**6, 20, 21, 19, rng.randrange(2**40)])
        )
    elif way < 0.8:
        at = rng.randrange(136)
        data[at : at + 4] = struct.pack("<i", rng.choice([-1, 0, 1, 2**31 - 1, 1000, 15, 17, rng.randrange(2**20)]))
    elif way < 0.9:
        del data[rng.randrange(len(data)) :]
    else:
        data[:4] = rng.choice(
            [b"IxFI", b"IxF2", b"IHNf", b"IwFl", b"IxPq", b"IxPT", b"IxMp", b"IBxF", b"IxLS", b"null"]
        )
    return bytes(data)


def test_changed_vectors_are_a_gallery_or_one_sentence(tmp_path: Path) -> None:
    """600 changes: an error of FAISS or of memory is told as damage, and whatever opens can be searched."""
    rng = random.Random(1)  # noqa: S311 - no secret
    good, query = FaissRows.of(_unit(20)).to_bytes(), _unit(1)[0]
    opened = 0
    for _ in range(600):
        data = _mutated(good, rng)
        try:
            store = FaissRows.from_bytes(data)
        except GalleryDamaged:
            continue
        if len(store) and store.dimension == DIMENSION and not len(store.rows_not_finite()):
            opened += 1
            scores, rows = store.search(query, count=20)
            assert np.isfinite(scores).all()
            assert ((rows >= 0) & (rows < len(store))).all()
            assert store.vectors().shape == (len(store), DIMENSION)
    assert opened > 20


def test_no_name_makes_a_message_of_two_lines(tmp_path: Path) -> None:
    """The folder's own name stands in every message."""
    folder = tmp_path / "g\x1b[2J\n\u202e"
    folder.mkdir()
    told = _refusal_of_missing(folder)
    assert not any(unicodedata.category(char) in {"Cc", "Cf"} for char in told)


def _refusal_of_missing(folder: Path) -> str:
    with pytest.raises(GalleryError) as caught:
        Gallery.open(folder, embedder=MODEL)
    return str(caught.value)
