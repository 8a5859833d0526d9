"""Small pictures travel with a gallery, and a file that is damaged or made to mislead gives none."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from index.build import Progress, build_gallery
from index.errors import GalleryDamaged
from index.files import PREVIEWS
from index.layouts import read_source
from index.previews import INDEX, Preview, Previews, encode_previews
from index.types import Person
from index.verify import verify_gallery
from tests.index.arithmetic_embed import ArithmeticEmbed, people_folder

POINTS = tuple(float(k) for k in range(10))
ANN = Preview(jpeg=b"\xff\xd8ann", points=POINTS, source_bytes=7)
BOB = Preview(jpeg=b"\xff\xd8bob", points=POINTS, source_bytes=8)


def test_previews_come_back_by_person(tmp_path: Path) -> None:
    data = encode_previews({"Ann": ANN, "王小明": BOB})
    assert data == encode_previews({"Ann": ANN, "王小明": BOB})
    (tmp_path / PREVIEWS).write_bytes(data)
    previews = Previews.open(tmp_path)
    assert (previews.of("Ann"), previews.of("王小明"), previews.of("Carl"), len(previews)) == (ANN, BOB, None, 2)


def test_a_gallery_without_previews_has_none(tmp_path: Path) -> None:
    assert len(Previews.open(tmp_path)) == 0
    assert Previews.open(tmp_path / "nowhere").of("Ann") is None


def test_who_joins_or_leaves_is_seen_at_the_next_question(tmp_path: Path) -> None:
    """A bot or page that runs keeps no archive of before."""
    place = tmp_path / PREVIEWS
    previews = Previews.open(tmp_path)
    assert previews.of("Ann") is None
    for known in ({"Ann": ANN}, {"Ann": ANN, "Bob": BOB}, {"Bob": ANN}):
        later = tmp_path / "later.zip"
        later.write_bytes(encode_previews(known))
        later.replace(place)
        assert {number: previews.of(number) for number in previews} == known
    place.unlink()
    assert (previews.has("Bob"), len(previews), previews.stamp) == (False, 0, None)


def test_a_build_keeps_the_previews_of_those_who_need_one(tmp_path: Path) -> None:
    """The one who is asked knows the folder and where on which picture the face is."""
    asked: list[Person] = []
    steps: list[Progress] = []

    def preview(folder: Path, person: Person) -> Preview | None:
        assert (folder / person.image).is_file()
        asked.append(person)
        return ANN if person.number == "person 2" else None

    source = read_source(people_folder(tmp_path / "people", people=3))
    out = tmp_path / "gallery"
    build_gallery(source, out, ArithmeticEmbed(), preview=preview, progress=steps.append)
    assert [person.points for person in asked] == [POINTS] * 3
    assert [(step.done, step.total) for step in steps if step.previews] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    previews = Previews.open(out)
    assert (previews.of("person 2"), previews.of("person 1")) == (ANN, None)
    assert verify_gallery(out, embedder="e" * 64).info.people == 3
    (out / PREVIEWS).write_bytes((out / PREVIEWS).read_bytes().replace(b"ann", b"eve"))
    with pytest.raises(GalleryDamaged, match=r"previews\.zip: sha256"):
        verify_gallery(out, embedder="e" * 64)


def _archive(files: dict[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _index(**changes: object) -> bytes:
    entry = {"file": "0.jpg", "points": POINTS, "source_bytes": 7} | changes
    return json.dumps({"schema": 1, "previews": {"Ann": entry}}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x05\x06" + bytes(18),
        encode_previews({"Ann": ANN})[:-10],
        _archive({"0.jpg": b"x"}),
        _archive({INDEX: b"[" * 100_000}),
        _archive({INDEX: b'{"schema": 2, "previews": {}}'}),
        _archive({INDEX: _index(points=[1, 2])}),
        _archive({INDEX: _index(points=[float("nan")] * 10)}),
        _archive({INDEX: _index(), "0.jpg": bytes(100_000)}, method=zipfile.ZIP_DEFLATED),
        _archive({INDEX: _index(), "0.jpg": bytes((1 << 20) + 1)}),
        _archive({INDEX: _index(file="../../0.jpg"), "0.jpg": b"x"}),
        _archive({INDEX: _index(), "0.jpg": b"the picture"}).replace(b"the picture", b"the PICTURE"),
    ],
    ids=[
        *("empty", "no entries", "cut off", "no index", "deep index", "another schema", "few points", "nan"),
        *("packed", "too large", "another place", "wrong checksum"),
    ],
)
def test_a_file_that_misleads_gives_no_preview(tmp_path: Path, data: bytes) -> None:
    (tmp_path / PREVIEWS).write_bytes(data)
    assert Previews.open(tmp_path).of("Ann") is None
