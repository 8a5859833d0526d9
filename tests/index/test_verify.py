"""What opening leaves out is looked at too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.build import build_gallery
from index.errors import GalleryDamaged
from index.faiss_rows import FaissRows
from index.files import FACES, PEOPLE, VECTORS, read_manifest, write_gallery
from index.layouts import read_source
from index.people_table import decode_people
from index.verify import verify_gallery
from tests.index.arithmetic_embed import ArithmeticEmbed, people_folder

MODEL = "e" * 64


def test_a_whole_gallery_passes(gallery_folder: Path) -> None:
    assert verify_gallery(gallery_folder, embedder=MODEL).info.people == 5


def test_the_table_of_faces_is_checked_too(tmp_path: Path) -> None:
    out = tmp_path / "gallery"
    build_gallery(read_source(people_folder(tmp_path / "pictures")), out, ArithmeticEmbed(), keep_faces=True)
    (out / FACES).write_bytes((out / FACES).read_bytes().replace(b"person", b"nobody"))
    with pytest.raises(GalleryDamaged, match=r"faces\.csv: sha256"):
        verify_gallery(out, embedder=MODEL)


def test_vectors_of_another_length_are_found(gallery_folder: Path) -> None:
    info = read_manifest(gallery_folder).info
    vectors = np.full((5, 16), 0.25, np.float32)
    vectors[3] *= 2
    people = (gallery_folder / PEOPLE).read_bytes()
    write_gallery(gallery_folder, info, {VECTORS: FaissRows.of(vectors).to_bytes(), PEOPLE: people})
    number = decode_people(people)[3].number
    with pytest.raises(GalleryDamaged, match=f"1 vector is not of unit length, the first is person {number}'s"):
        verify_gallery(gallery_folder, embedder=MODEL)


def test_counts_that_do_not_add_up_are_found(gallery_folder: Path) -> None:
    manifest = gallery_folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"pictures": 15', '"pictures": 16'))
    with pytest.raises(GalleryDamaged, match="the people have 15 pictures"):
        verify_gallery(gallery_folder, embedder=MODEL)
