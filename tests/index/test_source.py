"""One folder a person, and the order in which people come."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import BadSource
from index.layouts import read_source
from index.source import person_order
from tests.index.arithmetic_embed import people_folder


def test_a_folder_is_a_person_with_a_name(tmp_path: Path) -> None:
    (tmp_path / "Grace_Hopper" / "1980s").mkdir(parents=True)
    (tmp_path / "Grace_Hopper" / "1980s" / "a.JPG").write_bytes(b"x")
    (tmp_path / "Grace_Hopper" / "notes.txt").write_bytes(b"x")
    (tmp_path / ".thumbnails").mkdir()
    (tmp_path / ".thumbnails" / "b.jpg").write_bytes(b"x")
    source = read_source(tmp_path)
    assert [(picture.person, picture.file) for picture in source.pictures] == [
        ("Grace_Hopper", "Grace_Hopper/1980s/a.JPG")
    ]
    assert source.known["Grace_Hopper"].name == "Grace Hopper"


def test_pictures_come_in_the_same_order_every_time(tmp_path: Path) -> None:
    files = [picture.file for picture in read_source(people_folder(tmp_path, people=12)).pictures]
    assert len(files) == 36
    assert files == sorted(files)


def test_numbers_come_by_value_and_before_names() -> None:
    assert sorted(["Ann", "10", "9", "Bob", "2"], key=person_order) == ["2", "9", "10", "Ann", "Bob"]


def test_a_folder_in_no_known_layout_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(BadSource, match=r"1 picture lies loose in it.*one folder a person"):
        read_source(tmp_path)
    with pytest.raises(BadSource, match="is not a folder"):
        read_source(tmp_path / "nowhere")
