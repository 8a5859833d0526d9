"""A small gallery, built the real way, for the tests that read one."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.build import build_gallery
from index.layouts import read_source
from tests.index.arithmetic_embed import ArithmeticEmbed, people_folder


@pytest.fixture
def gallery_folder(tmp_path: Path) -> Path:
    """Five people of three pictures each, no attributes, embedder "eee..."."""
    source = read_source(people_folder(tmp_path / "pictures"))
    build_gallery(source, tmp_path / "gallery", ArithmeticEmbed())
    return tmp_path / "gallery"
